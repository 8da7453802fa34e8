import { afterEach, beforeEach, expect, test } from 'vitest'
import { tick } from '../../functions/maintenance/tick.ts'
import { TestShop } from '../../functions/shop.fixture.ts'
import { resource, runSilver } from '../../functions/stages.fixture.ts'
import { drain } from '../../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { type CommitRecord, readRecord } from '../commit/commit-record.ts'
import { type Checkpoint, checkpointKey, parseCheckpoint } from '../stream/checkpoint.ts'
import { eventsFolder } from '../stream/stream-files.ts'

let files: TestShop
let stream: MemoryStream
beforeEach(() => {
  files = new TestShop()
  stream = new MemoryStream('till', 2)
})
afterEach(() => files.close())

const ask = (sql: string) => files.ask(sql)

const fields = ['id:integer', 'store', 'qty:integer', 'ts:datetime']
const measures = {
  n: 'count()',
  revenue: 'sum(total)',
  low: 'min(total)',
  high: 'max(qty)',
  mean: 'avg(qty)',
  price: 'avg(total)',
  weight: 'sum(kg)',
  open: 'max(store)',
}
const every = '5 minutes'
const revenue = { name: 'revenue', every, groupBy: ['store'], measures }
const all = { name: 'all_of_it', every: '7 minutes', groupBy: [], measures: { n: 'count()' } }

function describeReceipts(windows: object[] = [revenue, all], more: object[] = []): void {
  const described = resource(
    'receipts',
    fields,
    {},
    {
      stream: { eventTime: 'ts', watermark: '2 minutes' },
      windows,
    },
  ) as { schema: { fields: object[] } }
  const total = { name: 'total', type: 'number', sluice: { decimal: [10, 2] } }
  described.schema.fields.push(total, { name: 'kg', type: 'number' }, ...more)
  const json = JSON.stringify({ name: 'till', resources: [described] })
  files.put('streaming/till/datapackage.json', json)
}

let seed = 11
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

/** Puts receipts around a minute of the day, some of them an hour late, and commits them. */
async function receive(count: number, minute: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => {
    const late = random(8) === 0 ? 60 : 0
    const at = new Date(Date.UTC(2026, 0, 1, 10, minute + random(6) - late, random(60)))
    const receipt = {
      _dataset: 'till.receipts',
      id: i,
      store: ['A', 'B', 'it"s', null][random(4)],
      qty: random(3) === 0 ? null : random(1_000),
      ts: random(9) === 0 ? null : at.toISOString().slice(0, 19),
      total: random(5) === 0 ? null : random(100_000) / 100,
      kg: random(16) / 16,
    }
    const data = Buffer.from(JSON.stringify(receipt))
    return { data, partitionKey: String(random(99)) }
  })
  await stream.put(records)
  await drain(files.lake, stream, { size: 9 })
}

/** What is in one of two answers and not in the other, both of one state of the lake. */
function differences(merged: string, direct: string): Promise<unknown[][]> {
  return ask(`WITH merged AS (${merged}), direct AS (${direct})
    (FROM merged EXCEPT ALL FROM direct) UNION ALL (FROM direct EXCEPT ALL FROM merged)`)
}

async function expectWindowsToBeTheEvents(): Promise<void> {
  const found = await differences(
    `SELECT window_start, window_end, store, n, revenue, low, high, mean, round(price, 9),
       weight, open FROM windows.till.receipts_revenue`,
    `SELECT time_bucket(INTERVAL '${every}', ts) AS s, s + INTERVAL '${every}', store, count(*),
       sum(total)::DECIMAL(38,2), min(total), max(qty), avg(qty), round(avg(total), 9), sum(kg),
       max(store)
     FROM events.till.receipts WHERE ts IS NOT NULL GROUP BY ALL`,
  )
  expect(found).toEqual([])
  const whole = await differences(
    'SELECT window_start, n FROM windows.till.receipts_all_of_it',
    `SELECT make_timestamp(epoch_us(ts) // 420000000 * 420000000), count(*)
     FROM events.till.receipts WHERE ts IS NOT NULL GROUP BY ALL`,
  )
  expect(whole).toEqual([])
}

test('merged windows are one query over the events, at every moment', async () => {
  describeReceipts()
  const seen = { late: 0, open: 0, both: 0, closed: 0 }
  for (let minute = 0; minute < 40; minute += 4) {
    await receive(20, minute)
    await expectWindowsToBeTheEvents()
    const [[late, open, both, closed] = []] = await ask(`SELECT count(*) FILTER (late),
      count(*) FILTER (_open), count(*) FILTER (late AND _open),
      count(*) FILTER (NOT late AND NOT _open) FROM windows.till.receipts_revenue`)
    seen.late += Number(late)
    seen.open += Number(open)
    seen.both += Number(both)
    seen.closed += Number(closed)
  }
  expect(Math.min(seen.late, seen.open, seen.both, seen.closed)).toBeGreaterThan(0)
  const [shard = ''] = (await stream.shards()).map(({ id }) => id)
  stream.split(shard)
  await receive(20, 41)
  await expectWindowsToBeTheEvents()
  await tick(files.lake, { all: true })
  await expectWindowsToBeTheEvents()
  expect(await ask('SELECT count(*) FROM windows.till.receipts_revenue WHERE _open')).toEqual([[0]])
})

test('also where groups are so many that parts are written early', async () => {
  process.env.SLUICE_WINDOW_GROUPS = '3'
  try {
    describeReceipts()
    for (let minute = 0; minute < 12; minute += 4) {
      await receive(20, minute)
      await expectWindowsToBeTheEvents()
    }
  } finally {
    delete process.env.SLUICE_WINDOW_GROUPS
  }
})

