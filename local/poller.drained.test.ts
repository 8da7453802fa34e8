import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { put, run, stopAll, texts, until } from './poller.fixture.ts'
import { Poller } from './poller.ts'
import { MemoryStream } from './stream.fixture.ts'

const shard = 'shardId-000000000000'

afterEach(stopAll)

test('a batch that fails comes again, in halves, before anything later of its shard', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, texts(0, 8))
  let isBroken = true
  const { poller, calls, failures } = run(stream, { bisect: true }, (given) => {
    if (!isBroken || !given.includes('1')) return
    if (given.length === 1) isBroken = false
    throw new Error('no database')
  })
  await poller.drained()
  expect(calls).toEqual([
    ['0', '1', '2', '3'],
    ['0', '1'],
    ['0'],
    ['1'],
    ['1'],
    ['2', '3'],
    ['4', '5', '6', '7'],
  ])
  expect(failures).toEqual(Array(3).fill([shard, 'no database', 1]))
})

test('drained waits for what was put before, though it is in hand or fails at first', async () => {
  const stream = new MemoryStream('orders', 2)
  const done: string[] = []
  let calls = 0
  const { poller } = run(stream, {}, async (given) => {
    await sleep(3)
    if (++calls % 3 === 1) throw new Error('once more')
    done.push(...given)
  })
  for (let round = 0; round < 20; round++) {
    await put(stream, texts(round * 20, 20))
    await sleep(round)
    await poller.drained()
    expect(done.length).toBe((round + 1) * 20)
  }
})

test('drained does not wait for what comes after it', async () => {
  const stream = new MemoryStream('orders', 1)
  const { poller, calls } = run(stream, { batchSize: 1 }, () => sleep(1))
  await put(stream, ['first'])
  let isDrained = false
  void poller.drained().then(() => {
    isDrained = true
  })
  while (!isDrained) {
    await put(stream, ['later'])
    await sleep(3)
  }
  expect(calls[0]).toEqual(['first'])
})

test('drained does not trust an answer that was on its way when it was called', async () => {
  const stream = new MemoryStream('orders', 1)
  const get = stream.get.bind(stream)
  let onTheWay = 0
  stream.get = async (iterator, limit) => {
    const page = await get(iterator, limit)
    onTheWay++
    await sleep(30)
    onTheWay--
    return page
  }
  const { poller, calls } = run(stream)
  for (const text of texts(0, 5)) {
    await until(() => onTheWay > 0)
    await put(stream, [text])
    await poller.drained()
    expect(calls.flat()).toContain(text)
  }
})

test.for([0, 1])('drained waits for a shard that ends meanwhile, with number %i', async (index) => {
  const stream = new MemoryStream('orders', 2)
  const ids = (await stream.shards()).map(({ id }) => id)
  let done = 0
  const { poller } = run(stream, {}, async (given) => {
    await sleep(10)
    done += given.length
  })
  await poller.drained()
  await put(stream, texts(0, 40))
  const shards = stream.shards.bind(stream)
  // Just after it was listed as open.
  stream.shards = async () => {
    const listed = await shards()
    stream.shards = shards
    stream.split(ids[index]!)
    return listed
  }
  await poller.drained()
  expect(done).toBe(40)
})

test('drained finds shards whose parents end while it waits', async () => {
  const stream = new MemoryStream('orders', 1)
  const { poller, calls } = run(stream, {}, () => sleep(1))
  await put(stream, texts(0, 10))
  await poller.drained()
  const ids = [shard]
  for (let round = 1; round < 5; round++) {
    ids.push(...stream.split(ids.pop()!))
    await put(stream, texts(round * 10, 10))
    await poller.drained()
    expect(calls.flat().length).toBe((round + 1) * 10)
  }
})

test('stop lets the batch in hand end, takes no more, and rejects who waits', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, texts(0, 100))
  const hold = Promise.withResolvers<void>()
  let ended = 0
  const { poller, calls } = run(stream, {}, async () => {
    await hold.promise
    ended++
  })
  const drained = expect(poller.drained()).rejects.toThrow(
    'the poller of stream orders was stopped',
  )
  await until(() => calls.length === 1)
  const stopping = poller.stop()
  await drained
  expect(ended).toBe(0)
  hold.resolve()
  await stopping
  expect(ended).toBe(1)
  await sleep(20)
  expect(calls.length).toBe(1)
  await expect(poller.drained()).rejects.toThrow('was stopped')
})

test('stop ends the tries of a batch that does not go through', async () => {
  const stream = new MemoryStream('orders', 1)
  await put(stream, ['poison'])
  const retry = { first: 1, longest: 60_000 }
  const { poller, failures } = run(stream, { retry }, () => Promise.reject(new Error('never')))
  await until(() => failures.length === 3)
  await poller.stop()
  expect(failures.slice(0, 3).map(([, , tries]) => tries)).toEqual([1, 2, 3])
})

test('before start there is nothing to wait for', async () => {
  const options = { batchSize: 1, windowMs: 0, bisect: false, retry: { first: 1, longest: 1 } }
  const handler = async () => ({ batchItemFailures: [] })
  const poller = new Poller(new MemoryStream('orders'), handler, options)
  await expect(poller.drained()).rejects.toThrow('start()')
  await poller.stop()
})
