import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { RuleFacts, RuleWanted } from './check-events.ts'
import type { ScheduleFacts } from './check-function.ts'

type Sdk = typeof import('@aws-sdk/client-eventbridge')

/** EventBridge itself is asked what a rule lets through: patterns have more forms than we know. */
export async function readRule(name: string, wanted: RuleWanted): Promise<RuleFacts> {
  return withClient(async (sdk, client) => {
    const rule = await client.send(new sdk.DescribeRuleCommand({ Name: name }))
    const passes = async (bucket: string, key: string) => {
      const EventPattern = rule.EventPattern
      if (!EventPattern) return false
      const Event = JSON.stringify(eventOf(bucket, key, wanted.queueArn))
      const test = new sdk.TestEventPatternCommand({ EventPattern, Event })
      return (await client.send(test)).Result === true
    }
    const passed: string[] = []
    for (const prefix of wanted.prefixes) {
      if (await passes(wanted.bucket, `${prefix}package/file.csv`)) passed.push(prefix)
    }
    const passesMore =
      (await passes(wanted.bucket, 'silver/package/dataset/file.parquet')) ||
      (await passes(`${wanted.bucket}-other`, `${wanted.prefixes[0]}package/file.csv`))
    const targets = (await targetsOf(sdk, client, name)).map(({ Arn }) => Arn ?? '')
    return { name, state: rule.State, passed, passesMore, targets }
  })
}

/** The rules that call a function, whatever their names. */
export async function readSchedules(functionArn: string): Promise<ScheduleFacts[]> {
  return withClient(async (sdk, client) => {
    const list = new sdk.ListRuleNamesByTargetCommand({ TargetArn: functionArn })
    const { RuleNames = [] } = await client.send(list)
    return Promise.all(
      RuleNames.map(async (rule) => {
        const told = await client.send(new sdk.DescribeRuleCommand({ Name: rule }))
        const targets = await targetsOf(sdk, client, rule)
        const inputs = targets.filter(({ Arn }) => Arn === functionArn).map(({ Input }) => Input)
        return {
          rule,
          state: told.State,
          expression: told.ScheduleExpression,
          inputs: inputs.filter((input) => input !== undefined),
        }
      }),
    )
  })
}

/** A rule has five targets at most. */
async function targetsOf(sdk: Sdk, client: EventBridgeClient, rule: string) {
  return (await client.send(new sdk.ListTargetsByRuleCommand({ Rule: rule }))).Targets ?? []
}

function eventOf(bucket: string, key: string, arn: string): object {
  const [, , , region, account] = arn.split(':')
  return {
    id: '7bf73129-1428-4cd3-a780-95db273d1602',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account,
    time: '2026-01-01T00:00:00Z',
    region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: { bucket: { name: bucket }, object: { key } },
  }
}

async function withClient<T>(work: (sdk: Sdk, client: EventBridgeClient) => Promise<T>) {
  const sdk = await import('@aws-sdk/client-eventbridge')
  const client = new sdk.EventBridgeClient()
  try {
    return await work(sdk, client)
  } finally {
    client.destroy()
  }
}
