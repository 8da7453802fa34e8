import { describe, expect, it } from 'vitest'
import { TestStack } from './stack.fixture.ts'

const vpc = {
  id: 'vpc-0a1b2c3d',
  subnets: ['subnet-0a1b2c3d'],
  availabilityZones: ['eu-west-1a'],
  securityGroup: 'sg-0a1b2c3d',
}
const stack = new TestStack()
const aurora = new TestStack({ database: 'aurora' })
const roles = ['RawIngestion', 'Silver', 'Publish', 'StreamAppend', 'Maintenance', 'Setup']

/** What a role may do with objects of the lake: `s3:PutObject silver/*`. */
function allowedOn(bucket: string, role: string, one = stack): string[] {
  return one
    .statements(role)
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ actions, resources }) =>
      actions.flatMap((action) =>
        resources
          .filter((arn) => arn.startsWith(`${bucket}/`))
          .map((arn) => `${action} ${arn.slice(bucket.length + 1)}`),
      ),
    )
    .toSorted()
}

const on = (action: string, keys: string[]) => keys.map((key) => `s3:${action} ${key}`)
const streamed = ['streaming_results/*', 'streaming_checkpoint/*', 'quarantine/*']

describe('a function may do with objects what its stage does, and no more', () => {
  it.each([
    [
      'RawIngestion',
      [
        ...on('GetObject', ['bronze/*']),
        ...on('GetObjectVersion', ['bronze/*']),
        ...on('PutObject', ['bronze/*/datapackage.proposed.yaml']),
      ],
    ],
    [
      'Silver',
      [
        ...on('GetObject', ['bronze/*', 'silver/*', 'quarantine/*']),
        ...on('GetObjectVersion', ['bronze/*', 'silver/*', 'quarantine/*']),
        ...on('PutObject', ['silver/*', 'quarantine/*']),
        ...on('AbortMultipartUpload', ['silver/*', 'quarantine/*']),
      ],
    ],
    [
      'Publish',
      [
        ...on('GetObject', ['bronze/*', 'streaming/*', 'streaming_checkpoint/*']),
        ...on('GetObject', ['streaming_results/*', 'quarantine/*/stream/*']),
        ...on('GetObjectVersion', ['bronze/*', 'streaming/*']),
        ...on('PutObject', ['streaming_checkpoint/*']),
      ],
    ],
    [
      'StreamAppend',
      [
        ...on('GetObject', ['bronze/*', 'streaming/*', ...streamed]),
        ...on('GetObjectVersion', ['streaming_results/*', 'quarantine/*']),
        ...on('PutObject', streamed),
        ...on('AbortMultipartUpload', ['streaming_results/*', 'quarantine/*']),
      ],
    ],
    [
      'Maintenance',
      [
        ...on('GetObject', ['bronze/*', 'streaming/*', 'silver/*', ...streamed]),
        ...on('GetObjectVersion', ['streaming_results/*']),
        ...on('PutObject', streamed),
        ...on('AbortMultipartUpload', ['streaming_results/*']),
        ...on('DeleteObject', [
          ...['silver/*.parquet', 'quarantine/*.parquet', 'streaming_results/*.parquet'],
          'streaming_checkpoint/*/shardId-*.json',
        ]),
      ],
    ],
  ])('%s', (role, expected) => {
    expect(allowedOn('Lake', role)).toEqual(expected.toSorted())
  })

  it('RawIngestion stages rows that a database fetches: it puts and removes', () => {
    const added = allowedOn('Lake', 'RawIngestion', aurora).filter(
      (one) => !allowedOn('Lake', 'RawIngestion').includes(one),
    )
    const actions = ['AbortMultipartUpload', 'DeleteObject', 'PutObject']
    expect(added).toEqual(actions.flatMap((action) => on(action, ['staging/*'])))
    for (const role of roles.filter((one) => one !== 'RawIngestion')) {
      expect(allowedOn('Lake', role, aurora), role).toEqual(allowedOn('Lake', role))
    }
  })

  it('Setup: contracts alone', () => {
    expect(
      allowedOn('Lake', 'Setup').every((one) => /\/datapackage\.(yaml|yml|json)$/.test(one)),
    ).toBe(true)
    expect(allowedOn('Lake', 'Setup')).toHaveLength(12)
  })
})

