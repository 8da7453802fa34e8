import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Chunk, decodeOurs, type End, type Redriven } from '../../core/stream/chunk.ts'
import type { StreamRecord } from '../../core/stream/kinesis.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, globOf, query, recordsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** A stream that takes nothing from the nth request on: a process that was killed then. */
class Mortal extends MemoryStream {
  left = Number.POSITIVE_INFINITY
  requests = 0

  override async put(records: StreamRecord[]): Promise<void> {
    if (this.left-- <= 0) throw new Error('killed')
    this.requests++
    await super.put(records)
  }
}

const receipts = resource('receipts', ['id:integer', 'name'])
const key = 'streaming/till/receipts/1.csv'
let lake: StreamLake<Mortal>

beforeEach(() => {
  lake = new StreamLake(new Mortal('till', 1))
  lake.streamed('till', receipts)
})
afterEach(() => lake.close())

/** All that was sent, decoded, in the order of the stream. */
async function sent(): Promise<(Chunk | End | Redriven)[]> {
  const shards = (await lake.stream.shards()).map(({ id }) => recordsOf(lake.stream, id))
  return Promise.all((await Promise.all(shards)).flat().map(({ data }) => decodeOurs(data)))
}

const events = () => eventsOf(lake.folder, 'till.receipts')
const rejects = () => rejectsOf(lake.folder, 'till.receipts')
const status = async (of = key) => (await lake.publish(of))?.status

/** Rows of some 100 bytes; every 1,000th is broken. */
function manyRows(count: number): string {
  const rows = Array.from({ length: count }, (_, i) =>
    i % 1000 === 999 ? `${i},"x"y` : `${i},${String(i).repeat(16)}`,
  )
  return `id,name\n${rows.join('\n')}\n`
}

test.each([
  ['streaming/till/README.md', 'x'],
  ['streaming/till/datapackage.json.bak', 'x'],
  ['bronze/shop/orders/1.csv', 'id\n1\n'],
  ['bronze/shop/orders/1.ndjson', '{}'],
  ['bronze/other.csv', 'id\n1\n'],
])('%s is none of a stream', async (of, content) => {
  lake.describe('shop', resource('orders', ['id']))
  lake.put(of, content)
  expect(await lake.publish(of)).toBe(undefined)
  expect(await lake.publish(`${of}.gone`)).toBe(undefined)
  expect(lake.stream.requests).toBe(0)
})

test.each([
  'streaming/x/1.csv',
  'streaming/till/other.ndjson',
  'streaming/1.jsonl.gz',
  'streaming/1.csv',
])('%s has no contract, and is held until it has', async (of) => {
  lake.put(of, 'id,name\n1,a\n')
  expect(await lake.publish(of)).toMatchObject({
    status: 'held',
    reason: expect.stringMatching(/datapackage/),
  })
  expect(lake.stream.requests).toBe(0)
})

test.each<[string, string | Buffer, RegExp]>([
  ['a wrong header', 'id,nam\n1,a\n', /incorrect-label/],
  ['nothing', '', /the object is empty/],
])('%s is refused; once it is mended, it goes', async (_, content, reason) => {
  lake.put(key, content)
  for (const _again of [1, 2]) {
    const outcome = await lake.publish(key)
    expect(outcome).toMatchObject({ status: 'refused', reason: expect.stringMatching(reason) })
  }
  expect(lake.stream.requests).toBe(0)
  lake.put(key, 'id,name\n1,a\n')
  expect(await lake.publish(key)).toMatchObject({ status: 'published', records: 1 })
})

test('a contract that cannot be used refuses; once it is mended, the object goes', async () => {
  lake.put(key, 'id,name\n1,a\n')
  lake.streamed('till', resource('receipts', ['id:integer', 'name:wrong']))
  expect(await lake.publish(key)).toMatchObject({
    status: 'refused',
    reason: expect.stringMatching(/wrong/),
  })
  lake.streamed('till', resource('receipts', ['id:integer', 'name'], {}, { encoding: 'x' }))
  expect(await status()).toBe('refused')
  lake.streamed('till', receipts)
  expect(await status()).toBe('published')
})

test('what is published is not sent again, when it is touched neither', async () => {
  lake.put(key, 'id,name\n1,a\n')
  expect(await status()).toBe('published')
  const { requests } = lake.stream
  expect(await status()).toBe('published')
  lake.put(key, 'id,name\n1,a\n')
  expect(await status()).toBe('published')
  await lake.drain()
  for (const _ of [1, 2]) {
    expect(await lake.publish(key)).toMatchObject({ status: 'unchanged', records: 1, accepted: 1 })
    lake.put(key, 'id,name\n1,a\n')
  }
  lake.stream.recreate(1)
  expect(await status()).toBe('unchanged')
  expect(lake.stream.requests).toBe(requests)
})

