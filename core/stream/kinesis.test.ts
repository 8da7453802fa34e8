import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openStream, type StreamRecord } from './kinesis.ts'

/** What the server does with one request: refuses records by their data, or all in some way. */
type Behaviour = (data: string[], answer: ServerResponse, request: IncomingMessage) => void

const mebibyte = 1024 * 1024
const refused = {
  ErrorCode: 'ProvisionedThroughputExceededException',
  ErrorMessage: 'Rate exceeded',
}

/** What was in each request, and how the next ones go; after them all is taken. */
let requests: string[][] = []
let bytes: number[] = []
let script: Behaviour[] = []

const server = createServer(async (request, answer) => {
  expect(request.headers['x-amz-target']).toMatch(/^Kinesis_20131202\./)
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
  const records: { Data: string; PartitionKey: string }[] = body.Records ?? []
  const data = records.map((record) => Buffer.from(record.Data, 'base64'))
  requests.push(data.map((each) => each.toString('utf8', 0, 10)))
  bytes.push(data.reduce((sum, each, n) => sum + each.length + records[n]!.PartitionKey.length, 0))
  const behaviour = script.shift() ?? takes()
  behaviour(requests.at(-1)!, answer, request)
})

/** Takes all but these. */
function takes(except: string[] = [], error = refused): Behaviour {
  return (data, answer) => {
    const Records = data.map((each, n) =>
      except.includes(each)
        ? error
        : { SequenceNumber: String(n), ShardId: 'shardId-000000000000' },
    )
    answer.end(JSON.stringify({ FailedRecordCount: except.length, Records }))
  }
}

function fails(status: number, type: string): Behaviour {
  return (_data, answer) => {
    answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    answer.end(JSON.stringify({ __type: type, message: 'as it was told to' }))
  }
}

/** Says that all is well, and then no more than that. */
function tells(text: string): Behaviour {
  return (_data, answer) => void answer.end(text)
}

const drops: Behaviour = (_data, _answer, request) => void request.socket.destroy()

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
beforeEach(() => {
  requests = []
  bytes = []
  script = []
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function open(options: { maxRequestBytes?: number; attempts?: number } = {}) {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return openStream('orders', { endpoint, ...options })
}

function recordsOf(...texts: string[]): StreamRecord[] {
  return texts.map((text) => ({ partitionKey: 'key', data: Buffer.from(text) }))
}

test('a request has 500 records at most, in their order', async () => {
  const texts = Array.from({ length: 1_201 }, (_, n) => String(n))
  await open().put(recordsOf(...texts))
  expect(requests.map((request) => request.length)).toEqual([500, 500, 201])
  expect(requests.flat()).toEqual(texts)
})

test('a request has 5 MiB at most, or what is asked for, keys included', async () => {
  const records = Array.from({ length: 12 }, () => ({
    partitionKey: 'k'.repeat(256),
    data: Buffer.alloc(mebibyte - 256),
  }))
  await open().put(records)
  expect(bytes).toEqual([5 * mebibyte, 5 * mebibyte, 2 * mebibyte])
  bytes = []
  await open({ maxRequestBytes: 2 * mebibyte - 1 }).put(records.slice(0, 3))
  expect(bytes).toEqual([mebibyte, mebibyte, mebibyte])
})

test('nothing to put sends nothing', async () => {
  await open().put([])
  expect(requests).toEqual([])
})

test('a record above 1 MiB with its key is refused before anything is sent', async () => {
  const big = { partitionKey: 'é', data: Buffer.alloc(mebibyte - 1) }
  await expect(open().put([...recordsOf('small'), big])).rejects.toThrow(
    'a record of 1048577 bytes (data and key) is more than stream orders takes: 1048576',
  )
  expect(requests).toEqual([])
})

test('only the records that were refused are sent again, and all others once', async () => {
  const internal = { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' }
  script = [takes(['b', 'd']), takes(['d'], internal)]
  await open().put(recordsOf('a', 'b', 'c', 'd'))
  expect(requests).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['d']])
})

test('a stream that takes a little each time is never given up', async () => {
  script = [takes(['b', 'c', 'd']), takes(['c', 'd']), takes(['d'])]
  await open({ attempts: 1 }).put(recordsOf('a', 'b', 'c', 'd'))
  expect(requests.length).toBe(4)
})

test.for([
  ['throttling', fails(400, 'ProvisionedThroughputExceededException')],
  ['a fault of the server', fails(500, 'InternalFailure')],
  ['a server that is away', fails(503, 'ServiceUnavailable')],
  ['a dropped connection', drops],
  ['an answer without a body', tells('')],
  ['an answer that is cut', tells('{"FailedRecordCount":0,"Rec')],
] as const)('%s that outlasts the retries of the SDK is tried again', async ([, behaviour]) => {
  // The SDK itself tries three times.
  script = [behaviour, behaviour, behaviour, behaviour]
  await open().put(recordsOf('a', 'b'))
  expect(requests).toEqual(Array.from({ length: 5 }, () => ['a', 'b']))
})

test('an answer without a body ends no shard, and is no stream without shards', async () => {
  script = [tells(''), tells('{}')]
  await expect(open().get('iterator', 10)).rejects.toThrow(/told too little of stream orders/)
  await expect(open().shards()).rejects.toThrow(/told too little of stream orders/)
})

test('what no retry cures is thrown at once', async () => {
  script = [fails(400, 'ValidationException')]
  await expect(open().put(recordsOf('a'))).rejects.toThrow('as it was told to')
  expect(requests.length).toBe(1)
})

test('giving up says how many records of which stream were not taken, and why', async () => {
  script = [takes(), takes(['e', 'f']), takes(['e', 'f']), takes(['e', 'f'])]
  const put = open({ maxRequestBytes: 12, attempts: 2 }).put(
    recordsOf('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  )
  await expect(put).rejects.toThrow(
    'stream orders did not take 3 records (ProvisionedThroughputExceededException: Rate exceeded)',
  )
  expect(requests).toEqual([
    ['a', 'b', 'c'],
    ['d', 'e', 'f'],
    ['e', 'f'],
    ['e', 'f'],
  ])
})

test('a stream that is not there is told with the command that makes it', async () => {
  for (const call of ['describe', 'shards'] as const) {
    script = [fails(400, 'ResourceNotFoundException')]
    await expect(open()[call]()).rejects.toThrow(/aws kinesis create-stream --stream-name orders/)
  }
})
