import type { KinesisStreamEvent } from 'aws-lambda'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Lake } from '../../core/lake.ts'
import type { Appended } from '../../core/outcome.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { RESULTS } from '../../core/stream/stream-files.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { streaming } from './handler.ts'
import {
  chunkOf,
  eventsOf,
  globOf,
  query,
  recordsOf,
  rejectsOf,
  StreamLake,
} from './stream.fixture.ts'

const receipts = resource('receipts', ['id:integer', 'name'])
const shard = 'shardId-000000000000'
let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', receipts)
})
afterEach(() => {
  lake.close()
  vi.useRealTimers()
  delete process.env.STREAM_DATASET
})

const named = (row: object) => ({ _dataset: 'till.receipts', ...row })
const events = () => eventsOf(lake.folder, 'till.receipts')
const rejects = (dataset = 'till.receipts') => rejectsOf(lake.folder, dataset)

test('one dataset a stream: what names none is of it, also what cannot be read', async () => {
  await lake.give({ id: 1 }, 'x', { id: 'x' }, { _dataset: null, id: 2 }, { _dataset: 'till.x' })
  process.env.STREAM_DATASET = 'till.receipts'
  await lake.drain()
  expect((await events()).map(({ id }) => id)).toEqual(['1', '2'])
  expect((await rejects()).map(({ raw }) => raw.toString())).toEqual(['x', '{"id":"x"}'])
  expect(await rejects('_unknown')).toHaveLength(1)
  expect(await lake.wrongCounts()).toEqual([])
})

test('a dataset of that name is there no more: all is kept as it came', async () => {
  process.env.STREAM_DATASET = 'till.gone'
  await lake.give({ id: 1 }, 'x')
  await lake.drain()
  expect((await rejects('_unknown')).map(({ raw }) => raw.toString())).toEqual(['{"id":1}', 'x'])
})

test('a package or resource whose name is no word is named as in its descriptor', async () => {
  lake.streamed('my-till', resource('Order Items', ['id:integer']))
  await lake.give(
    { _dataset: 'my-till.Order Items', id: 1 },
    { _dataset: 'my-till.order_items', id: 2 },
  )
  await lake.drain()
  expect(await rejects('_unknown')).toEqual([])
  expect(await eventsOf(lake.folder, 'my_till.order_items')).toEqual([{ id: '1' }, { id: '2' }])
})

test('several datasets, column orders and forms in one batch; partitions; types', async () => {
  const fields = ['id:integer', 'n:number', 'ok:boolean', 'on:date', 'at:datetime', 'what:object']
  lake.streamed(
    'till',
    receipts,
    resource('typed', fields, { fieldsMatch: 'equal' }, { partitionBy: ['ok', { year: 'on' }] }),
  )
  lake.put('streaming/till/typed/1.csv', 'id,n,ok,on,at,what\n1,1.50,true,2026-01-02,,{}\nx,,,,,\n')
  const row = '2026-01-02T03:04:05+01:00,[],2,false,2,2025-12-31\n,,1e2,true,3,2026-01-01\n'
  lake.put('streaming/till/typed/2.csv', `at,what,n,ok,id,on\n${row}`)
  for (const n of [1, 2]) await lake.publish(`streaming/till/typed/${n}.csv`)
  await lake.give({ _dataset: 'till.typed', id: 4, ok: false, what: { a: 1.1 } }, named({ id: 5 }))
  await lake.drain()
  const typed = await eventsOf(lake.folder, 'till.typed')
  expect(typed.map(({ id, n, ok, at }) => [id, n, ok, at])).toEqual([
    ['1', '1.5', 'true', null],
    ['3', '100.0', 'true', null],
    ['4', null, 'false', null],
  ])
  expect((await rejects('till.typed')).map(({ record, line }) => [record, line])).toEqual([
    [2, 3],
    [1, 2],
  ])
  const glob = globOf(`${lake.folder}/streaming_results/till/typed/events`)
  const types = await query(`SELECT column_name, column_type FROM (DESCRIBE FROM ${glob})`)
  const wanted = ['BIGINT', 'DOUBLE', 'BOOLEAN', 'DATE', 'TIMESTAMP', 'VARCHAR']
  expect(types.map(([, type]) => type).map(String)).toEqual(wanted)
  const folders = await query(`SELECT DISTINCT regexp_extract(file, 'events/(.*)/', 1) AS f
    FROM glob('${lake.folder}/streaming_results/till/typed/events/**/*.parquet') ORDER BY f`)
  const hive = '__HIVE_DEFAULT_PARTITION__'
  expect(folders).toEqual([[`ok=false/year=${hive}`], ['ok=true/year=2026']])
  expect(await events()).toEqual([{ id: '5', name: null }])
  expect(await lake.wrongCounts()).toEqual([])
})

