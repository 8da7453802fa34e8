import { describe, expect, it } from 'vitest'
import { append, limitBytes, objectStages, retry, staging } from './shape.ts'
import { TestStack } from './stack.fixture.ts'

const stack = new TestStack()
const stages = objectStages.map(({ id }) => id)

describe('the lake', () => {
  const { Properties, DeletionPolicy } = stack.one('AWS::S3::Bucket', 'Lake')

  it('tells EventBridge of every object, by a property and not by a custom resource', () => {
    expect(Properties.NotificationConfiguration).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    })
    expect(Object.keys(stack.all('Custom::S3BucketNotifications'))).toEqual([])
  })

  it('is versioned, encrypted, and closed to the public, and outlives the stack', () => {
    expect(Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    })
    expect(DeletionPolicy).toBe('RetainExceptOnCreate')
  })

  it('refuses what does not come by TLS', () => {
    const { PolicyDocument } = stack.one('AWS::S3::BucketPolicy', 'LakePolicy').Properties
    const denied = (PolicyDocument as { Statement: object[] }).Statement
    expect(denied).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    )
  })

  const { Rules } = Properties.LifecycleConfiguration as { Rules: Record<string, unknown>[] }

  it('lets go of old versions and aborted uploads, of what is current in staging alone', () => {
    const expires = Rules.filter((rule) => 'ExpirationInDays' in rule || 'ExpirationDate' in rule)
    expect(expires.map(({ Prefix }) => Prefix)).toEqual(['staging/'])
    expect(Rules.map(({ Prefix }) => Prefix)).toEqual([
      undefined,
      'bronze/',
      'streaming/',
      'silver/',
      'streaming_results/',
      'streaming_checkpoint/',
      'staging/',
    ])
    expect(Rules[0]).toMatchObject({
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    })
    expect(Rules.slice(1).every((rule) => 'NoncurrentVersionExpiration' in rule)).toBe(true)
  })

  it('keeps what a function that died has left in staging for a day, in whatever form', () => {
    expect(Rules.find(({ Prefix }) => Prefix === staging.prefix)).toEqual({
      Id: 'staging',
      Prefix: staging.prefix,
      Status: 'Enabled',
      // With it, markers of what was deleted go, too.
      ExpirationInDays: 1,
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    })
  })

  it('wakes nobody by what is staged', () => {
    const asked = objectStages.flatMap(({ prefixes }) => prefixes)
    expect(asked.filter((prefix) => `${staging.prefix}a/rows-0.csv`.startsWith(prefix))).toEqual([])
  })
})

describe.each(stages)('the stage %s', (id) => {
  const shape = objectStages.find((one) => one.id === id)!
  const made = stack.one('AWS::Lambda::Function', `${id}Function`).Properties
  const queue = stack.one('AWS::SQS::Queue', `${id}Queue`).Properties

  it('is told of its own prefixes by its own rule, which has dead letters, too', () => {
    const { EventPattern, Targets } = stack.one('AWS::Events::Rule', `${id}Rule`).Properties
    expect(EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: expect.stringMatching(/^Lake/) }] },
        object: { key: shape.prefixes.map((prefix) => ({ prefix })) },
      },
    })
    const arn = (name: string) => ({
      'Fn::GetAtt': [expect.stringMatching(`^${id}${name}`), 'Arn'],
    })
    expect(Targets).toEqual([
      expect.objectContaining({
        Arn: arn('Queue'),
        DeadLetterConfig: { Arn: arn('DeadLetters') },
      }),
    ])
  })

  it('keeps a message from others for six times the time of its function', () => {
    expect(queue.VisibilityTimeout).toBe(6 * Number(made.Timeout))
  })

  it('has an encrypted queue, and dead letters after so many receives that stay 14 days', () => {
    expect(queue).toMatchObject({
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: retry.receives },
    })
    expect(stack.one('AWS::SQS::Queue', `${id}DeadLetters`).Properties).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
    })
  })

  it('runs at most so often at once, and gives back the messages that failed', () => {
    const mapping = stack.one('AWS::Lambda::EventSourceMapping', `${id}FunctionSqs`).Properties
    expect(mapping).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: shape.concurrency },
    })
  })

  it('knows its limits: memory, disk, time, and the object that is too large', () => {
    const { memory, disk, timeout } = shape.limits
    expect(made).toMatchObject({
      Runtime: 'nodejs24.x',
      MemorySize: memory,
      EphemeralStorage: { Size: disk },
      Timeout: timeout,
    })
    expect(made.Environment).toMatchObject({
      Variables: { SLUICE_LIMIT_BYTES: String(limitBytes(shape.limits)) },
    })
  })

  it('keeps its log for three months', () => {
    expect(stack.one('AWS::Logs::LogGroup', `${id}Log`).Properties.RetentionInDays).toBe(90)
  })
})

describe('the stream', () => {
  it('is on demand, encrypted, and keeps records for a week', () => {
    stack.has('AWS::Kinesis::Stream', {
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
      RetentionPeriodHours: append.retention,
    })
  })

  it('is read shard by shard, retried until its records are old, then kept whole', () => {
    const { Properties } = stack.one('AWS::Lambda::EventSourceMapping', 'StreamAppendFunction')
    expect(Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      ParallelizationFactor: 1,
      StartingPosition: 'TRIM_HORIZON',
      MaximumRecordAgeInSeconds: append.retries * 3_600,
      MaximumBatchingWindowInSeconds: append.window,
      DestinationConfig: {
        OnFailure: {
          Destination: { 'Fn::GetAtt': [expect.stringMatching(/^StreamFailedBatches/), 'Arn'] },
        },
      },
    })
    expect(Properties).not.toHaveProperty('MaximumRetryAttempts')
    expect(append.retries).toBeLessThan(append.retention)
  })

  it('has its schedules tried once: the next one does the work', () => {
    const asked = Object.values(stack.all('AWS::Lambda::EventInvokeConfig'))
    expect(asked.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 }),
    ])
    const rules = Object.values(stack.all('AWS::Events::Rule')).map(({ Properties }) => Properties)
    const jobs = rules.filter(({ ScheduleExpression }) => ScheduleExpression)
    const tries = jobs.map(({ Targets }) => (Targets as { RetryPolicy?: object }[])[0]?.RetryPolicy)
    expect(tries).toEqual(jobs.map(() => ({ MaximumRetryAttempts: 0 })))
  })

  it('has its windows closed each minute, its files merged and the lake swept by schedule', () => {
    const rules = Object.values(stack.all('AWS::Events::Rule')).map(({ Properties }) => Properties)
    const jobs = rules
      .filter(({ ScheduleExpression }) => ScheduleExpression)
      .map(({ ScheduleExpression, Targets }) => {
        return [ScheduleExpression, (Targets as { Input: string }[])[0]?.Input]
      })
    expect(jobs).toEqual([
      ['rate(1 minute)', '{"job":"tick"}'],
      ['rate(1 hour)', '{"job":"compact"}'],
      ['cron(30 3 * * ? *)', '{"job":"vacuum"}'],
    ])
  })
})

it('is set up again where contracts, code, lake or database are others', () => {
  const { Properties } = stack.one('Custom::SluiceSetup', 'Setup')
  expect(Properties).toMatchObject({
    content: expect.stringMatching(/^[0-9a-f]{64}$/),
    lake: { Ref: expect.stringMatching(/^Lake/) },
    database: { Ref: 'DatabaseSecret' },
  })
})