test('without an event, there are the columns', async () => {
  describeReceipts()
  expect(await ask('SELECT * FROM events.till.receipts')).toEqual([])
  const columns = await ask(
    'SELECT column_name, column_type FROM (DESCRIBE windows.till.receipts_revenue)',
  )
  const listed = await ask(`SELECT unnest(column_names), unnest(column_types)
    FROM (SHOW ALL TABLES) WHERE name = 'receipts_' || 'revenue'`)
  expect(columns).toEqual(listed)
  expect(Object.fromEntries(columns)).toEqual({
    window_start: 'TIMESTAMP',
    window_end: 'TIMESTAMP',
    store: 'VARCHAR',
    n: 'BIGINT',
    revenue: 'DECIMAL(38,2)',
    low: 'DECIMAL(10,2)',
    high: 'BIGINT',
    mean: 'DOUBLE',
    price: 'DOUBLE',
    weight: 'DOUBLE',
    open: 'VARCHAR',
    late: 'BOOLEAN',
    _open: 'BOOLEAN',
  })
})

test('events of a commit that its writer died in are not seen', async () => {
  describeReceipts()
  await receive(40, 0)
  const [[before] = []] = await ask('SELECT count(*) FROM events.till.receipts')
  const [shard = ''] = (await stream.shards()).map(({ id }) => id)
  const key = checkpointKey({ stream: 'till', created: (await stream.describe()).created, shard })
  const held = await readRecord(files.lake.store, key, parseCheckpoint)
  const record = held!.record
  const events = record.files.find((file) => file.startsWith(eventsFolder('till.receipts')))!
  const under = events.replace(/-\d+-(\d+)\.parquet$/, `-${record.epoch + 1}-$1.parquet`)
  await files.lake.store.put(under, (await files.lake.store.get(events))!.body)
  const seen = async (change: Partial<CommitRecord<Checkpoint>>) => {
    files.put(key, JSON.stringify({ ...record, ...change }))
    return (await ask('SELECT count(*) FROM events.till.receipts'))[0]?.[0]
  }
  const writing = { files: [under], until: Date.now() }
  const epoch = record.epoch + 1
  expect(await seen({})).toBe(before)
  expect(await seen({ epoch, writing })).toBe(before)
  expect(await seen({ epoch, garbage: [under] })).toBe(before)
  // And were it committed, they would be.
  expect(await seen({ epoch })).toBeGreaterThan(Number(before))
})

test('a window described anew fails where it cannot be added up; others stand', async () => {
  const small = { ...revenue, measures: { n: 'count()' } }
  describeReceipts([small, all])
  await receive(30, 0)
  await receive(30, 30)
  describeReceipts([{ ...small, measures: { ...small.measures, top: 'max(qty)' } }, all])
  const sql = 'SELECT sum(n) FROM windows.till.receipts_revenue'
  await expect(ask(sql)).rejects.toThrow(/"top"[\s\S]*another name/)
  await receive(30, 60)
  await expect(ask(sql)).rejects.toThrow(/window revenue of till.receipts: .*"top"/)
  const events = await ask('SELECT count(*) FROM events.till.receipts WHERE ts IS NOT NULL')
  expect(await ask('SELECT sum(n) FROM windows.till.receipts_all_of_it')).toEqual(events)
  // Of finer groups, as before, the sums are the same.
  describeReceipts([{ ...small, groupBy: [] }, all])
  expect(await ask(sql)).toEqual(events)
})

test('nor where what is still open is of another type', async () => {
  describeReceipts([{ ...all, measures: { top: 'max(qty)' } }])
  const data = Buffer.from('{"_dataset":"till.receipts","id":1,"qty":5,"ts":"2026-01-01T10:00:00"}')
  await stream.put([{ data, partitionKey: 'a' }])
  await drain(files.lake, stream)
  expect(await ask('SELECT top, open FROM windows.till.receipts_all_of_it')).toEqual([[5, true]])
  describeReceipts([{ ...all, measures: { top: 'max(store)' } }])
  const sql = 'SELECT top FROM windows.till.receipts_all_of_it'
  await expect(ask(sql)).rejects.toThrow(/"top" was described anew, and a part that is still open/)
})

test('quarantine: of the stream, of objects, and of records of no dataset', async () => {
  const sluice = { stream: {} }
  files.describe('shop', resource('visits', ['id:integer'], {}, sluice))
  files.put('bronze/shop/visits/1.csv', 'id\n1\nx\n')
  await runSilver(files.lake, 'bronze/shop/visits/1.csv')
  const sql = `SELECT object, line, text, errors[1].rule, stream FROM quarantine.shop.visits
    ORDER BY line DESC`
  const ofObject = ['bronze/shop/visits/1.csv', 3, 'x', 'type-error', null]
  expect(await ask(sql)).toEqual([ofObject])
  const record = (json: string) => ({ data: Buffer.from(json), partitionKey: 'a' })
  await stream.put([record('{"_dataset":"shop.visits","id":"y"}'), record('{"_dataset":"no.one"}')])
  await drain(files.lake, stream)
  expect(await ask(sql)).toEqual([
    ofObject,
    [null, 1, '{"_dataset":"shop.visits","id":"y"}', 'type-error', 'till'],
  ])
  expect(await ask('SELECT count(*), min(stream) FROM quarantine._unknown')).toEqual([[1, 'till']])
  expect(await ask('SELECT count(*) FROM events.shop.visits')).toEqual([[0]])
  expect(await ask('SELECT * FROM shop.visits')).toEqual([[1]])
})
