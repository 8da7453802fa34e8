import { describe, expect, it } from 'vitest'
import { limitBytes, rawIngestion, silver, stagedIngestion } from './shape.ts'
import { TestStack } from './stack.fixture.ts'

const stack = new TestStack({ database: 'aurora' })
const trial = new TestStack({ database: 'aurora', removal: 'destroy', acus: '16.5' })
const login = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf'
const shop = 'arn:aws:rds:eu-west-1:123456789012:cluster:shop'
const existing = new TestStack({
  ...{ database: 'aurora', cluster: shop, databaseSecret: login, databaseName: 'shop_1' },
  dataApiEndpoint: 'http://127.0.0.1:8000',
})

const cluster = stack.one('AWS::RDS::DBCluster', 'Aurora')
const att = (id: string, name: string) => {
  return { 'Fn::GetAtt': [expect.stringMatching(new RegExp(`^${id}[0-9A-F]{8}$`)), name] }
}
const environmentOf = (one: TestStack, id: string) => {
  const { Environment } = one.one('AWS::Lambda::Function', `${id}Function`).Properties
  return (Environment as { Variables: Record<string, unknown> }).Variables
}
const dependenciesOf = ({ DependsOn = [] }: { DependsOn?: string | string[] }) => {
  return [DependsOn].flat().map((id) => id.replace(/[0-9A-F]{8}$/, ''))
}

describe('the Aurora that the stack makes', () => {
  it('is PostgreSQL 17, sleeps at 0 ACU after five minutes, and has the Data API', () => {
    expect(cluster.Properties).toMatchObject({
      Engine: 'aurora-postgresql',
      EngineVersion: expect.stringMatching(/^17\.\d+$/),
      ServerlessV2ScalingConfiguration: {
        ...{ MinCapacity: 0, MaxCapacity: 4, SecondsUntilAutoPause: 300 },
      },
      EnableHttpEndpoint: true,
      DatabaseName: 'sluice',
    })
    trial.has('AWS::RDS::DBCluster', {
      ServerlessV2ScalingConfiguration: {
        ...{ MinCapacity: 0, MaxCapacity: 16.5, SecondsUntilAutoPause: 300 },
      },
    })
  })

  it('has one writer, which has no public address', () => {
    const instances = Object.values(stack.all('AWS::RDS::DBInstance'))
    expect(instances.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ DBInstanceClass: 'db.serverless', PubliclyAccessible: false }),
    ])
  })

  it('is encrypted, speaks TLS alone, and its password is generated', () => {
    expect(cluster.Properties).toMatchObject({ StorageEncrypted: true })
    stack.has('AWS::RDS::DBClusterParameterGroup', { Parameters: { 'rds.force_ssl': '1' } })
    stack.has('AWS::SecretsManager::Secret', {
      GenerateSecretString: { SecretStringTemplate: '{"username":"sluice"}' },
    })
    expect(JSON.stringify(cluster.Properties.MasterUserPassword)).toContain(
      'resolve:secretsmanager',
    )
  })

  it('is protected and kept as a snapshot; one of a trial goes with it', () => {
    expect(cluster).toMatchObject({
      Properties: { DeletionProtection: true, BackupRetentionPeriod: 14 },
      DeletionPolicy: 'Snapshot',
      UpdateReplacePolicy: 'Snapshot',
    })
    expect(trial.one('AWS::RDS::DBCluster', 'Aurora')).toMatchObject({
      Properties: { DeletionProtection: false, BackupRetentionPeriod: 1 },
      DeletionPolicy: 'Delete',
    })
    expect(trial.one('AWS::Logs::LogGroup', 'AuroraLog').DeletionPolicy).toBe('Delete')
  })

  it('has a log that is there before it, by its name, and is kept for three months', () => {
    const { DBClusterIdentifier, EnableCloudwatchLogsExports } = cluster.Properties
    const log = stack.one('AWS::Logs::LogGroup', 'AuroraLog')
    const partsOf = (joined: unknown) => (joined as { 'Fn::Join': [string, unknown[]] })['Fn::Join']
    const [, name] = partsOf(DBClusterIdentifier)
    expect(EnableCloudwatchLogsExports).toEqual(['postgresql'])
    expect(partsOf(log.Properties.LogGroupName)[1]).toEqual([
      ...[`/aws/rds/cluster/${name[0]}`, ...name.slice(1)],
      '/postgresql',
    ])
    expect(log.Properties.RetentionInDays).toBe(90)
    expect(dependenciesOf(cluster)).toContain('AuroraLog')
  })

  it.each([
    ['a--b-', 'sluice-a-b-'],
    ['a-stage-with-a-name-far-too-long', 'sluice-a-stage-with-a-nam-'],
    ['a-stage-with-a-na-', 'sluice-a-stage-with-a-na-'],
  ])('of %s has a name that RDS takes, so that the Data API takes both ARNs', (stage, expected) => {
    const named = new TestStack({ database: 'aurora', stage: stage.slice(0, 31) })
    const { DBClusterIdentifier } = named.one('AWS::RDS::DBCluster', 'Aurora').Properties
    const [secret] = Object.values(named.all('AWS::SecretsManager::Secret'))
    expect(secret?.Properties.Name).toEqual(DBClusterIdentifier)
    const [, [name, id]] = (DBClusterIdentifier as { 'Fn::Join': [string, unknown[]] })['Fn::Join']
    expect([name, JSON.stringify(id)]).toEqual([expected, expect.stringContaining('AWS::StackId')])
    const arn = 'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:'
    expect(`${arn}${name}01234567-AbCdEf`.length).toBeLessThanOrEqual(100)
  })
})

