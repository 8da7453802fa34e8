import { beforeAll, describe, expect, test } from 'vitest'
import type { StreamClient, StreamedRecord, StreamRecord } from './kinesis.ts'

/** A stream to test, and what its owner can do to it; both resolve when it is done. */
export interface StreamUnderTest {
  stream: StreamClient
  split: (shard: string) => Promise<void>
  merge: (one: string, two: string) => Promise<void>
}

/** What every StreamClient must do; `make` gives one with two shards and no records. */
export function conformance(name: string, make: () => Promise<StreamUnderTest>): void {
  describe(`${name} as a stream`, () => {
    let given: StreamUnderTest
    beforeAll(async () => {
      given = await make()
    })
    reading(() => given.stream)
    resharding(() => given)
  })
}

function reading(given: () => StreamClient): void {
  test('a stream describes itself, always the same', async () => {
    const stream = given()
    const about = await stream.describe()
    expect(about).toMatchObject({ name: stream.name, status: 'ACTIVE' })
    expect(about.arn).toMatch(
      new RegExp(`^arn:aws:kinesis:us-east-1:\\d{12}:stream/${about.name}$`),
    )
    expect(new Date(about.created).toISOString()).toBe(about.created)
    expect(await stream.describe()).toEqual(about)
    expect(await stream.shards()).toEqual([
      { id: 'shardId-000000000000', parents: [], closed: false },
      { id: 'shardId-000000000001', parents: [], closed: false },
    ])
  })

  test('an empty shard is at its tip', async () => {
    const [shard] = await given().shards()
    const iterator = await given().iterator(shard!.id, 'TRIM_HORIZON')
    const page = await given().get(iterator, 10)
    expect(page).toMatchObject({ records: [], behind: 0, children: [] })
    expect(page.next).toBeDefined()
  })

  test('every record comes back as it was, those of a key in one shard and in order', async () => {
    const put = recordsOf(60)
    await given().put(put)
    const shards = await readAll(given())
    expect(shards.every((records) => records.length > 0)).toBe(true)
    for (const key of new Set(put.map((record) => record.partitionKey))) {
      const homes = shards.filter((records) => records.some((each) => each.partitionKey === key))
      expect(homes.length).toBe(1)
      const found = homes[0]!.filter((each) => each.partitionKey === key).map((each) => each.data)
      expect(found).toEqual(put.filter((each) => each.partitionKey === key).map(({ data }) => data))
    }
  })

  test('sequence numbers grow within a shard, and pass 64 bits', async () => {
    for (const records of await readAll(given())) {
      const numbers = records.map((record) => BigInt(record.sequenceNumber))
      expect(numbers.every((number, n) => n === 0 || number > numbers[n - 1]!)).toBe(true)
      expect(numbers[0]).toBeGreaterThan(2n ** 64n)
      const age = Date.now() - Number(records[0]!.arrived)
      expect(Math.abs(age)).toBeLessThan(60_000)
    }
  })

  test('an iterator after a record begins with the next one', async () => {
    const [shard] = await given().shards()
    const records = await readShard(given(), shard!.id)
    for (const place of [0, 3, records.length - 1]) {
      const rest = await readShard(given(), shard!.id, { after: records[place]!.sequenceNumber })
      expect(rest).toEqual(records.slice(place + 1))
    }
  })

  test('an answer has no more records than asked for; an iterator may be used twice', async () => {
    const [shard] = await given().shards()
    const records = await readShard(given(), shard!.id, 'TRIM_HORIZON', 3)
    expect(records).toEqual(await readShard(given(), shard!.id))
    const last = records.at(-2)!.sequenceNumber
    const iterator = await given().iterator(shard!.id, { after: last })
    const found = async () => (await given().get(iterator, 3)).records
    const twice = [...(await found()), ...(await found()), ...(await found())]
    expect(twice.length).toBeGreaterThanOrEqual(2)
    expect(new Set(twice.map((record) => record.sequenceNumber)).size).toBe(1)
  })

  test('a shard that is not there is a fault', async () => {
    await expect(given().iterator('shardId-000000000099', 'TRIM_HORIZON')).rejects.toThrow()
  })
}

function resharding(given: () => StreamUnderTest): void {
  test('a shard that was split ends, and its children go on', async () => {
    const { stream, split } = given()
    const [shard] = await stream.shards()
    const before = await readShard(stream, shard!.id)
    await split(shard!.id)
    const children = ['shardId-000000000002', 'shardId-000000000003']
    expect(await stream.shards()).toMatchObject([
      { id: shard!.id, closed: true },
      { closed: false },
      { id: children[0], parents: [shard!.id], closed: false },
      { id: children[1], parents: [shard!.id], closed: false },
    ])
    await stream.put(recordsOf(60))
    expect(await readShard(stream, shard!.id)).toEqual(before)
    const after = await Promise.all(children.map((child) => readShard(stream, child)))
    expect(after.flat().length).toBe(before.length)
    const last = BigInt(before.at(-1)!.sequenceNumber)
    expect(after.flat().every((each) => BigInt(each.sequenceNumber) > last)).toBe(true)
  })

  test('the end of a shard names its children, whatever iterator comes there', async () => {
    const { stream } = given()
    const [shard] = await stream.shards()
    const last = (await readShard(stream, shard!.id)).at(-1)!.sequenceNumber
    let page = await stream.get(await stream.iterator(shard!.id, 'TRIM_HORIZON'), 100)
    while (page.next) page = await stream.get(page.next, 100)
    const children = ['shardId-000000000002', 'shardId-000000000003']
    expect(page).toMatchObject({ behind: 0, children })
    const end = await stream.get(await stream.iterator(shard!.id, { after: last }), 100)
    expect(end).toMatchObject({ records: [], next: undefined, behind: 0, children })
  })

  test('shards that were merged end, and their one child names both', async () => {
    const { stream, merge } = given()
    await merge('shardId-000000000002', 'shardId-000000000003')
    const shards = await stream.shards()
    expect(shards.slice(2).map(({ closed }) => closed)).toEqual([true, true, false])
    const child = shards.at(-1)!
    expect(child.parents.toSorted()).toEqual(['shardId-000000000002', 'shardId-000000000003'])
    await stream.put(recordsOf(7))
    expect((await readShard(stream, child.id)).length).toBeGreaterThan(0)
  })
}

/** Seven keys, odd ones among them; bytes of all kinds, none at all too. */
function recordsOf(count: number): StreamRecord[] {
  const keys = ['a', 'b', 'c', 'd', 'ключ', '\u{1F600}', 'k'.repeat(256)]
  return Array.from({ length: count }, (_, n) => ({
    partitionKey: keys[n % keys.length]!,
    data: n === 5 ? Buffer.alloc(0) : Buffer.from([n, 0, 255, n % 7, 128]),
  }))
}

async function readAll(stream: StreamClient): Promise<StreamedRecord[][]> {
  const shards = await stream.shards()
  return Promise.all(shards.map(({ id }) => readShard(stream, id)))
}

/** To the tip, or to the end. */
async function readShard(
  stream: StreamClient,
  shard: string,
  from: 'TRIM_HORIZON' | { after: string } = 'TRIM_HORIZON',
  limit = 100,
): Promise<StreamedRecord[]> {
  const found: StreamedRecord[] = []
  let iterator: string | undefined = await stream.iterator(shard, from)
  while (iterator) {
    const page = await stream.get(iterator, limit)
    expect(page.records.length).toBeLessThanOrEqual(limit)
    found.push(...page.records)
    if (page.records.length === 0 && page.behind === 0) return found
    iterator = page.next
  }
  return found
}
