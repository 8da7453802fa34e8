import { randomUUID } from 'node:crypto'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { TimeOver } from './deadline.ts'
import { openQueue } from './queue.ts'
import { handleEvent, type Stage } from './stage.ts'
import { MemoryStore } from './store/memory-store.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('SQS is NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

describe.skipIf(away)('with a queue whose messages are invisible for an hour', () => {
  const client = away ? undefined! : new SQSClient({ maxAttempts: 3 })
  const warned: string[] = []
  let QueueUrl = ''

  beforeAll(async () => {
    const Attributes = { VisibilityTimeout: '3600' }
    const QueueName = `sluice-queue-${randomUUID()}`
    QueueUrl = (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? ''
  })
  beforeEach(() => {
    warned.length = 0
  })
  afterAll(async () => {
    await client.send(new DeleteQueueCommand({ QueueUrl }))
  })

  const open = () => {
    vi.stubEnv('QUEUE_URL', QueueUrl)
    vi.stubEnv('SLUICE_RETRY_SECONDS', '2')
    return openQueue((message, fault) => warned.push(`${message}: ${fault.message}`))!
  }
  const send = async (...names: string[]) => {
    for (const name of names) {
      const MessageBody = JSON.stringify({
        source: 'aws.s3',
        detail: { bucket: { name: 'lake' }, object: { key: `bronze/p/${name}.csv` } },
      })
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    }
  }
  /** What is visible within some seconds, as Lambda gives it. */
  const receive = async (WaitTimeSeconds: number, enough = 1): Promise<SQSRecord[]> => {
    const found: SQSRecord[] = []
    const end = Date.now() + 1000 * WaitTimeSeconds
    do {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          ...{ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 },
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      )
      for (const { MessageId, ReceiptHandle, Body, Attributes } of Messages) {
        const ids = { messageId: MessageId ?? '', receiptHandle: ReceiptHandle ?? '' }
        const told = { attributes: Attributes, body: Body ?? '', eventSource: 'aws:sqs' }
        found.push({ ...ids, ...told } as SQSRecord)
      }
    } while (found.length < enough && Date.now() < end)
    return found
  }
  const remove = async (...messages: SQSRecord[]) => {
    for (const { receiptHandle: ReceiptHandle } of messages) {
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    }
  }
  const countOf = ({ attributes }: SQSRecord) => Number(attributes.ApproximateReceiveCount)

  test('what failed is seen again after about the wait, which grows each time', async () => {
    await send('a')
    let [message] = await receive(5)
    for (const [receives, longest] of [
      [1, 2],
      [2, 4],
      [3, 8],
    ] as const) {
      expect(countOf(message!)).toBe(receives)
      await open().giveBack([{ message: message!, fault: new Error('no disk') }])
      const began = performance.now()
      ;[message] = await receive(longest + 3)
      const seconds = (performance.now() - began) / 1000
      expect(seconds).toBeGreaterThan(longest * 0.75 - 1)
      expect(seconds).toBeLessThan(longest + 1.5)
    }
    await remove(message!)
    expect(warned).toEqual([])
  })

  test('what was not begun is seen again at once', async () => {
    await send('a')
    const [message] = await receive(5)
    await open().giveBack([{ message: message!, fault: new TimeOver() }])
    const again = await receive(1)
    expect(again.map(countOf)).toEqual([2])
    await remove(...again)
  })

  test('of one bad and nine good messages exactly the bad one comes back', async () => {
    await send('1', '2', '3', '4', 'bad', '5', '6', '7', '8', '9')
    const Records = await receive(10, 10)
    expect(Records).toHaveLength(10)
    const handled: string[] = []
    const stage: Stage = {
      name: 'silver',
      prefixes: ['bronze/'],
      lake: { store: new MemoryStore(), withScratch: () => Promise.reject(new Error('unused')) },
      async handle(key) {
        if (key.includes('bad')) throw new Error('no disk')
        handled.push(key)
        return undefined
      },
      stuck: async () => [],
      report: () => {},
      queue: open(),
    }
    const { batchItemFailures } = await handleEvent(stage, { Records })
    expect(handled).toHaveLength(9)
    // What Lambda's mapping does then.
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    await remove(...Records.filter(({ messageId }) => !failed.has(messageId)))
    const again = await receive(4)
    expect(again.map(({ body }) => body)).toEqual([expect.stringContaining('bad.csv')])
    expect(again.map(countOf)).toEqual([2])
    expect(await receive(2)).toEqual([])
    await remove(...again)
  })

  test('more than one call takes are all given back', async () => {
    await send(...Array.from({ length: 12 }, (_, n) => `${n}`))
    const messages = await receive(10, 12)
    expect(messages).toHaveLength(12)
    await open().giveBack(messages.map((message) => ({ message, fault: new TimeOver() })))
    const again = await receive(5, 12)
    expect(again).toHaveLength(12)
    await remove(...again)
    expect(warned).toEqual([])
  })

  test('what cannot be given back is told, and never thrown', async () => {
    const message = { messageId: 'm', receiptHandle: 'of no message' } as SQSRecord
    await open().giveBack([{ message, fault: new Error('no disk') }])
    expect(warned).toEqual([expect.stringMatching(/^1 messages could not be given back early/)])
    vi.stubEnv('QUEUE_URL', `${QueueUrl}-none`)
    const none = openQueue((told, fault) => warned.push(`${told}: ${fault.message}`))!
    const began = performance.now()
    await none.giveBack([{ message, fault: new Error('no disk') }])
    expect(warned).toHaveLength(2)
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