describe('its network', () => {
  it('is two isolated subnets: no gateway, no route and no address of the internet', () => {
    const subnets = Object.values(stack.all('AWS::EC2::Subnet'))
    expect(subnets.map(({ Properties }) => Properties.MapPublicIpOnLaunch)).toEqual([false, false])
    const zones = subnets.map(({ Properties }) => JSON.stringify(Properties.AvailabilityZone))
    expect(new Set(zones).size).toBe(2)
    for (const type of ['InternetGateway', 'NatGateway', 'Route', 'EIP']) {
      expect(stack.all(`AWS::EC2::${type}`), type).toEqual({})
    }
  })

  it('lets nobody in, and out to TLS alone', () => {
    const groups = Object.values(stack.all('AWS::EC2::SecurityGroup'))
    expect(groups.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        SecurityGroupEgress: [expect.objectContaining({ FromPort: 443, ToPort: 443 })],
      }),
    ])
    expect(groups[0]?.Properties).not.toHaveProperty('SecurityGroupIngress')
    expect(stack.all('AWS::EC2::SecurityGroupIngress')).toEqual({})
  })

  it("leads to S3 alone, and there to the lake's parts", () => {
    const endpoints = Object.values(stack.all('AWS::EC2::VPCEndpoint'))
    const tables = Object.keys(stack.all('AWS::EC2::RouteTable')).map((Ref) => ({ Ref }))
    expect(endpoints.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ VpcEndpointType: 'Gateway', RouteTableIds: tables }),
    ])
    expect(stack.endpointStatements()).toEqual([
      { effect: 'Allow', actions: ['s3:GetObject'], resources: ['Lake/staging/*'] },
      { effect: 'Allow', actions: ['s3:ListBucket'], resources: ['Lake'] },
    ])
  })
})