it.each([['by URL', stack] as const, ['Aurora', aurora] as const])(
  'no function can delete what came in, whatever it is given later: %s',
  (_, one) => {
    for (const role of roles) {
      const statements = one.statements(role)
      const deletes = statements.filter(
        ({ effect, actions }) => effect === 'Allow' && actions.some((one) => /Delete|\*/.test(one)),
      )
      for (const { resources } of deletes) {
        expect(
          resources.filter((arn) => /bronze|streaming\//.test(arn)),
          role,
        ).toEqual([])
      }
      if (role === 'Setup') continue
      expect(statements, role).toContainEqual({
        effect: 'Deny',
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: ['Lake/bronze/*', 'Lake/streaming/*'],
      })
    }
  },
)

it('no action is a wildcard, and no resource is * but where AWS has no other form: a VPC', () => {
  const everything = (one: TestStack) =>
    roles.flatMap((role) =>
      one.statements(role).filter(({ effect, actions, resources }) => {
        return (
          effect === 'Allow' && (resources.includes('*') || actions.some((a) => a.includes('*')))
        )
      }),
    )
  expect(everything(stack)).toEqual([])
  expect(everything(aurora)).toEqual([])
  const inside = everything(new TestStack({ vpc: JSON.stringify(vpc) }))
  expect(inside.flatMap(({ actions }) => actions).filter((one) => !/^ec2:/.test(one))).toEqual([])
  expect(inside).toHaveLength(2)
})

it('each reads its own queue, its own secret, its own stream', () => {
  const others = (role: string, pattern: RegExp) =>
    stack
      .statements(role)
      .flatMap(({ actions, resources }) =>
        actions.some((one) => pattern.test(one)) ? resources : [],
      )
  for (const role of ['RawIngestion', 'Silver', 'Publish']) {
    expect([...new Set(others(role, /^sqs:/))], role).toEqual([`${role}Queue`])
  }
  expect(roles.filter((role) => others(role, /^secretsmanager:/).length > 0)).toEqual([
    'RawIngestion',
    'Setup',
  ])
  expect([...new Set(others('RawIngestion', /^secretsmanager:/))]).toEqual(['DatabaseSecret'])
  expect(roles.filter((role) => others(role, /^kinesis:/).length > 0)).toEqual([
    'Publish',
    'StreamAppend',
  ])
  for (const role of ['Publish', 'StreamAppend']) {
    expect([...new Set(others(role, /^kinesis:/))], role).toEqual(['StreamRecords'])
  }
  expect(others('Publish', /^kinesis:(Get|Subscribe)/)).toEqual([])
  expect(others('StreamAppend', /^kinesis:Put/)).toEqual([])
})

it('Aurora is asked by two functions, with its login and by no other operation than theirs', () => {
  const asks = (role: string) =>
    aurora.statements(role).filter(({ actions }) => /^(rds|secretsmanager)/.test(`${actions}`))
  expect(roles.filter((role) => asks(role).length > 0)).toEqual(['RawIngestion', 'Setup'])
  for (const role of ['RawIngestion', 'Setup']) {
    expect(asks(role), role).toEqual([
      {
        effect: 'Allow',
        actions: ['secretsmanager:GetSecretValue'],
        resources: ['AuroraClusterSecretAttachment'],
      },
      {
        effect: 'Allow',
        actions: [
          'rds-data:ExecuteStatement',
          'rds-data:BeginTransaction',
          'rds-data:CommitTransaction',
          'rds-data:RollbackTransaction',
        ],
        resources: ['AuroraCluster'],
      },
    ])
  }
})

it('failed batches can be written by the append function alone, and read by none', () => {
  const allowed = roles.map((role) => [role, allowedOn('StreamFailedBatches', role)] as const)
  expect(allowed.filter(([, one]) => one.length > 0)).toEqual([
    ['StreamAppend', ['s3:PutObject aws/lambda/*']],
  ])
})

it('each writes its own log', () => {
  for (const role of roles) {
    const logs = stack.statements(role).filter(({ actions }) => actions[0]?.startsWith('logs:'))
    expect(
      logs.flatMap(({ resources }) => resources),
      role,
    ).toEqual([`${role}Log`])
  }
})
