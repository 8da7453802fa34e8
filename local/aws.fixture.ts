import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { EventBridge } from '@aws-sdk/client-eventbridge'
import { Lambda } from '@aws-sdk/client-lambda'
import { S3 } from '@aws-sdk/client-s3'
import { SQS } from '@aws-sdk/client-sqs'
import type { DeployedStage } from '../core/doctor/deployed.ts'
import { eventually } from './deployed.fixture.ts'

/** What an operator does to a deployed stack. */

/** Messages of a queue, those in flight too. */
export async function depth(queue: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
  const { Attributes = {} } = await new SQS({ useQueueUrlAsEndpoint: false }).getQueueAttributes({
    QueueUrl: queue,
    AttributeNames: [...names],
  })
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0)
}

/** After so many receives a message of the stage is a dead letter. */
export async function setReceives(stage: DeployedStage, receives: number): Promise<void> {
  const client = new SQS({ useQueueUrlAsEndpoint: false })
  const name = 'QueueArn'
  const { Attributes = {} } = await client.getQueueAttributes({
    QueueUrl: stage.deadLetters,
    AttributeNames: [name],
  })
  const policy = { deadLetterTargetArn: Attributes[name], maxReceiveCount: receives }
  await client.setQueueAttributes({
    QueueUrl: stage.queue,
    Attributes: { RedrivePolicy: JSON.stringify(policy) },
  })
}

/** Sets a variable of a function, and waits until it runs with it. */
export async function setVariable(name: string, key: string, value: string): Promise<void> {
  const client = new Lambda()
  const { Environment } = await client.getFunctionConfiguration({ FunctionName: name })
  await client.updateFunctionConfiguration({
    FunctionName: name,
    Environment: { Variables: { ...Environment?.Variables, [key]: value } },
  })
  await eventually(async () => {
    const now = await client.getFunctionConfiguration({ FunctionName: name })
    if (now.LastUpdateStatus !== 'Successful') throw new Error(`${name}: ${now.LastUpdateStatus}`)
  })
}

/** Switches the mapping that brings a function its messages, and waits until it is so. */
export async function switchMapping(name: string, isOn: boolean): Promise<void> {
  const client = new Lambda()
  const { EventSourceMappings = [] } = await client.listEventSourceMappings({ FunctionName: name })
  const UUID = EventSourceMappings[0]?.UUID
  await client.updateEventSourceMapping({ UUID, Enabled: isOn })
  await eventually(async () => {
    const { State } = await client.getEventSourceMapping({ UUID })
    if (State !== (isOn ? 'Enabled' : 'Disabled')) throw new Error(`${name}: ${State}`)
  })
}

export async function switchRule(name: string, isOn: boolean): Promise<void> {
  const client = new EventBridge()
  await (isOn ? client.enableRule({ Name: name }) : client.disableRule({ Name: name }))
}

/** As a tool does that sets its own notifications, and forgets those of others. */
export async function setNotifications(lake: string, isOn: boolean): Promise<void> {
  await new S3({ forcePathStyle: true }).putBucketNotificationConfiguration({
    Bucket: lake.slice('s3://'.length),
    NotificationConfiguration: isOn ? { EventBridgeConfiguration: {} } : {},
  })
}

/** The command line, as people use it. */
export async function sluice(...args: string[]): Promise<{ code: number; said: string }> {
  const command = promisify(execFile)(process.execPath, ['cli/sluice.ts', ...args])
  return command
    .then(({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }))
    .catch(({ code, stdout, stderr }) => ({ code, said: `${stdout}${stderr}` }))
}
