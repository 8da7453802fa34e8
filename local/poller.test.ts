import { setTimeout as sleep } from 'node:timers/promises'
import type { KinesisStreamEvent } from 'aws-lambda'
import { afterEach, expect, test } from 'vitest'
import { put, run, stopAll, texts, until } from './poller.fixture.ts'
import { MemoryStream } from './stream.fixture.ts'

const shard = 'shardId-000000000000'

afterEach(stopAll)

test('an event looks as Lambda’s does', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, ['hello'], 'key')
  let event: KinesisStreamEvent | undefined
  const { poller } = run(stream, {}, (_texts, given) => {
    event = given
  })
  await poller.drained()
  const [record] = event!.Records
  expect(record).toEqual({
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:${record!.kinesis.sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/sluice',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: 'key',
      sequenceNumber: expect.stringMatching(/^\d{55,56}$/),
      data: 'aGVsbG8=',
      approximateArrivalTimestamp: expect.closeTo(Date.now() / 1000, -1),
    },
  })
})

test('a shard is read in order, in batches that are full while there is enough', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, texts(0, 103))
  const { poller, calls, failures } = run(stream, { batchSize: 10 })
  await poller.drained()
  expect(calls.flat()).toEqual(texts(0, 103))
  expect(calls.map((call) => call.length)).toEqual([...Array(10).fill(10), 3])
  expect(failures).toEqual([])
})

test('a batch is no more than 6 MiB of JSON', async () => {
  const stream = new MemoryStream('orders', 1)
  const data = Buffer.alloc(1024 * 1024 - 1)
  await stream.put(Array.from({ length: 9 }, () => ({ partitionKey: 'k', data })))
  const sizes: number[] = []
  const { poller } = run(stream, { batchSize: 100 }, (_texts, event) => {
    sizes.push(JSON.stringify(event).length)
  })
  await poller.drained()
  expect(sizes.length).toBe(3)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(6 * 1024 * 1024)
})

test('a window collects what comes within it', async () => {
  const stream = new MemoryStream('orders', 1)
  const { poller, calls } = run(stream, { batchSize: 100, windowMs: 1_000 })
  for (const text of texts(0, 5)) {
    await put(stream, [text])
    await sleep(20)
  }
  expect(calls).toEqual([])
  await poller.drained()
  expect(calls).toEqual([texts(0, 5)])
})

test('parents are done before their children begin, through splits and merges', async () => {
  const stream = new MemoryStream('orders', 1)
  const done: string[] = []
  const handle = async (given: string[]) => {
    await sleep(2)
    done.push(...given)
  }
  await put(stream, texts(0, 20))
  const [low, high] = stream.split(shard)
  await put(stream, texts(100, 20))
  const { poller } = run(stream, {}, handle)
  await poller.drained()
  await put(stream, texts(150, 20))
  stream.merge(low, high)
  await put(stream, texts(200, 20))
  await poller.drained()
  await put(stream, texts(300, 20))
  await poller.drained()
  const hundreds = done.map((text) => Math.floor(Number(text) / 100))
  expect(hundreds).toEqual(hundreds.toSorted())
  expect(new Set(done).size).toBe(100)
  expect(done.length).toBe(100)
})

test('shards are read side by side, each with one batch in hand', async () => {
  const stream = new MemoryStream('orders', 12)
  await put(stream, texts(0, 200))
  const inHand = new Map<string, number>()
  let most = 0
  const { poller, calls } = run(stream, {}, async (_texts, event) => {
    const id = event.Records[0]!.eventID.split(':')[0]!
    inHand.set(id, (inHand.get(id) ?? 0) + 1)
    most = Math.max(most, inHand.size)
    await sleep(5)
    expect(inHand.get(id)).toBe(1)
    inHand.delete(id)
  })
  await poller.drained()
  expect(most).toBe(12)
  expect(calls.flat().toSorted()).toEqual(texts(0, 200).toSorted())
})

test('while a batch is in hand the next one is fetched, and no more', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, texts(0, 1_000))
  let given = 0
  const get = stream.get.bind(stream)
  stream.get = async (iterator, limit) => {
    const page = await get(iterator, limit)
    given += page.records.length
    return page
  }
  const hold = Promise.withResolvers<void>()
  const { poller, calls } = run(stream, { batchSize: 100 }, () => hold.promise)
  await until(() => given >= 200)
  await sleep(50)
  expect(calls.length).toBe(1)
  // Two batches, and what was left of the last answer.
  expect(given).toBeLessThan(300)
  hold.resolve()
  await poller.drained()
  expect(calls.flat()).toEqual(texts(0, 1_000))
})

test('a batch that waits for the handler grows meanwhile', async () => {
  const stream = new MemoryStream('orders', 1)
  const hold = Promise.withResolvers<void>()
  await put(stream, ['first'])
  const { poller, calls } = run(stream, { batchSize: 10 }, () => hold.promise)
  await until(() => calls.length === 1)
  for (const text of texts(0, 5)) {
    await put(stream, [text])
    // It looks every 100 ms.
    await sleep(70)
  }
  hold.resolve()
  await poller.drained()
  expect(calls).toEqual([['first'], texts(0, 5)])
})

test('a stream that fails for a while loses nothing, and the failures are told', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, texts(0, 60))
  const get = stream.get.bind(stream)
  let gets = 0
  stream.get = async (iterator, limit) => {
    if (++gets % 3 === 0) throw new Error('reset')
    return get(iterator, limit)
  }
  const { poller, calls, failures } = run(stream)
  await poller.drained()
  expect(calls.flat()).toEqual(texts(0, 60))
  expect(failures).toContainEqual([shard, 'reset', 1])
})

test('a stream that was made anew is another one, whatever its shards are called', async () => {
  const stream = new MemoryStream('orders', 1)
  const [child] = stream.split(shard)
  let anew = 0
  const { poller, calls, failures } = run(stream, { idleMs: 1, anew: () => anew++ })
  await put(stream, texts(0, 10))
  await poller.drained()
  // As long as it takes at least.
  await sleep(500)
  stream.recreate(1)
  await put(stream, ['parent'])
  stream.split(shard)
  await put(stream, texts(10, 10))
  expect(await poller.drained().catch((error: Error) => error.message)).toMatch('was made anew')
  await until(() => anew === 1)
  expect(calls.flat().toSorted()).toEqual(texts(0, 10))
  expect(failures.every(([id]) => id >= child)).toBe(true)
  const next = run(stream)
  await next.poller.drained()
  expect(next.calls[0]).toEqual(['parent'])
})
