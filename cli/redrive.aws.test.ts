import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CloudFormation } from '@aws-sdk/client-cloudformation'
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { S3 } from '@aws-sdk/client-s3'
import { SQS } from '@aws-sdk/client-sqs'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { beforeAll, describe, expect, test } from 'vitest'
import { moveDeadLetters } from '../core/doctor/dead-letters.ts'
import { decodeOurs } from '../core/stream/chunk.ts'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'
import { failureOf } from '../functions/streaming/given-up.fixture.ts'
import { recordsOf } from '../functions/streaming/stream.fixture.ts'

const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SKIPPED: redrive over SQS, S3, Kinesis: AWS_ENDPOINT_URL is not set')

const id = `redrive-${Date.now()}-${process.pid}`
const shard = 'shardId-000000000000'

describe.skipIf(!endpoint)('on an emulator of AWS', () => {
  const sqs = new SQS()
  const s3 = new S3({ forcePathStyle: true })

  /** A queue and its dead letters, of which there are some. */
  async function queues(name: string, letters: number) {
    const { QueueUrl: dead = '' } = await sqs.createQueue({ QueueName: `${id}-${name}-dead` })
    const asked = { QueueUrl: dead, AttributeNames: ['QueueArn' as const] }
    const source = (await sqs.getQueueAttributes(asked)).Attributes?.QueueArn ?? ''
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: source, maxReceiveCount: 12 })
    const made = { QueueName: `${id}-${name}`, Attributes: { RedrivePolicy } }
    const { QueueUrl: queue = '' } = await sqs.createQueue(made)
    for (let n = 0; n < letters; n++) {
      await sqs.sendMessage({ QueueUrl: dead, MessageBody: String(n) })
    }
    const slowly = { SourceArn: source, MaxNumberOfMessagesPerSecond: 1 }
    const start = async () => {
      const { Attributes: told } = await sqs.getQueueAttributes({ ...asked, QueueUrl: queue })
      return sqs.startMessageMoveTask({ ...slowly, DestinationArn: told?.QueueArn })
    }
    return { dead, queue, start }
  }

  async function countIn(queue: string): Promise<number> {
    const name = 'ApproximateNumberOfMessages' as const
    const told = await sqs.getQueueAttributes({ QueueUrl: queue, AttributeNames: [name] })
    return Number(told.Attributes?.[name])
  }

  test('dead letters go back to their queue, though they came from none', async () => {
    const { dead, queue } = await queues('moved', 3)
    const planned = { status: 'planned', messages: 3, left: 0 }
    expect(await moveDeadLetters(dead, queue, true)).toEqual(planned)
    expect([await countIn(dead), await countIn(queue)]).toEqual([3, 0])
    const moved = { status: 'moved', messages: 3, left: 0 }
    expect(await moveDeadLetters(dead, queue, false)).toEqual(moved)
    expect([await countIn(dead), await countIn(queue)]).toEqual([0, 3])
    // The end of the move before is not taken for the end of this one.
    expect(await moveDeadLetters(dead, queue, false)).toEqual({ ...moved, messages: 0 })
  })

  test('a move that runs is followed to its end', async () => {
    const { dead, queue, start } = await queues('followed', 3)
    await start()
    const both = [1, 2].map(() => moveDeadLetters(dead, queue, false))
    for (const one of await Promise.all(both)) {
      expect(one).toEqual({ status: 'moved', messages: 3, left: 0 })
    }
    expect(await countIn(queue)).toBe(3)
  })

  test('a move that was ended by somebody has failed, and says so', async () => {
    const { dead, queue, start } = await queues('ended', 5)
    const { TaskHandle = '' } = await start()
    const [moved] = await Promise.all([
      moveDeadLetters(dead, queue, false),
      sleep(500).then(() => sqs.cancelMessageMoveTask({ TaskHandle })),
    ])
    expect(moved).toMatchObject({ status: 'failed', reason: 'the move is CANCELLED' })
    expect(moved.messages + moved.left).toBe(5)
  })

  describe('`sluice redrive --stack`', () => {
    const made = new Map<string, Awaited<ReturnType<typeof queues>>>()
    const arn = `arn:aws:kinesis:us-east-1:000000000000:stream/${id}`
    let stream: StreamClient

    beforeAll(async () => {
      stream = openStream(id)
      const client = new KinesisClient({ requestHandler: new NodeHttpHandler() })
      await client.send(new CreateStreamCommand({ StreamName: id, ShardCount: 1 }))
      while ((await stream.describe()).status !== 'ACTIVE') await sleep(100)
      const outputs: Record<string, string> = {
        StreamName: id,
        StreamArn: arn,
        AppendMapping: '5f0e',
      }
      for (const [name, output] of Object.entries({ LakeUrl: 'lake', FailedBatches: 'failed' })) {
        await s3.createBucket({ Bucket: `${id}-${output}` })
        outputs[name] = `s3://${id}-${output}`
      }
      const versioned = { VersioningConfiguration: { Status: 'Enabled' as const } }
      await s3.putBucketVersioning({ Bucket: `${id}-failed`, ...versioned })
      for (const name of ['Silver', 'Publish']) {
        const two = await queues(name, 2)
        made.set(name, two)
        Object.assign(outputs, { [`${name}Queue`]: two.queue, [`${name}DeadLetters`]: two.dead })
        Object.assign(outputs, { [`${name}Function`]: name, [`${name}Rule`]: name })
      }
      for (const name of ['Append', 'Maintenance']) outputs[`${name}Function`] = name
      const Outputs = Object.fromEntries(
        Object.entries(outputs).map(([name, Value]) => [name, { Value }]),
      )
      const Resources = { Any: { Type: 'AWS::SNS::Topic' } }
      const TemplateBody = JSON.stringify({ Resources, Outputs })
      const cloud = new CloudFormation()
      await cloud.createStack({ StackName: id, TemplateBody })
      const isDone = async () => {
        const { Stacks } = await cloud.describeStacks({ StackName: id })
        return Stacks?.[0]?.StackStatus === 'CREATE_COMPLETE'
      }
      while (!(await isDone())) await sleep(200)
    })

    const run = promisify(execFile)
    const redrive = async (...args: string[]) => {
      const command = ['cli/sluice.ts', 'redrive', '--stack', id, '--json', ...args]
      const { stdout } = await run(process.execPath, command)
      return stdout.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
    }

    test('one stage, then all of them and the batches of the stream', async () => {
      const silver = { stage: 'silver', status: 'moved', messages: 2, left: 0 }
      expect(await redrive('--stage', 'silver')).toEqual([silver])
      expect(await countIn(made.get('Publish')!.dead)).toBe(2)
      const rows = ['{"id":1}', '{"id":2}'].map((text, i) => ({
        ...{ data: Buffer.from(text), partitionKey: `key-${i}` },
        ...{ sequenceNumber: `4950${i}`, arrived: new Date() },
      }))
      const object = (n: number) => `aws/lambda/5f0e/${shard}/2026/11/24/2026-11-24T10.55.00-${n}`
      for (const isAws of [true, false]) {
        const at = { Bucket: `${id}-failed`, Key: object(Number(isAws)) }
        await s3.putObject({ ...at, Body: failureOf(arn, shard, rows, isAws) })
      }
      const told = await redrive()
      const batch = { stage: 'append', status: 'redriven', shard, records: 2 }
      expect(told).toMatchObject([
        { ...silver, messages: 0 },
        { ...silver, stage: 'publish' },
        { ...batch, object: object(0), first: '49500', last: '49501' },
        { ...batch, object: object(1) },
      ])
      const found = await recordsOf(stream, shard)
      const { created } = await stream.describe()
      const origin = { stream: id, created, shard }
      const kept = [0, 1].map((i) => ({
        ...{ kind: 'redriven', origin, sequence: `4950${i}`, after: i ? '49500' : '' },
        data: rows[i]!.data,
      }))
      expect(await Promise.all(found.map(({ data }) => decodeOurs(data)))).toEqual([
        ...kept,
        ...kept,
      ])
      expect(found.map(({ partitionKey }) => partitionKey).toSorted()).toEqual([
        'key-0',
        'key-0',
        'key-1',
        'key-1',
      ])
      expect(await redrive('--stage', 'append')).toEqual([])
      const { Versions } = await s3.listObjectVersions({ Bucket: `${id}-failed` })
      expect(Versions).toHaveLength(2)
    })
  })
})
