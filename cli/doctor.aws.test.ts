import { randomUUID } from 'node:crypto'
import * as events from '@aws-sdk/client-eventbridge'
import * as s3 from '@aws-sdk/client-s3'
import * as sqs from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeBucket } from '../core/doctor/check-bucket.ts'
import { judgeDeadLetters, judgeQueue, judgeRule } from '../core/doctor/check-events.ts'
import { checkReads, checkWrites } from '../core/doctor/check-lake.ts'
import { countFailedBatches, readBucket } from '../core/doctor/deployed-bucket.ts'
import { readRule } from '../core/doctor/deployed-events.ts'
import { readQueue } from '../core/doctor/deployed-queue.ts'
import { openStore } from '../core/store/object-store.ts'
import { checkStack } from './doctor-stack.ts'

/** What AWS is asked for, of parts that stand by themselves and are broken one by one. */

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('AWS is NOT asked: AWS_ENDPOINT_URL is not set (start LocalStack)')

const name = `sluice-doctor-${randomUUID()}`
const Bucket = name
const buckets = new s3.S3Client({ forcePathStyle: true })
const bridge = new events.EventBridgeClient()
const queues = new sqs.SQSClient({ useQueueUrlAsEndpoint: false })

describe.skipIf(away)('with LocalStack', () => {
  let url: string
  let deadUrl: string
  let arn: string
  let dead: { arn: string }

  beforeAll(async () => {
    await buckets.send(new s3.CreateBucketCommand({ Bucket }))
    const Status = 'Enabled'
    await buckets.send(
      new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }),
    )
    deadUrl = await makeQueue(`${name}-dead`)
    dead = await readQueue(deadUrl)
    url = await makeQueue(name)
    arn = (await readQueue(url)).arn
  })
  afterAll(async () => {
    await bridge.send(new events.RemoveTargetsCommand({ Rule: name, Ids: ['silver'] }))
    await bridge.send(new events.DeleteRuleCommand({ Name: name }))
    for (const QueueUrl of [url, deadUrl]) {
      await queues.send(new sqs.DeleteQueueCommand({ QueueUrl }))
    }
    await buckets.send(new s3.DeleteBucketCommand({ Bucket }))
  })

  async function makeQueue(QueueName: string): Promise<string> {
    return (await queues.send(new sqs.CreateQueueCommand({ QueueName }))).QueueUrl ?? ''
  }

  const notify = (NotificationConfiguration: s3.NotificationConfiguration) =>
    buckets.send(
      new s3.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
    )
  const judged = async () => {
    const found = judgeBucket(await readBucket(Bucket))
    return found.find(({ check }) => check === 'notifications')
  }

  test('notifications that somebody replaced are found, and the cure keeps theirs', async () => {
    await notify({ EventBridgeConfiguration: {} })
    expect((await judged())?.level).toBe('ok')
    const theirs = { QueueArn: dead.arn, Events: ['s3:ObjectCreated:*' as const] }
    await notify({ QueueConfigurations: [theirs] })
    const found = await judged()
    expect(found).toMatchObject({ level: 'wrong', found: expect.stringContaining(dead.arn) })
    const said = /--notification-configuration '(.+)';/.exec(found?.cure ?? '')?.[1] ?? ''
    await notify(JSON.parse(said))
    expect(await judged()).toMatchObject({
      level: 'warning',
      found: expect.stringContaining(dead.arn),
    })
    await notify({ EventBridgeConfiguration: {} })
  })

  test('versioning and public access are read as they are', async () => {
    const levels = async () => {
      const found = judgeBucket(await readBucket(Bucket))
      return Object.fromEntries(found.map(({ check, level }) => [check, level]))
    }
    await buckets.send(new s3.DeletePublicAccessBlockCommand({ Bucket }))
    expect(await levels()).toMatchObject({ versioning: 'ok', 'public access': 'wrong' })
    const PublicAccessBlockConfiguration = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    }
    await buckets.send(
      new s3.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }),
    )
    await buckets.send(
      new s3.PutBucketVersioningCommand({
        Bucket,
        VersioningConfiguration: { Status: 'Suspended' },
      }),
    )
    expect(await levels()).toMatchObject({ versioning: 'wrong', 'public access': 'ok' })
    await buckets.send(
      new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    )
  })

  test('a look at permissions leaves no version and no marker behind', async () => {
    const store = openStore(`s3://${Bucket}`)
    for (const check of [checkReads, checkWrites]) {
      expect(await check('silver', store, ['silver/'])).toMatchObject([{ level: 'ok' }])
    }
    const all = await buckets.send(new s3.ListObjectVersionsCommand({ Bucket }))
    expect([all.Versions ?? [], all.DeleteMarkers ?? []]).toEqual([[], []])
    const none = openStore(`s3://${Bucket}-none`)
    expect(await checkWrites('silver', none, ['silver/'])).toMatchObject([{ level: 'wrong' }])
  })

  test('a rule is wrong until its cures are run: pattern, target, state', async () => {
    const wanted = { bucket: Bucket, prefixes: ['bronze/'], queueArn: arn }
    const judge = async () => judgeRule('silver', await readRule(name, wanted), wanted)
    const EventPattern = JSON.stringify({
      source: ['aws.s3'],
      detail: { object: { key: [{ prefix: 'streaming/' }] } },
    })
    await bridge.send(new events.PutRuleCommand({ Name: name, EventPattern, State: 'DISABLED' }))
    const cures = (await judge()).map(({ cure }) => cure ?? '')
    expect(cures).toEqual([
      expect.stringMatching(/^aws events enable-rule/),
      expect.stringMatching(/^aws events put-rule/),
      expect.stringMatching(/^aws events put-targets/),
    ])
    await bridge.send(new events.EnableRuleCommand({ Name: name }))
    const pattern = /--event-pattern '(.+)'$/.exec(cures[1] ?? '')?.[1] ?? ''
    await bridge.send(new events.PutRuleCommand({ Name: name, EventPattern: pattern }))
    const Targets = [{ Id: 'silver', Arn: arn }]
    await bridge.send(new events.PutTargetsCommand({ Rule: name, Targets }))
    expect(await judge()).toMatchObject([{ level: 'ok' }])
    const wide = JSON.stringify({ source: ['aws.s3'] })
    await bridge.send(new events.PutRuleCommand({ Name: name, EventPattern: wide }))
    expect(await judge()).toMatchObject([{ level: 'warning' }])
  })

  test('a queue is wrong without its dead letters, which the cure sets', async () => {
    const judge = async () => judgeQueue('silver', await readQueue(url), dead)
    const cure = (await judge()).find(({ check }) => check === 'dead letters')?.cure
    const Attributes = JSON.parse(/--attributes '(.+)'$/.exec(cure ?? '')?.[1] ?? '')
    await queues.send(new sqs.SetQueueAttributesCommand({ QueueUrl: url, Attributes }))
    expect((await judge()).filter(({ check }) => check === 'dead letters')).toEqual([])
  })

  test('dead letters and failed batches are counted', async () => {
    const letters = async () => judgeDeadLetters('silver', name, await readQueue(deadUrl))
    await queues.send(new sqs.PurgeQueueCommand({ QueueUrl: deadUrl }))
    expect((await letters()).level).toBe('ok')
    await queues.send(new sqs.SendMessageCommand({ QueueUrl: deadUrl, MessageBody: 'x' }))
    expect(await letters()).toMatchObject({ level: 'wrong', found: expect.stringMatching(/^1 /) })
    expect(await countFailedBatches(`s3://${Bucket}`)).toBe(0)
  })

  test('a stack that is not there is told, not thrown', async () => {
    expect(await checkStack(name)).toMatchObject([
      { area: 'stack', level: 'wrong', found: expect.stringMatching(/there is no stack/) },
    ])
  })
})
