import { randomUUID } from 'node:crypto'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { handler as raw } from './raw-ingestion/handler.ts'
import { handler as silver } from './silver/handler.ts'
import { TestLake } from './stages.fixture.ts'
import { publishHandler as publish } from './streaming/handler.ts'

const away = !process.env.AWS_ENDPOINT_URL
if (away) console.warn('SQS is NOT tested: AWS_ENDPOINT_URL is not set (start LocalStack)')

/** The very functions that Lambda calls, and their own queue, of an hour's visibility timeout. */
describe.skipIf(away)('with a queue', () => {
  const client = away ? undefined! : new SQSClient({ maxAttempts: 3 })
  const files = new TestLake()
  let QueueUrl = ''

  beforeAll(async () => {
    const Attributes = { VisibilityTimeout: '3600' }
    const QueueName = `sluice-give-back-${randomUUID()}`
    QueueUrl = (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? ''
    vi.stubEnv('QUEUE_URL', QueueUrl)
    vi.stubEnv('SLUICE_RETRY_SECONDS', '1')
    vi.stubEnv('LAKE_URL', files.lake.store.url)
    vi.stubEnv('STREAM_NAME', 'none')
    // Nobody listens there.
    vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none')
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await client.send(new DeleteQueueCommand({ QueueUrl }))
    files.close()
  })

  const receive = async (WaitTimeSeconds: number): Promise<SQSEvent> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 }),
    )
    const Records = Messages.map(({ MessageId, ReceiptHandle, Body }) => ({
      ...{ messageId: MessageId, receiptHandle: ReceiptHandle, body: Body },
      eventSource: 'aws:sqs',
    }))
    return { Records } as unknown as SQSEvent
  }

  const functions = { raw, silver, publish }
  const names = Object.keys(functions) as (keyof typeof functions)[]

  test.each(names)('%s: a message that fails is seen again in a second or two', async (name) => {
    const MessageBody = 'no event'
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    const event = await receive(5)
    const answer = functions[name](event)
    // Of raw-ingestion the whole batch fails, as its database is away when it starts.
    if (name === 'raw') await expect(answer).rejects.toThrow('ECONNREFUSED')
    else expect(await answer).toMatchObject({ batchItemFailures: [{}] })
    const again = await receive(4)
    expect(again.Records).toHaveLength(1)
    const [{ receiptHandle: ReceiptHandle } = { receiptHandle: '' }] = again.Records
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  })

  test.each(['silver', 'publish'] as const)('%s: what there is no time for', async (name) => {
    const detail = { bucket: { name: 'lake' }, object: { key: 'bronze/p/t/1.csv' } }
    const MessageBody = JSON.stringify({ source: 'aws.s3', detail })
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    let left = 900_000
    const invocation = {
      getRemainingTimeInMillis: () => {
        left -= 500_000
        return left + 500_000
      },
    }
    const answer = await functions[name](await receive(5), invocation)
    expect(answer).toMatchObject({ batchItemFailures: [{}] })
    const again = await receive(0)
    expect(again.Records).toHaveLength(1)
    const [{ receiptHandle: ReceiptHandle } = { receiptHandle: '' }] = again.Records
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  })
})
