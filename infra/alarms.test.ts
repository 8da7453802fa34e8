import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { append, objectStages } from './shape.ts'
import { TestStack } from './stack.fixture.ts'

const stack = new TestStack({ alarmEmail: 'on-call@example.com', database: 'aurora' })
const alarms = Object.entries(stack.all('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => ({
  id: id.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, ''),
  said: String(Properties.AlarmDescription),
  Properties,
}))
const runbook = readFileSync(join(import.meta.dirname, '../docs/operations.md'), 'utf8')

it('there is one for each way in which the pipeline can fail', () => {
  const each = ['DeadLetters', 'Errors', 'Refused', 'Throttles', 'Waiting']
  const expected = [
    ...objectStages.flatMap(({ id }) => each.map((what) => `${id}${what}`)),
    ...['RawIngestionRejectRatio', 'SilverRejectRatio', 'AppendRejectRatio'],
    ...['AppendErrors', 'AppendThrottles', 'IteratorAge', 'StreamUnread', 'FailedBatches'],
    ...['RawIngestionUnsettled', 'DatabaseCapacity', 'Schedules', 'TickStopped'],
  ]
  expect(alarms.map(({ id }) => id).toSorted()).toEqual(expected.toSorted())
})

it('each says what broke, and names a page of the runbook that there is', () => {
  const headings = runbook
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
  for (const { id, said } of alarms) {
    const [, broke, page] = /^(.{20,}\.) Runbook: docs\/operations\.md#([a-z-]+)$/.exec(said) ?? []
    expect(broke, id).toBeDefined()
    expect(headings, id).toContain(page)
  }
})

it('each tells the address when it begins and when it is over; without one, none does', () => {
  stack.has('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.com' })
  for (const { id, Properties } of alarms) {
    expect(Properties.AlarmActions, id).toHaveLength(1)
    expect(Properties.OKActions, id).toHaveLength(1)
  }
  const silent = Object.values(new TestStack().all('AWS::CloudWatch::Alarm'))
  expect(silent.filter(({ Properties }) => Properties.AlarmActions)).toEqual([])
})

it('none rings for the want of data but those that tell of what has stopped', () => {
  const rings = alarms.filter(({ Properties }) => Properties.TreatMissingData !== 'notBreaching')
  expect(rings.map(({ id }) => id).toSorted()).toEqual(['StreamUnread', 'TickStopped'])
  for (const { Properties } of rings) {
    expect(Properties).toMatchObject({
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    })
  }
})

it('alarms may publish to the topic, which takes nothing without TLS', () => {
  const { PolicyDocument } = stack.one('AWS::SNS::TopicPolicy', 'AlarmsTopicPolicy').Properties
  const { Statement } = PolicyDocument as { Statement: object[] }
  expect(Statement).toContainEqual(
    expect.objectContaining({
      Effect: 'Allow',
      Action: 'sns:Publish',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
    }),
  )
  expect(Statement).toContainEqual(expect.objectContaining({ Effect: 'Deny' }))
})

it("watches the functions' own metrics by the names that they are written with", () => {
  const refused = alarms.find(({ id }) => id === 'SilverRefused')!.Properties
  expect(refused).toMatchObject({ Threshold: 0, ComparisonOperator: 'GreaterThanThreshold' })
  const [{ MetricStat }] = refused.Metrics as [{ MetricStat: { Metric: object } }]
  expect(MetricStat.Metric).toEqual({
    Namespace: 'Sluice',
    MetricName: 'ObjectsRefused',
    Dimensions: [
      { Name: 'service', Value: 'silver' },
      { Name: 'stack', Value: 'sluice-test' },
    ],
  })
  const functions = Object.values(stack.all('AWS::Lambda::Function'))
  const services = functions.flatMap(({ Properties }) => {
    const { Variables } = (Properties.Environment ?? {}) as { Variables?: Record<string, string> }
    return Variables?.POWERTOOLS_METRICS_NAMESPACE === 'Sluice' ? [Variables] : []
  })
  expect(services.map(({ SLUICE_STACK }) => SLUICE_STACK)).toEqual(
    services.map(() => 'sluice-test'),
  )
  expect(services.map(({ POWERTOOLS_SERVICE_NAME }) => POWERTOOLS_SERVICE_NAME)).toEqual(
    expect.arrayContaining([append.service, ...objectStages.map(({ service }) => service)]),
  )
})

it('counts rejects as a part of all records, and a few of a few for nothing', () => {
  const { Metrics, Threshold } = alarms.find(({ id }) => id === 'SilverRejectRatio')!.Properties
  const expression = (Metrics as { Expression?: string }[]).find((one) => one.Expression)
  expect(expression?.Expression).toBe(
    'IF(rejected + accepted >= 100, 100 * rejected / (rejected + accepted), 0)',
  )
  expect(Threshold).toBe(5)
})

it('tells of Aurora only where the stack makes it, and only when a load lasts', () => {
  const capacity = alarms.find(({ id }) => id === 'DatabaseCapacity')?.Properties
  expect(capacity).toMatchObject({
    ...{ Namespace: 'AWS/RDS', MetricName: 'ACUUtilization', Statistic: 'Average' },
    Dimensions: [{ Name: 'DBClusterIdentifier', Value: { Ref: expect.stringMatching(/^Aurora/) } }],
    ...{ Threshold: 95, Period: 300, EvaluationPeriods: 12, DatapointsToAlarm: 12 },
    AlarmDescription: expect.stringMatching(/#database-capacity$/),
  })
  const cluster = 'arn:aws:rds:eu-west-1:123456789012:cluster:shop'
  const databaseSecret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf'
  for (const one of [
    new TestStack(),
    new TestStack({ database: 'aurora', cluster, databaseSecret }),
  ]) {
    expect(JSON.stringify(one.template.toJSON())).not.toContain('AWS/RDS')
  }
})

it('one dashboard shows every stage, the stream, the functions and Aurora', () => {
  const dashboards = Object.values(stack.all('AWS::CloudWatch::Dashboard'))
  expect(dashboards).toHaveLength(1)
  const body = JSON.stringify(dashboards[0]?.Properties.DashboardBody)
  for (const { service } of objectStages) expect(body).toContain(`${service}: objects`)
  const others = ['ServerlessDatabaseCapacity', 'ACUUtilization', 'VolumeBytesUsed']
  for (const shown of ['stream: behind', 'functions: errors', 'RecordsPoison', ...others]) {
    expect(body).toContain(shown)
  }
})
