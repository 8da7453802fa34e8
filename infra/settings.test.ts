import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silver } from './shape.ts'
import { TestStack } from './stack.fixture.ts'

const stack = new TestStack()
const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf'
const cluster = 'arn:aws:rds:eu-west-1:123456789012:cluster:shop'
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
    [{ database: 'aurora', cluster }, /databaseSecret: must be the login/],
    [{ database: 'aurora', databaseSecret: secret }, /databaseSecret: .* say which/],
    [{ database: 'aurora', databaseKey: 'arn:aws:kms:eu-west-1:1:key/a' }, /databaseKey/],
    [{ database: 'aurora', vpc: JSON.stringify(vpc) }, /vpc: .*the Data API needs none/],
    [{ database: 'url', cluster, databaseSecret: secret }, /cluster: is of database=aurora/],
    [{ database: 'url', dataApiEndpoint: 'http://localhost:1' }, /dataApiEndpoint: is of/],
    [{ database: 'aurora', dataApiEndpoint: 'localhost:1' }, /dataApiEndpoint/],
  ])('refuses %j, and says which key is wrong', (context, expected) => {
    expect(() => new TestStack(context)).toThrow(expected)
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

  const databaseKey = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d'
  it.each([{ databaseKey }, { databaseKey, database: 'aurora', cluster, databaseSecret: secret }])(
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
