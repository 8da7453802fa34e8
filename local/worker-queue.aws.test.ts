import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SQS } from '@aws-sdk/client-sqs'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Deadline } from '../core/deadline.ts'
import { Cut } from './cut.fixture.ts'
import { QueueWorker, type QueueWorkerOptions } from './worker-queue.ts'

const endpoint = process.env.AWS_ENDPOINT_URL
if (!endpoint) console.warn('SQS is NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

type Handler = (record: SQSRecord, deadline: Deadline) => Promise<void> | void

describe.skipIf(!endpoint)('with a queue whose messages are invisible for an hour', () => {
  const client = endpoint ? new SQS({ useQueueUrlAsEndpoint: false }) : undefined!
  const receives = 3
  let queue = ''
  let deadLetters = ''
  let worker: QueueWorker
  let told: string[] = []

  beforeEach(async () => {
    told = []
    const name = `sluice-worker-${randomUUID()}`
    deadLetters = await create(`${name}-dead-letters`, {})
    const deadLetterTargetArn = (await attributes(deadLetters)).QueueArn
    const policy = { deadLetterTargetArn, maxReceiveCount: receives }
    const RedrivePolicy = JSON.stringify(policy)
    queue = await create(name, { VisibilityTimeout: '3600', RedrivePolicy })
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await worker?.stop()
    for (const QueueUrl of [queue, deadLetters]) await client.deleteQueue({ QueueUrl })
  })

  async function create(QueueName: string, Attributes: Record<string, string>): Promise<string> {
    return (await client.createQueue({ QueueName, Attributes })).QueueUrl ?? ''
  }
  async function attributes(QueueUrl: string): Promise<Record<string, string | undefined>> {
    const { Attributes = {} } = await client.getQueueAttributes({
      QueueUrl,
      AttributeNames: ['All'],
    })
    return Attributes
  }
  /** Messages, those in flight too. */
  async function depth(QueueUrl: string): Promise<number> {
    const told = await attributes(QueueUrl)
    const { ApproximateNumberOfMessages: seen, ApproximateNumberOfMessagesNotVisible: hidden } =
      told
    return Number(seen) + Number(hidden)
  }
  async function send(...bodies: string[]): Promise<void> {
    for (const MessageBody of bodies) await client.sendMessage({ QueueUrl: queue, MessageBody })
  }
  /** A handler of single records; those that it throws for are given as failures. */
  function start(handler: Handler, options: Partial<QueueWorkerOptions> = {}): QueueWorker {
    const report = (message: string) => told.push(message)
    const visibility = 2
    const given = { queue, handler: handlerOf(handler), width: 2, report, visibility, ...options }
    worker = new QueueWorker(given)
    void worker.start()
    return worker
  }
  function handlerOf(handler: Handler) {
    return async ({ Records }: SQSEvent, deadline: Deadline): Promise<SQSBatchResponse> => {
      const ends = await Promise.allSettled(Records.map(async (each) => handler(each, deadline)))
      const failed = Records.filter((_, i) => ends[i]?.status === 'rejected')
      const batchItemFailures = failed.map(({ messageId }) => ({ itemIdentifier: messageId }))
      return { batchItemFailures }
    }
  }
  const eventually = (look: () => unknown) => vi.waitFor(look, { timeout: 30_000, interval: 100 })
  const isEmpty = () => eventually(async () => expect(await depth(queue)).toBe(0))

  test('what is handled is deleted', async () => {
    await send('a', 'b', 'c')
    const records: SQSRecord[] = []
    start((record) => void records.push(record))
    await isEmpty()
    expect(records.map(({ body }) => body).toSorted()).toEqual(['a', 'b', 'c'])
    const { QueueArn } = await attributes(queue)
    for (const { eventSourceARN, awsRegion, attributes } of records) {
      expect(eventSourceARN).toBe(QueueArn)
      expect(awsRegion).toBe(QueueArn?.split(':')[3])
      expect(attributes).toMatchObject({
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      })
    }
    expect(told).toEqual([])
  })

  test('of several messages those that fail come again, and end as dead letters', async () => {
    const bodies = ['1', '2', 'bad', '3', '4']
    await send(...bodies)
    const handled: string[] = []
    const handler = ({ body, attributes }: SQSRecord) => {
      handled.push(`${body} ${attributes.ApproximateReceiveCount}`)
      if (body === 'bad') throw new Error('no disk')
    }
    start(handler, { batch: 10 })
    await isEmpty()
    const bad = ['bad 1', 'bad 2', 'bad 3']
    expect(handled.toSorted()).toEqual(['1 1', '2 1', '3 1', '4 1', ...bad])
    await eventually(async () => expect(await depth(deadLetters)).toBe(1))
    const { Messages } = await client.receiveMessage({ QueueUrl: deadLetters })
    expect(Messages?.map(({ Body }) => Body)).toEqual(['bad'])
  })

  test('a handler that throws has its message come again', async () => {
    await send('a')
    const counts: string[] = []
    const handler = async ({ Records }: SQSEvent) => {
      counts.push(Records[0]?.attributes.ApproximateReceiveCount ?? '')
      if (counts.length === 1) throw new Error('no database')
      return { batchItemFailures: [] }
    }
    start(() => {}, { handler })
    await isEmpty()
    expect(counts).toEqual(['1', '2'])
    expect(await depth(deadLetters)).toBe(0)
    expect(told).toHaveLength(1)
  })

  test('a handler that takes longer than a message is hidden is called once', async () => {
    await send('slow')
    let calls = 0
    start(
      async () => {
        calls++
        await sleep(6_000)
      },
      { visibility: 1 },
    )
    await isEmpty()
    expect(calls).toBe(1)
    expect(told).toEqual([])
  })

  test('what is in hand ends and is deleted while it stops; nothing more is begun', async () => {
    await send('a')
    const begun = Promise.withResolvers<Deadline>()
    const gate = Promise.withResolvers<void>()
    const bodies: string[] = []
    start(({ body }, deadline) => {
      bodies.push(body)
      begun.resolve(deadline)
      return gate.promise
    })
    const deadline = await begun.promise
    expect(deadline.isOver()).toBe(false)
    let isStopped = false
    const stopped = worker.stop().then(() => {
      isStopped = true
    })
    expect(deadline.isOver()).toBe(true)
    await send('b')
    // Longer than a message is hidden: what is in hand stays so.
    await sleep(3_000)
    expect(isStopped).toBe(false)
    gate.resolve()
    await stopped
    expect(bodies).toEqual(['a'])
    expect(await depth(queue)).toBe(1)
  })

  test('a look at an empty queue, which lasts 20 s, does not keep it from stopping', async () => {
    start(() => {}, { wait: 20 })
    await eventually(() => expect(worker.isReady()).toBe(true))
    await sleep(500)
    await worker.stop()
    expect(told).toEqual([])
  }, 10_000)

  test('the message of a worker that is killed comes to another one', async () => {
    await send('a')
    const killed = child()
    const [line] = await once(killed.stdout!, 'data')
    expect(String(line)).toBe('a 1\n')
    killed.kill('SIGKILL')
    await once(killed, 'close')
    const counts: string[] = []
    start(({ attributes }) => void counts.push(attributes.ApproximateReceiveCount))
    await isEmpty()
    // More than 2 where a look of the one that was killed has taken it, too.
    expect(counts).toHaveLength(1)
    expect(Number(counts[0])).toBeGreaterThan(1)
  })

  /** A worker that tells what it is given, and is never done with it. */
  function child(): ChildProcess {
    const script = `
      import { QueueWorker } from ${JSON.stringify(join(import.meta.dirname, 'worker-queue.ts'))}
      const handler = async ({ Records: [{ body, attributes }] }) => {
        console.log(body, attributes.ApproximateReceiveCount)
        await new Promise((resolve) => setTimeout(resolve, 600_000))
      }
      const settings = { queue: ${JSON.stringify(queue)}, width: 1, visibility: 2 }
      await new QueueWorker({ ...settings, handler, report: console.error }).start()`
    const args = ['--input-type=module', '--eval', script]
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  test('a queue that is out of reach for a while is told, and read again', async () => {
    const way = await Cut.open(endpoint!)
    vi.stubEnv('AWS_ENDPOINT_URL', way.url)
    const bodies: string[] = []
    start(({ body }) => void bodies.push(body))
    await eventually(() => expect(worker.isReady()).toBe(true))
    await way.cut()
    await eventually(() => expect(worker.isReady()).toBe(false))
    await send('a')
    await eventually(() => expect(told.length).toBeGreaterThan(0))
    await way.mend()
    await isEmpty()
    expect(bodies).toEqual(['a'])
    expect(worker.isReady()).toBe(true)
    expect(told.at(-1)).toBe(`queue ${queue} answers again`)
    await worker.stop()
    await way.cut()
  })

  test('a queue that is made later, or anew, is read when it is there', async () => {
    await client.deleteQueue({ QueueUrl: queue })
    const bodies: string[] = []
    start(({ body }) => void bodies.push(body))
    await eventually(() => expect(told).toHaveLength(1))
    const name = queue.split('/').at(-1) ?? ''
    await create(name, {})
    await send('a')
    await isEmpty()
    expect(bodies).toEqual(['a'])
    expect(told).toHaveLength(2)
  })
})