describe('the role by which it fetches rows', () => {
  it('is taken by RDS for this account alone, and is its s3Import', () => {
    const { AssumeRolePolicyDocument } = stack.one('AWS::IAM::Role', 'ImportRole').Properties
    expect(AssumeRolePolicyDocument).toMatchObject({
      Statement: [
        {
          Principal: { Service: 'rds.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ],
    })
    expect(cluster.Properties.AssociatedRoles).toEqual([
      { FeatureName: 's3Import', RoleArn: att('ImportRole', 'Arn') },
    ])
  })

  it.each([['its own', stack] as const, ['one that exists', existing] as const])(
    'reads parts, and nothing else: %s',
    (_, one) => {
      expect(one.statements('Import')).toEqual([
        { effect: 'Allow', actions: ['s3:GetObject'], resources: ['Lake/staging/*'] },
        { effect: 'Allow', actions: ['s3:ListBucket'], resources: ['Lake'] },
      ])
    },
  )
})

describe('functions', () => {
  it.each(['RawIngestion', 'Setup'])('%s is told of it, and stays outside its network', (id) => {
    expect(environmentOf(stack, id)).toMatchObject({
      DATABASE_CLUSTER_ARN: att('AuroraCluster', 'DBClusterArn'),
      DATABASE_SECRET_ARN: { Ref: expect.stringMatching(/^AuroraClusterSecretAttachment/) },
      DATABASE_NAME: 'sluice',
    })
    for (const name of ['AWS_ENDPOINT_URL_RDS_DATA', 'SLUICE_CONNECTIONS', 'NODE_EXTRA_CA_CERTS']) {
      expect(environmentOf(stack, id)).not.toHaveProperty(name)
    }
    const { Properties } = stack.one('AWS::Lambda::Function', `${id}Function`)
    expect(Properties).not.toHaveProperty('VpcConfig')
  })

  it.each(['RawIngestion', 'Setup'])('%s is told of one that exists, and of its endpoint', (id) => {
    expect(environmentOf(existing, id)).toMatchObject({
      DATABASE_CLUSTER_ARN: shop,
      DATABASE_SECRET_ARN: login,
      DATABASE_NAME: 'shop_1',
      AWS_ENDPOINT_URL_RDS_DATA: 'http://127.0.0.1:8000',
    })
  })

  it('no other is', () => {
    const told = Object.entries(existing.all('AWS::Lambda::Function'))
      .filter(([, { Properties }]) => /DATABASE_|RDS_DATA/.test(JSON.stringify(Properties)))
      .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))
    expect(told.toSorted()).toEqual(['RawIngestionFunction', 'SetupFunction'])
  })

  it('raw-ingestion refuses what its disk cannot hold once more, as parts', () => {
    const limits = [rawIngestion, stagedIngestion, silver].map(({ limits, stages }) => {
      return limitBytes(limits, stages)
    })
    expect(environmentOf(stack, 'RawIngestion').SLUICE_LIMIT_BYTES).toBe(`${limits[1]}`)
    expect(environmentOf(new TestStack(), 'RawIngestion').SLUICE_LIMIT_BYTES).toBe(`${limits[0]}`)
    expect(limits).toEqual([4_294_967_296, 3_067_833_782, 4_294_967_296])
  })
})

it('is set up when its writer, its role and the way to the lake are there, and as another', () => {
  const setUp = stack.one('Custom::SluiceSetup', 'Setup')
  expect(dependenciesOf(setUp)).toEqual(
    expect.arrayContaining([
      ...['AuroraCluster', 'AuroraClusterWriter', 'AuroraClusterSecretAttachment'],
      ...['AuroraNetworkS3', 'ImportRole', 'ImportRoleDefaultPolicy'],
    ]),
  )
  expect(setUp.Properties.database).toEqual({
    'Fn::Join': ['', [att('AuroraCluster', 'DBClusterArn'), '/sluice']],
  })
  expect(existing.one('Custom::SluiceSetup', 'Setup').Properties.database).toBe(`${shop}/shop_1`)
})

it('people and the CLI find it by outputs: those of one that exists, too', () => {
  expect(stack.outputs(/^Database/)).toEqual({
    DatabaseClusterArn: att('AuroraCluster', 'DBClusterArn'),
    DatabaseSecretArn: { Ref: expect.stringMatching(/^AuroraClusterSecretAttachment/) },
    DatabaseName: 'sluice',
    DatabaseImportRole: att('ImportRole', 'Arn'),
  })
  expect(existing.outputs(/^Database/)).toMatchObject({
    ...{ DatabaseClusterArn: shop, DatabaseSecretArn: login, DatabaseName: 'shop_1' },
  })
  expect(new TestStack().outputs(/^Database/)).toEqual({})
})

it('where one exists, none is made, nor a network, nor a secret', () => {
  const types = Object.values(existing.template.toJSON().Resources as { Type: string }[])
  const made = types.filter(({ Type }) => /^AWS::(RDS|EC2|SecretsManager)::/.test(Type))
  expect(made).toEqual([])
})
