import type { LambdaClient } from '@aws-sdk/client-lambda'
import type { Answer, FunctionFacts, MappingFacts } from './check-function.ts'

type Sdk = typeof import('@aws-sdk/client-lambda')

/** A function's check ends by itself long before; a cold start in a VPC takes seconds. */
const answerMs = 120_000

export async function readFunction(name: string): Promise<FunctionFacts> {
  return withClient(async (sdk, client) => {
    const told = await client.send(new sdk.GetFunctionCommand({ FunctionName: name }))
    const about = told.Configuration ?? {}
    return {
      name,
      arn: about.FunctionArn ?? '',
      state: about.State,
      stateReason: about.StateReason,
      lastUpdate: about.LastUpdateStatus,
      lastUpdateReason: about.LastUpdateStatusReason,
      reserved: told.Concurrency?.ReservedConcurrentExecutions,
      logGroup: about.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    }
  })
}

/** @param source ARN of the queue or stream */
export async function readMapping(name: string, source: string): Promise<MappingFacts | undefined> {
  return withClient(async (sdk, client) => {
    const input = { FunctionName: name, EventSourceArn: source }
    const list = await client.send(new sdk.ListEventSourceMappingsCommand(input))
    const [one] = list.EventSourceMappings ?? []
    return (
      one && {
        uuid: one.UUID ?? '',
        state: one.State,
        reason: one.StateTransitionReason,
        lastResult: one.LastProcessingResult,
        reportsFailures: (one.FunctionResponseTypes ?? []).includes('ReportBatchItemFailures'),
      }
    )
  })
}

/** Asks the function what it sees itself, with `{"check": true}`. */
export async function askFunction(name: string, event: object): Promise<Answer> {
  return withClient(async (sdk, client) => {
    const Payload = Buffer.from(JSON.stringify(event))
    const told = await client.send(new sdk.InvokeCommand({ FunctionName: name, Payload }))
    const text = Buffer.from(told.Payload ?? []).toString()
    const payload: unknown = text === '' ? undefined : JSON.parse(text)
    const { errorMessage } = (payload ?? {}) as { errorMessage?: string }
    const error = told.FunctionError === undefined ? undefined : (errorMessage ?? text)
    return { error, payload }
  })
}

async function withClient<T>(work: (sdk: Sdk, client: LambdaClient) => Promise<T>): Promise<T> {
  const sdk = await import('@aws-sdk/client-lambda')
  const { NodeHttpHandler } = await import('@smithy/node-http-handler')
  const requestHandler = new NodeHttpHandler({
    requestTimeout: answerMs,
    throwOnRequestTimeout: true,
  })
  const client = new sdk.LambdaClient({ requestHandler })
  try {
    return await work(sdk, client)
  } finally {
    client.destroy()
  }
}
