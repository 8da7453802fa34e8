import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { QueueWorker, type QueueWorkerOptions } from './worker-queue.ts'

/** A queue whose messages are received once; where there is none, a look waits for ever. */
const queue = 'http://sqs.elsewhere:1/000000000000/q'
const arn = 'arn:aws:sqs:eu-west-3:000000000000:q'
type Call = Record<string, unknown> & { action: string }
let calls: Call[] = []
/** Bodies of the messages in the queue. */
let waiting: string[] = []
/** Answers to the next calls of an action in the place of the queue's. */
let faults: Record<string, ((answer: ServerResponse) => void)[]> = {}
let polls: ServerResponse[] = []

const server = createServer(async (request, answer) => {
  const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '')
  const input = JSON.parse(Buffer.concat(await request.toArray()).toString())
  calls.push({ action, ...input })
  answer.setHeader('content-type', 'application/x-amz-json-1.0')
  const fault = faults[action]?.shift()
  if (fault) fault(answer)
  else if (action === 'GetQueueAttributes') tell(answer, { Attributes: { QueueArn: arn } })
  else if (action === 'ReceiveMessage') receive(answer, input)
  else tell(answer, {})
})

function receive(answer: ServerResponse, input: Record<string, number>): void {
  const bodies = waiting.splice(0, input.MaxNumberOfMessages)
  if (bodies.length === 0 && input.WaitTimeSeconds) polls.push(answer)
  else tell(answer, { Messages: bodies.map(messageOf) })
}

function messageOf(body: string) {
  return {
    MessageId: `id of ${body}`,
    ReceiptHandle: `handle of ${body}`,
    Body: body,
    MD5OfBody: createHash('md5').update(body).digest('hex'),
    Attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1700000000000' },
    MessageAttributes: {
      word: { DataType: 'String', StringValue: 'w' },
      bytes: { DataType: 'Binary', BinaryValue: 'AQI=' },
    },
  }
}

function tell(answer: ServerResponse, what: object): void {
  answer.end(JSON.stringify(what))
}

function fails(status: number, type: string) {
  return (answer: ServerResponse) => {
    answer.writeHead(status)
    tell(answer, { __type: `com.amazonaws.sqs#${type}`, message: type })
  }
}

const of = (action: string) => calls.filter((call) => call.action === action)
const handles = (action: string) => of(action).map(({ ReceiptHandle }) => ReceiptHandle)

let told: { message: string; fault: unknown }[] = []
let worker: QueueWorker

function start(
  handler: (event: SQSEvent) => unknown,
  options: Partial<QueueWorkerOptions> = {},
): void {
  worker = new QueueWorker({
    queue,
    handler: async (event) => (await handler(event)) as SQSBatchResponse,
    width: 1,
    report: (message, fault) => told.push({ message, fault }),
    ...options,
  })
  void worker.start()
}