test.each([
  ['a value', ['name'], { name: 'x'.repeat(300) }],
  ['a value of many bytes', ['name'], { name: 'é'.repeat(120) }],
  ['all values together', ['a', 'b', 'c', 'd', 'e', 'f'], longs()],
])(
  '%s too long for the name of a folder is a reject, and the shard goes on',
  async (_, by, row) => {
    const fields = ['id:integer', 'name', 'a', 'b', 'c', 'd', 'e', 'f']
    lake.streamed('till', resource('receipts', fields, {}, { partitionBy: by }))
    await lake.give(named({ id: 1, name: 'y' }), named({ id: 2, ...row }), named({ id: 3 }))
    await lake.drain()
    expect((await events()).map(({ id }) => id)).toEqual(['1', '3'])
    const rules = (await rejects()).map(({ errors }) => errors.map(({ rule }) => rule))
    expect([...new Set(rules.flat())]).toEqual(['too-long'])
    expect(await lake.wrongCounts()).toEqual([])
  },
)

function longs() {
  return Object.fromEntries([...'abcdef'].map((name) => [name, 'x'.repeat(190)]))
}

test('an object whose contract has gone, or has other fields, is kept as chunks', async () => {
  lake.put('streaming/till/receipts/1.csv', 'id,name\n1,a\n2,b\n')
  lake.put('streaming/till/receipts/2.csv', 'id,name\n3,c\n"x"y,z\n')
  await lake.publish('streaming/till/receipts/1.csv')
  lake.remove('streaming/till/datapackage.json')
  await lake.drain()
  lake.streamed('till', receipts)
  await lake.publish('streaming/till/receipts/2.csv')
  lake.streamed('till', resource('receipts', ['id:integer', 'nom']))
  await lake.drain()
  expect(await events()).toEqual([])
  const kept = await rejects('_unknown')
  expect(kept.map(({ errors }) => errors[0]!.rule)).toEqual(['unknown-dataset', 'incorrect-label'])
  expect(await rejects()).toMatchObject([{ record: 2, errors: [{ rule: 'quote-error' }] }])
  expect(await lake.wrongCounts()).toEqual([])
  // None of its rows is there, so none is accepted.
  for (const key of ['1', '2'].map((n) => `streaming/till/receipts/${n}.csv`)) {
    expect(await lake.publication(key)).toMatchObject({ status: 'published', rejected: 2 })
  }
})

test('a contract that cannot be used refuses its rows, each once', async () => {
  const fields = [
    { name: 'id', type: 'integer' },
    { name: 'name', type: 'string', constraints: { pattern: '(?=a)a' } },
  ]
  lake.streamed('till', { name: 'receipts', path: 'receipts/1.csv', schema: { fields } })
  lake.put('streaming/till/receipts/1.csv', 'id,name\n1,a\n2,b\n')
  await lake.give(named({ id: 1 }), named({ id: 2, x: 1 }), named({ id: 3, name: 'a\0' }))
  await lake.publish('streaming/till/receipts/1.csv')
  await lake.drain()
  // The three of JSON, and the chunk.
  const kept = (await rejects()).map(({ raw }) => raw.toString())
  expect(kept).toHaveLength(4)
  expect(new Set(kept).size).toBe(4)
  expect(await lake.wrongCounts()).toEqual([])
  const publication = await lake.publication('streaming/till/receipts/1.csv')
  expect(publication).toMatchObject({ records: 2, rejected: 2 })
})

