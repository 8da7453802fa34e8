import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silver } from './shape.ts'
import { TestStack } from './stack.fixture.ts'

const stack = new TestStack()
const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf'
const cluster = 'arn:aws:rds:eu-west-1:123456789012:cluster:shop'
const existing = { database: 'aurora', cluster, databaseSecret: secret }
const databaseKey = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d'
/** An ARN of so many characters. */
const secretOf = (length: number) =>
  secret.replace('db-', `db${'d'.repeat(length - secret.length)}-`)
const vpc = {
  id: 'vpc-0a1b2c3d',
  subnets: ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'],
  availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  securityGroup: 'sg-0a1b2c3d',
}

describe('settings', () => {
  it('say Aurora by default, which asks for nothing at the deployment', () => {
    const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../cdk.json'), 'utf8'))
    expect(context.database).toBe('aurora')
    const made = new TestStack({ database: context.database })
    expect(made.template.findParameters('Database*')).toEqual({})
    expect(Object.keys(made.all('AWS::RDS::DBCluster'))).toHaveLength(1)
  })

  it('takes the processor for every function of ours', () => {
    for (const [given, expected] of [
      ['arm64', 'arm64'],
      ['x86_64', 'x86_64'],
    ] as const) {
      const made = Object.entries(
        new TestStack({ architecture: given }).all('AWS::Lambda::Function'),
      )
      const ours = made.filter(([id]) => !id.includes('Provider'))
      expect(ours.map(([, { Properties }]) => Properties.Architectures)).toEqual(
        ours.map(() => [expected]),
      )
    }
  })

  it('names the bucket as asked, and the stack by its stage', () => {
    const { BucketName } = new TestStack({ lake: 'my-lake' }).one(
      'AWS::S3::Bucket',
      'Lake',
    ).Properties
    expect(BucketName).toBe('my-lake')
  })

  it('has no raw-ingestion, no secret and no question for one without a database', () => {
    const none = new TestStack({ database: 'none' })
    expect(Object.keys(none.all('AWS::Lambda::Function')).filter((id) => /^Raw/.test(id))).toEqual(
      [],
    )
    expect(none.template.findParameters('DatabaseSecret')).toEqual({})
    expect(JSON.stringify(none.template.toJSON())).not.toContain('secretsmanager')
  })

  it('asks for the secret at the deployment where the context names none', () => {
    expect(Object.keys(stack.template.findParameters('DatabaseSecret'))).toEqual(['DatabaseSecret'])
    const given = new TestStack({ databaseSecret: secret })
    expect(given.template.findParameters('DatabaseSecret')).toEqual({})
    const { Environment } = given.one('AWS::Lambda::Function', 'RawIngestionFunction').Properties
    expect(Environment).toMatchObject({ Variables: { DATABASE_SECRET_ARN: secret } })
  })

  it('puts into a VPC only what the database asks for', () => {
    const functions = new TestStack({ vpc: JSON.stringify(vpc) }).all('AWS::Lambda::Function')
    const inside = Object.entries(functions).filter(([, { Properties }]) => Properties.VpcConfig)
    expect(inside.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).toSorted()).toEqual([
      'RawIngestionFunction',
      'SetupFunction',
    ])
    expect(inside[0]?.[1].Properties.VpcConfig).toEqual({
      SecurityGroupIds: ['sg-0a1b2c3d'],
      SubnetIds: ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'],
    })
  })

  it.each([
    [{ stage: 'Dev' }, /stage/],
    [{ architecture: 'sparc' }, /architecture/],
    [{ database: 'mysql' }, /database/],
    [{ databaseSecret: 'postgres://u:p@h/d' }, /databaseSecret/],
    [{ lake: 'My_Lake' }, /lake/],
    [{ alarmEmail: 'nobody' }, /alarmEmail/],
    [{ vpc: '{"id": "vpc-0a1b2c3d"}' }, /vpc/],
    [{ vpc: '{id' }, /vpc/],
    [{ databaseSecret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db' }, /whole ARN/],
    [{ removal: 'perhaps' }, /removal/],
    [{ database: 'aurora', acus: '0.5' }, /acus/],
    [{ database: 'aurora', acus: '256.5' }, /acus/],
    [{ database: 'aurora', acus: '1.2' }, /acus/],
    [{ database: 'aurora', databaseName: '1st' }, /databaseName/],
    [{ database: 'aurora', cluster: 'shop', databaseSecret: secret }, /cluster: .*whole ARN/],
    [{ database: 'aurora', cluster }, /databaseSecret: set it to the ARN of the secret with/],
    [{ database: 'aurora', dataApiEndpoint: 'localhost:1' }, /dataApiEndpoint/],
    [{ database: 'aurora', databaseName: 'my-db' }, /databaseName: .*a letter, then letters, dig/],
    [{ database: 'aurora', databaseName: '_db' }, /databaseName: of a new Aurora is a letter/],
    [{ ...existing, databaseName: 'a b' }, /databaseName: is a letter or an underscore, then/],
    [{ ...existing, cluster: cluster.replace('eu-west-1', 'us-east-1') }, /in eu-west-1, and clu/],
    [{ ...existing, databaseSecret: secretOf(101) }, /databaseSecret: has 101 .* takes 100; not/],
    [{ ...existing, cluster: `${cluster}${'p'.repeat(54)}` }, /cluster: has 101 .* takes 100;/],
    [{ receives: 0 }, /receives/],
    [{ database: 'aurora', acus: null }, /acus/],
    [{ stages: { test: { acus: 0, receives: 0 } }, database: 'aurora' }, /acus: .*receives: /],
    [{ stages: { test: { databse: 'url' } } }, /stages\.test\.databse: .* lake, .*alarmEmail/],
    [{ stages: { test: { stage: 'prod' } } }, /stages\.test\.stage: is none of/],
    [{ stages: { test: 'url' } }, /stages: is \{/],
    [{ stages: '{}' }, /stages: is \{/],
  ])('refuses %j, and says which key is wrong', (context, expected) => {
    expect(() => new TestStack(context)).toThrow(expected)
  })

  const inVain = {
    acus: { of: [{ database: 'url' }, { database: 'none' }, existing], value: '2' },
    cluster: { of: [{ database: 'url' }, { database: 'none' }], value: cluster },
    databaseName: { of: [{ database: 'url' }, { database: 'none' }], value: 'shop' },
    dataApiEndpoint: { of: [{ database: 'url' }, { database: 'none' }], value: 'http://localhost' },
    databaseSecret: { of: [{ database: 'aurora' }, { database: 'none' }], value: secret },
    databaseKey: { of: [{ database: 'aurora' }, { database: 'none' }], value: databaseKey },
    vpc: { of: [{ database: 'aurora' }, { database: 'none' }, existing], value: vpc },
  }
  it.each(
    Object.entries(inVain).flatMap(([key, { of, value }]) =>
      of.map((one) => ({ key, one, value })),
    ),
  )('refuses $key of $one, which it would do nothing for', ({ key, one, value }) => {
    const refused = new RegExp(`: ${key}: is of `)
    expect(() => new TestStack({ ...one, [key]: value })).toThrow(refused)
    const stages = { test: { [key]: value } }
    expect(() => new TestStack({ ...one, stages })).toThrow(refused)
  })

  it.each([
    { database: 'none', removal: 'destroy' },
    { database: 'none', acus: '', databaseSecret: '' },
    { database: 'url', databaseSecret: secretOf(120), databaseKey },
    { ...existing, databaseName: 'my-db', databaseSecret: secretOf(100) },
    { ...existing, dataApiEndpoint: 'http://127.0.0.1:8000' },
    { stages: { other: { databse: 'url' } } },
  ])('takes %j', (context) => {
    expect(() => new TestStack(context)).not.toThrow()
  })

  it('lets a trial be removed whole', () => {
    const trial = new TestStack({ removal: 'destroy' })
    const kept = ['AWS::S3::Bucket', 'AWS::Kinesis::Stream', 'AWS::Logs::LogGroup'].flatMap(
      (type) =>
        Object.values(trial.all(type)).filter(({ DeletionPolicy }) => DeletionPolicy !== 'Delete'),
    )
    expect(kept).toEqual([])
  })

  it('deletes what is in the buckets of a trial, and protects every other stack', () => {
    const filled = Object.keys(
      new TestStack({ removal: 'destroy' }).all('Custom::S3AutoDeleteObjects'),
    )
    expect(filled).toHaveLength(2)
    expect(stack.all('Custom::S3AutoDeleteObjects')).toEqual({})
    expect(stack.stack.terminationProtection).toBe(true)
    expect(new TestStack({ removal: 'destroy' }).stack.terminationProtection).toBe(false)
  })

  it.each([{ databaseKey }, { databaseKey, ...existing }])(
    "lets what reads the secret use the secret's own key: %j",
    (context) => {
      const keyed = new TestStack(context)
      for (const role of ['RawIngestion', 'Setup']) {
        const used = keyed.statements(role).filter(({ actions }) => actions.includes('kms:Decrypt'))
        expect(
          used.map(({ resources }) => resources),
          role,
        ).toEqual([[databaseKey]])
      }
      expect(keyed.statements('Silver').some(({ actions }) => /^kms:/.test(`${actions}`))).toBe(
        false,
      )
    },
  )

  it('keeps what a stage was told, whatever a later deployment says', () => {
    const stages = { prod: { lake: 'kept-lake', alarmEmail: 'on-call@example.com' } }
    const kept = new TestStack({ stage: 'prod', stages, lake: 'another-lake' })
    expect(kept.one('AWS::S3::Bucket', 'Lake').Properties.BucketName).toBe('kept-lake')
    kept.has('AWS::SNS::Subscription', { Endpoint: 'on-call@example.com' })
    const other = new TestStack({ stage: 'dev', stages, lake: 'another-lake' })
    expect(other.one('AWS::S3::Bucket', 'Lake').Properties.BucketName).toBe('another-lake')
  })

  it('takes another number of receives', () => {
    const { RedrivePolicy } = new TestStack({ receives: '3' }).one(
      'AWS::SQS::Queue',
      `${silver.id}Queue`,
    ).Properties
    expect(RedrivePolicy).toMatchObject({ maxReceiveCount: 3 })
  })
})