/** The queue is looked at for more: what was in it has been answered, as the width is 1. */
const emptied = () => vi.waitFor(() => expect(polls).not.toEqual([]), { timeout: 20_000 })

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  vi.stubEnv('AWS_REGION', 'eu-west-3')
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'test')
  ;[calls, waiting, polls, told, faults] = [[], [], [], [], {}]
})
afterEach(async () => {
  await worker.stop()
  vi.unstubAllEnvs()
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('a handler is given what Lambda would give it', async () => {
  waiting = ['a', 'b']
  const events: SQSEvent[] = []
  start((event) => void events.push(event))
  await emptied()
  const lists = { stringListValues: [], binaryListValues: [] }
  const recordOf = (body: string) => ({
    messageId: `id of ${body}`,
    receiptHandle: `handle of ${body}`,
    body,
    attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1700000000000' },
    messageAttributes: {
      word: { stringValue: 'w', ...lists, dataType: 'String' },
      bytes: { binaryValue: 'AQI=', ...lists, dataType: 'Binary' },
    },
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: 'eu-west-3',
  })
  expect(events).toEqual([{ Records: [recordOf('a')] }, { Records: [recordOf('b')] }])
  const all = ['All']
  const asked = { MessageSystemAttributeNames: all, MessageAttributeNames: all }
  expect(of('ReceiveMessage')[0]).toMatchObject({
    QueueUrl: queue,
    VisibilityTimeout: 30,
    ...asked,
  })
})

const failure = (itemIdentifier: unknown) => ({ batchItemFailures: [{ itemIdentifier }] })

test.each<[string, unknown, string[]]>([
  ['no failures', { batchItemFailures: [] }, ['a', 'b']],
  ['nothing', undefined, ['a', 'b']],
  ['null', null, ['a', 'b']],
  ['an empty answer', {}, ['a', 'b']],
  ['null for failures', { batchItemFailures: null }, ['a', 'b']],
  ['one of two', failure('id of a'), ['b']],
  ['an id that it was not given', failure('id of c'), []],
  ['an empty id', failure(''), []],
  ['null for an id', failure(null), []],
  ['another name than itemIdentifier', { batchItemFailures: [{ id: 'id of a' }] }, []],
  ['ids alone', { batchItemFailures: ['id of a'] }, []],
  ['failures that are no list', { batchItemFailures: 'id of a' }, []],
  ['what is no object', 'ok', []],
])('a handler that answers with %s', async (_name, answer, deleted) => {
  waiting = ['a', 'b']
  start(() => answer, { batch: 2 })
  await emptied()
  expect(handles('DeleteMessage').toSorted()).toEqual(deleted.map((body) => `handle of ${body}`))
  expect(told).toHaveLength(deleted.length === 0 ? 1 : 0)
  expect(of('ChangeMessageVisibility')).toEqual([])
})

test('a handler that throws leaves all in the queue, and is told', async () => {
  waiting = ['a', 'b', 'c']
  const fault = new Error('no database')
  start(({ Records }) => (Records.length === 2 ? Promise.reject(fault) : null), { batch: 2 })
  await emptied()
  expect(handles('DeleteMessage')).toEqual(['handle of c'])
  expect(told).toEqual([{ message: expect.stringContaining('id of a, id of b'), fault }])
})

test('so many invocations at once as the width, and no message more in hand', async () => {
  waiting = ['a', 'b', 'c', 'd']
  const gates: (() => void)[] = []
  start(() => new Promise<void>((resolve) => gates.push(resolve)), { width: 2 })
  for (const begun of [2, 3, 4]) {
    await vi.waitFor(() => expect(gates).toHaveLength(begun))
    expect(waiting).toHaveLength(4 - begun)
    gates[begun - 2]?.()
  }
  gates[3]?.()
})

test('a delete that fails is tried again, then told; the worker goes on', async () => {
  waiting = ['a', 'b']
  faults.DeleteMessage = Array.from({ length: 5 }, () => fails(500, 'InternalError'))
  start(() => {})
  await emptied()
  expect(handles('DeleteMessage').join()).toMatch(/^(handle of a,){3}(handle of b,?){3}$/)
  const message = 'message id of a is handled, but could not be deleted: it comes again'
  expect(told).toEqual([{ message, fault: expect.any(Error) }])
})

test('a renewal that fails is told once for its message, and tried on', async () => {
  waiting = ['a', 'b']
  const gone = fails(400, 'ReceiptHandleIsInvalid')
  faults.ChangeMessageVisibility = [gone, gone]
  const renewed = () => expect(of('ChangeMessageVisibility')).toHaveLength(3)
  const slow = () => vi.waitFor(renewed, 20_000).then(() => null)
  start(({ Records }) => (Records[0]?.body === 'a' ? slow() : null), { visibility: 1 })
  await emptied()
  expect(handles('ChangeMessageVisibility')).toEqual(Array(3).fill('handle of a'))
  expect(of('ChangeMessageVisibility')[0]).toMatchObject({ VisibilityTimeout: 1 })
  const message = 'a message in hand may be given to others, too'
  expect(told).toEqual([{ message, fault: expect.any(Error) }])
  expect(handles('DeleteMessage')).toEqual(['handle of a', 'handle of b'])
})

test('a renewal that is under way ends before the message is answered', async () => {
  waiting = ['a']
  const held = Promise.withResolvers<ServerResponse>()
  faults.ChangeMessageVisibility = [held.resolve]
  start(() => held.promise.then(() => {}), { visibility: 1 })
  const renewal = await held.promise
  // Longer than an answer that does not wait takes to come.
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(of('DeleteMessage')).toEqual([])
  tell(renewal, {})
  await emptied()
  expect(handles('DeleteMessage')).toEqual(['handle of a'])
})

test('a look at the queue that is never answered does not keep it from stopping', async () => {
  start(() => {})
  await emptied()
  await worker.stop()
  expect(of('ReceiveMessage').map(({ WaitTimeSeconds }) => WaitTimeSeconds)).toEqual([0, 20])
  expect(told).toEqual([])
}, 10_000)

test('an outage is told once, once more where it turns into another, and at its end', async () => {
  const [none, denied] = [fails(400, 'QueueDoesNotExist'), fails(400, 'AccessDenied')]
  faults = { GetQueueAttributes: [none, denied], ReceiveMessage: [none] }
  waiting = ['a']
  start(() => {})
  await vi.waitFor(() => expect(told).toHaveLength(1))
  expect(worker.isReady()).toBe(false)
  await emptied()
  expect(worker.isReady()).toBe(true)
  const away = `queue ${queue} is away; it is tried until it answers`
  expect(told).toEqual([
    { message: away, fault: expect.objectContaining({ name: 'QueueDoesNotExist' }) },
    { message: away, fault: expect.objectContaining({ name: 'AccessDenied' }) },
    { message: `queue ${queue} answers again`, fault: undefined },
  ])
  expect(handles('DeleteMessage')).toEqual(['handle of a'])
})

test('a host that is not there stops neither the worker nor its stop', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://localstack.invalid:4566')
  start(() => {})
  await vi.waitFor(() => expect(told).toHaveLength(1), 10_000)
  expect(worker.isReady()).toBe(false)
  await worker.stop()
})