test.each(['sent', 'appended'])(
  'content that changes when all is %s is refused, with the cure',
  async (when) => {
    lake.put(key, 'id,name\n1,a\n')
    await lake.publish(key)
    if (when === 'appended') await lake.drain()
    lake.put(key, 'id,name\n1,b\n')
    const outcome = await lake.publish(key)
    expect(outcome).toMatchObject({
      status: 'refused',
      reason: expect.stringMatching(/put the first content back/),
    })
    lake.put(key, 'id,name\n1,a\n')
    expect(await status()).toBe(when === 'sent' ? 'published' : 'unchanged')
    await lake.drain()
    expect(await events()).toEqual([{ id: '1', name: 'a' }])
  },
)

test('how it is cut changes while it is published: refused until it is put back', async () => {
  lake.put(key, manyRows(60_000))
  lake.stream.left = 1
  await expect(lake.publish(key)).rejects.toThrow('killed')
  lake.stream.left = 9
  lake.streamed(
    'till',
    resource('receipts', ['id:integer', 'name'], {}, { stream: { partitionKey: 'id' } }),
  )
  expect(await lake.publish(key)).toMatchObject({
    status: 'refused',
    reason: expect.stringMatching(/put the contract back/),
  })
  lake.streamed('till', receipts)
  expect(await status()).toBe('published')
})

test.each([{}, { stream: { partitionKey: 'id' } }])(
  'killed at any request and started anew, it sends the same chunks: %j',
  async (sluice) => {
    lake.streamed('till', resource('receipts', ['id:integer', 'name'], {}, sluice))
    lake.put(key, manyRows(100_000))
    for (const left of [0, 1]) {
      lake.stream.left = left
      await expect(lake.publish(key)).rejects.toThrow('killed')
      if (left === 1) await lake.drain({ size: 7 })
    }
    lake.stream.left = 99
    expect(await lake.publish(key)).toMatchObject({ status: 'published', records: 100_000 })
    const byNumber = new Map<number, unknown>()
    const chunks = (await sent()).filter((part) => part.kind === 'chunk')
    for (const chunk of chunks) {
      expect(isDeepStrictEqual(byNumber.get(chunk.chunk) ?? chunk, chunk)).toBe(true)
      byNumber.set(chunk.chunk, chunk)
    }
    expect(byNumber.size).toBeLessThan(chunks.length)
    const { chunks: count } = (await sent()).find((part) => part.kind === 'end')!
    expect([...byNumber.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, i) => i),
    )
    await lake.drain({ size: 11 })
    const glob = globOf(`${lake.folder}/streaming_results`)
    const found = await query(`SELECT count(*), count(DISTINCT id), sum(id)::BIGINT FROM ${glob}`)
    const sum =
      (100_000n * 99_999n) / 2n -
      Array.from({ length: 100 }, (_, i) => BigInt(i) * 1000n + 999n).reduce((a, b) => a + b)
    expect(found).toEqual([[99_900n, 99_900n, sum]])
    expect((await rejects()).map(({ record }) => record).sort((a, b) => a! - b!)).toEqual(
      Array.from({ length: 100 }, (_, i) => i * 1000 + 1000),
    )
    expect(await lake.publication(key)).toMatchObject({
      status: 'published',
      records: 100_000,
      rejected: 100,
    })
  },
)

test('an object without a record is published all the same', async () => {
  lake.put(key, 'id,name\n')
  lake.put('streaming/till/receipts/2.ndjson', '\n \n')
  for (const of of [key, 'streaming/till/receipts/2.ndjson']) {
    expect(await lake.publish(of)).toMatchObject({ status: 'published', records: 0 })
  }
  const { ends } = await lake.drain()
  expect(ends).toMatchObject([
    { status: 'loaded', records: 0 },
    { status: 'loaded', records: 0 },
  ])
})

test('objects of the same content are objects of their own', async () => {
  for (const n of [1, 2, 3]) {
    lake.put(`streaming/till/receipts/${n}.csv`, 'id,name\n1,a\n')
    expect(await status(`streaming/till/receipts/${n}.csv`)).toBe('published')
  }
  await lake.drain()
  expect(await events()).toHaveLength(3)
  expect(await lake.publication('streaming/till/receipts/3.csv')).toMatchObject({
    status: 'published',
  })
})