test.each([
  ['quoteChar', '"', "'", '1,"a\nb"\n'],
  ['quoteChar', "'", '"', '1,"a\n2,b"\n'],
  ['delimiter', ',', ';', '1,a\n'],
  ['escapeChar', undefined, '\\', '1,a\\\n'],
])('%s changes after publication: the records stay what they were', async (name, old, now, row) => {
  const said = (value?: string) => ({ ...receipts, dialect: value ? { [name]: value } : {} })
  lake.streamed('till', said(old))
  lake.put('streaming/till/receipts/1.csv', `id,name\n${row}8,h\n9,i\n`)
  const { records } = (await lake.publish('streaming/till/receipts/1.csv'))!
  lake.streamed('till', said(now))
  await lake.drain()
  // By the dialect of then or of now, but each record once, and at its own place.
  expect((await events()).length + (await rejects()).length).toBe(records)
  expect(await lake.wrongCounts()).toEqual([])
})

test('the escape at the very end of an object does not reach into the next one', async () => {
  lake.streamed('till', { ...receipts, dialect: { escapeChar: '\\', doubleQuote: false } })
  lake.put('streaming/till/receipts/1.csv', 'id,name\n1,a\\')
  lake.put('streaming/till/receipts/2.csv', 'id,name\n2,b\n')
  for (const n of [1, 2]) await lake.publish(`streaming/till/receipts/${n}.csv`)
  await lake.drain()
  expect((await events()).map(({ name }) => name)).toContain('b')
  expect((await events()).filter(({ name }) => name?.includes('\n'))).toEqual([])
  expect(await lake.wrongCounts()).toEqual([])
})

/** A store whose PUTs fail from the nth on, of those below a prefix. */
function failing(store: ObjectStore, from: number, prefix = ''): ObjectStore {
  let puts = 0
  const put: ObjectStore['put'] = async (...args) => {
    if (args[0].startsWith(prefix) && ++puts >= from) throw new Error('the store is away')
    return store.put(...args)
  }
  return {
    ...{ url: store.url, scratch: store.scratch, put },
    ...{ head: (key) => store.head(key), get: (key) => store.get(key) },
    ...{ open: (version) => store.open(version), delete: (key) => store.delete(key) },
    ...{ list: (prefix) => store.list(prefix), locate: (key) => store.locate(key) },
  }
}

async function eventOf(): Promise<KinesisStreamEvent> {
  const records = (await recordsOf(lake.stream, shard)).map(({ sequenceNumber, data }) => ({
    eventID: `${shard}:${sequenceNumber}`,
    kinesis: { sequenceNumber, data: data.toString('base64') },
  }))
  return { Records: records } as unknown as KinesisStreamEvent
}

test.each([1, 2, 3])('nothing is committed: all is given again (PUT %d fails)', async (from) => {
  await lake.give(named({ id: 1 }), named({ id: 2 }))
  const event = await eventOf()
  const broken: Lake = { ...lake.lake, store: failing(lake.lake.store, from) }
  const faults: unknown[] = []
  const report = { batch: (_: Appended, fault: unknown) => faults.push(fault), object: () => {} }
  const answer = await streaming(broken, lake.stream, report)(event)
  const [first] = event.Records
  const itemIdentifier = first!.kinesis.sequenceNumber
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier }] })
  expect(String(faults[0])).toContain('the store is away')
})

test('several slices: each is told, and what is committed is not given again', async () => {
  const text = Buffer.from(`1,${'x'.repeat(1_400_000)}\n`.repeat(3))
  const records = [1, 2, 3].map((record) => ({ record, line: record + 1 }))
  const all = Array.from({ length: 33 }, (_, chunk) => chunkOf({ chunk, text, records }))
  await lake.give(...(await Promise.all(all)))
  const event = await eventOf()
  const told: Appended[] = []
  const report = { batch: (one: Appended) => told.push(one), object: () => {} }
  const broken: Lake = { ...lake.lake, store: failing(lake.lake.store, 3, RESULTS) }
  const answer = await streaming(broken, lake.stream, report)(event)
  const itemIdentifier = event.Records[32]!.kinesis.sequenceNumber
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier }] })
  expect(told.map(({ accepted }) => accepted)).toEqual([48, 48, 0])
  told.length = 0
  // The writer that failed is waited for, and its time is over then.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
  expect(await streaming(lake.lake, lake.stream, report)(event)).toEqual({ batchItemFailures: [] })
  expect(told.map(({ accepted }) => accepted)).toEqual([3])
  const glob = globOf(`${lake.folder}/streaming_results/till/receipts/events`)
  expect(await query(`SELECT count(*) FROM ${glob}`)).toEqual([[99n]])
})
