import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryStore } from '../../core/store/memory-store.ts'
import {
  checkpointFolder,
  newCheckpoint,
  type Runs,
  shardStem,
} from '../../core/stream/checkpoint.ts'
import { encodeRedriven, type Redriven } from '../../core/stream/chunk.ts'
import { settleAgain } from '../../core/stream/committed.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { failureOf, Mapping } from './given-up.fixture.ts'
import { eventsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** What a stranger's record, or a making of the stream that is forgotten, can do, and cannot. */

const receipts = resource('receipts', ['id:integer', 'name'])
const shard = 'shardId-000000000000'
let lake: StreamLake<MemoryStream>
let mapping: Mapping

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', receipts)
  mapping = new Mapping(lake)
})
afterEach(() => lake.close())

const row = (id: number) => JSON.stringify({ _dataset: 'till.receipts', id })
const rows = (count: number) => Array.from({ length: count }, (_, i) => row(i))
const ids = async () => {
  const found = await eventsOf(lake.folder, 'till.receipts')
  return found.map(({ id }) => Number(id)).toSorted((a, b) => a - b)
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

async function forge(over: Partial<Redriven>): Promise<void> {
  const origin = { stream: 'till', created: (await lake.stream.describe()).created, shard }
  const data = Buffer.from(row(99))
  const one = { kind: 'redriven' as const, origin, sequence: '1', after: '', data, ...over }
  await lake.give(await encodeRedriven(one))
}

test('a record that says it goes on from a later one makes no run shorter', async () => {
  await lake.give(...rows(6))
  await mapping.deliver(shard, 1)
  await mapping.giveUp(shard, 4, 4)
  await mapping.deliver(shard, 1)
  const { committed } = (await lake.checkpoints())[shard]!
  const runs = Object.values(committed).flat()
  for (const [, last] of runs) await forge({ after: last })
  await mapping.finish()
  await mapping.redrive()
  await mapping.finish()
  expect(await ids()).toEqual([...upTo(6), 99])
})

test('records with numbers as no stream has them are kept, and stop no shard', async () => {
  const far = (n: number) => '1'.repeat(120) + String(1000 + n)
  for (let n = 0; n < 34; n++) await forge({ sequence: far(n) })
  await lake.give(row(0))
  await mapping.finish()
  // As the runs of the commit before go into a file now.
  await lake.give(row(1))
  await mapping.finish()
  expect(await ids()).toEqual([0, 1])
  expect(await rejectsOf(lake.folder, '_unknown')).toHaveLength(34)
})

test('the longest numbers that are taken fit into the name of a file', async () => {
  for (let n = 0; n < 34; n++) {
    await forge({ sequence: '9'.repeat(60) + String(1000 + n), data: Buffer.from(row(n)) })
  }
  for (let n = 0; n < 3; n++) {
    await lake.give(row(50 + n))
    await mapping.finish()
  }
  const early = await rejectsOf(lake.folder, '_unknown')
  expect((await ids()).length + early.length).toBe(37)
})

test('each file of runs is read once, whatever many records are looked for', async () => {
  const store = new MemoryStore()
  const id = { stream: 'till', created: '2026-01-01T00:00:00.000Z', shard }
  for (let file = 0; file < 5; file++) {
    const runs: Runs = [10, 30].map((n) => [String(100 * file + n), String(100 * file + n + 9)])
    const name = `${runs[0]![0]}-${runs[1]![1]}-0123456789abcdef.json`
    const key = `streaming_results/_committed/${shardStem(id)}/${name}`
    await store.put(key, Buffer.from(JSON.stringify(runs)))
  }
  let reads = 0
  const get = store.get.bind(store)
  store.get = (key) => {
    if (key.includes('_committed')) reads++
    return get(key)
  }
  const before = { ...newCheckpoint(id), begun: true, position: '1000' }
  const head = { kind: 'redriven' as const, origin: id, after: '', data: Buffer.alloc(0) }
  const again = upTo(500).map((n) => ({
    ...{ record: { ...head, sequence: String(n) }, poison: [] },
    rows: [{ sequence: String(n), line: 1, raw: head.data, record: new Map() }],
  }))
  const none = { ours: [], rows: [], poison: [], follows: false }
  const { slice } = await settleAgain(store, before, {
    ...none,
    first: '1001',
    last: '1002',
    again,
  })
  expect(slice.rows).toHaveLength(500 - 5 * 20)
  expect(reads).toBe(5)
})

describe('a batch of a making of the stream that left no checkpoint', () => {
  const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/till'
  const given = (n: number) => ({
    ...{ sequenceNumber: String(500 + n), partitionKey: 'given', data: Buffer.from(row(n)) },
    arrived: new Date('2020-01-01T00:00:00Z'),
  })
  const object = 'aws/lambda/x'
  const put = (count: number) => {
    return mapping.failed.put(
      object,
      Buffer.from(failureOf(arn, shard, upTo(count).map(given), true)),
    )
  }
  const runsOf = (stem: string, first: string, last: string) => {
    const key = `streaming_results/_committed/${stem}/${first}-${last}-0123456789abcdef.json`
    return lake.lake.store.put(key, Buffer.from(JSON.stringify([[first, last]])))
  }

  test('comes in, once', async () => {
    for (let time = 0; time < 3; time++) {
      await put(3)
      expect(await mapping.redrive()).toMatchObject([{ status: 'redriven', records: 3 }])
      if (time > 0) await mapping.finish()
    }
    expect(await ids()).toEqual(upTo(3))
    expect(await lake.wrongCounts()).toEqual([])
  })

  test('comes in once, though the shard was split between', async () => {
    for (let time = 0; time < 3; time++) {
      await put(3)
      expect(await mapping.redrive()).toMatchObject([{ status: 'redriven' }])
      await mapping.finish()
      const open = (await lake.stream.shards()).filter(({ closed }) => !closed)
      for (const { id } of open) lake.stream.split(id)
    }
    expect(await ids()).toEqual(upTo(3))
  })

  test('stays where runs lie about it whose checkpoint was removed, with the cure', async () => {
    await runsOf(`0123abcd-${shard}`, '400', '501')
    await put(3)
    const [told] = await mapping.redrive()
    expect(told).toMatchObject({ status: 'refused', records: 3 })
    expect(told?.reason).toMatch(/2020-01-01.*put the last version .* checkpoints back.*again$/)
    expect(await mapping.failed.head(object)).toBeDefined()
  })

  test.each([
    ['another shard', '0123abcd-shardId-000000000001', '400', '600'],
    ['before it', `0123abcd-${shard}`, '400', '499'],
    ['after it', `0123abcd-${shard}`, '503', '600'],
  ])('comes in where runs are of %s', async (_, stem, first, last) => {
    await runsOf(stem, first, last)
    await put(3)
    expect(await mapping.redrive()).toMatchObject([{ status: 'redriven' }])
  })

  test('that came just before the oldest one, by clocks that differ, is of that', async () => {
    const created = '2020-01-01T00:00:30.000Z'
    const id = { stream: 'till', created, shard }
    const state = {
      ...newCheckpoint(id),
      begun: true,
      committed: { [shardStem(id)]: [['500', '502']] },
    }
    const record = { id: 'x', epoch: 1, state, files: [], writing: null, garbage: [] }
    const key = `${checkpointFolder(id)}${shard}.json`
    await lake.lake.store.put(key, Buffer.from(JSON.stringify(record)))
    await put(3)
    await mapping.redrive()
    await mapping.finish()
    expect(await ids()).toEqual([])
  })
})
