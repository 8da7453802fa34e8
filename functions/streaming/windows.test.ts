import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, globOf, partialsOf, query, StreamLake } from './stream.fixture.ts'

/**
 * Over all files of partials, whoever closed them, one SQL query says what it says over all events.
 * Rounds: SLUICE_ROUNDS (default 12).
 */
const numRuns = Number(process.env.SLUICE_ROUNDS ?? 12)
const measures = { rows: 'count()', total: 'sum(total)', mean: 'avg(n)', last: 'max(at)' }
const windows = [{ name: 'w', every: '1 minute', groupBy: ['status'], measures }]
const sales = (stream: object = {}, sluice: object = { windows }) =>
  resource(
    'sales',
    ['id:integer', 'at:datetime', 'status', 'n:integer', 'total:number'],
    {},
    { stream: { eventTime: 'at', watermark: '2 minutes', ...stream }, ...sluice },
  )

let lake: StreamLake<MemoryStream>
afterEach(() => {
  lake.close()
  delete process.env.SLUICE_WINDOW_GROUPS
})

function begin(shards = 2, described = sales()): void {
  lake = new StreamLake(new MemoryStream('till', shards))
  lake.streamed('till', described)
}

const named = (row: object) => ({ _dataset: 'till.sales', ...row })
const results = () => `${lake.folder}/streaming_results/till/sales`

async function merged(): Promise<unknown[][]> {
  const glob = globOf(`${results()}/windows/w`)
  if (!glob) return []
  return query(`SELECT window_start::VARCHAR, window_end::VARCHAR, status, sum(rows)::INTEGER,
    round(sum(total), 6), sum(mean_sum)::DOUBLE / sum(mean_count), max(last)::VARCHAR
    FROM ${glob} GROUP BY ALL ORDER BY ALL`)
}

function truth(): Promise<unknown[][]> {
  const start = `date_trunc('minute', "at")`
  return query(`SELECT ${start}::VARCHAR AS s, (${start} + INTERVAL 1 MINUTE)::VARCHAR AS e, status,
    count(*)::INTEGER, round(sum(total), 6), sum(n)::DOUBLE / count(n), max("at")::VARCHAR
    FROM ${globOf(`${results()}/events`)} WHERE "at" IS NOT NULL GROUP BY ALL ORDER BY ALL`)
}

const isoOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19)

/** JSON of another producer, or a row of a file. */
const row = fc.record({
  id: fc.constantFrom(1, 'x'),
  at: fc.option(fc.integer({ min: -600, max: 600 }).map(isoOf), { freq: 10 }),
  status: fc.option(fc.constantFrom('paid', 'placed', '')),
  n: fc.option(fc.integer({ min: -9, max: 9 })),
  total: fc.option(fc.integer({ min: -400, max: 400 }).map((one) => one / 4)),
})
const turn = fc.record({
  given: fc.array(row, { maxLength: 6 }),
  filed: fc.array(row, { maxLength: 6 }),
  size: fc.integer({ min: 1, max: 4 }),
  limit: fc.constantFrom(2, 10_000),
  tick: fc.constantFrom('none', 'none', 'idle', 'all'),
  reshard: fc.constantFrom(false, false, true),
})

test('whatever comes, in whatever order, windows are one query over the events', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(turn, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (turns, scattered) => {
        begin(2, sales(scattered ? { partitionKey: 'status' } : {}))
        try {
          for (const [i, one] of turns.entries()) await play(i, one)
          await lake.drain()
          await tick(lake.lake, { all: true })
          await expectEqual(turns.flatMap(({ given, filed }) => [...given, ...filed]).length)
        } finally {
          lake.close()
        }
      },
    ),
    { numRuns },
  )
})

type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never

async function play(
  i: number,
  { given, filed, size, limit, tick: kind, reshard }: Turn,
): Promise<void> {
  process.env.SLUICE_WINDOW_GROUPS = String(limit)
  const lines = filed.map(({ id, at, status, n, total }) => [id, at, status, n, total].join(','))
  lake.put(`streaming/till/sales/${i}.csv`, ['id,at,status,n,total', ...lines, ''].join('\n'))
  await lake.publish(`streaming/till/sales/${i}.csv`)
  await lake.give(...given.map(named))
  const open = (await lake.stream.shards()).filter(({ closed }) => !closed)
  if (reshard) lake.stream.split(open[0]!.id)
  await lake.drain({ size })
  // A shard that is far ahead of the clock, and one that is idle.
  if (kind === 'idle') await tick(lake.lake, { now: new Date(Date.now() + 3_600_000), idle: 0 })
  if (kind === 'all') await tick(lake.lake, { all: true })
}

async function expectEqual(records: number): Promise<void> {
  const states = Object.values(await lake.checkpoints())
  const counts = states.flatMap(({ datasets }) => datasets['till.sales']?.counts ?? [])
  expect(counts.reduce((sum, one) => sum + one.records, 0)).toBe(records)
  expect(await lake.wrongCounts()).toEqual([])
  for (const { datasets } of states) {
    expect(
      Object.values(datasets['till.sales']?.windows ?? {}).flatMap(({ rows }) => rows),
    ).toEqual([])
  }
  if ((await eventsOf(lake.folder, 'till.sales')).length === 0) return
  expect(await merged()).toEqual(await truth())
}

test('windows are closed by newer events, and written once; late rows are marked', async () => {
  begin(1)
  const give = (...seconds: number[]) =>
    lake.give(...seconds.map((one) => named({ id: 1, at: isoOf(one) })))
  await give(0, 59, 60)
  await lake.drain()
  expect(await partialsOf(lake.folder, 'till.sales', 'w')).toEqual([])
  await give(180)
  await lake.drain()
  const first = { window_start: '1970-01-01 00:00:00', rows: '2', late: 'false' }
  expect(await partialsOf(lake.folder, 'till.sales', 'w')).toMatchObject([first])
  await give(59)
  await lake.drain()
  const late = { ...first, rows: '1', late: 'true' }
  expect(await partialsOf(lake.folder, 'till.sales', 'w')).toMatchObject([late, first])
})

test('a shard that is not idle is left alone; an idle one only closes what is over', async () => {
  begin(1)
  const now = new Date()
  const at = (minutes: number) =>
    new Date(now.getTime() + 60_000 * minutes).toISOString().slice(0, 19)
  await lake.give(
    ...[-10, -9, 60].map((minutes) => named({ id: 1, at: at(minutes), status: `${minutes}` })),
  )
  // By the watermark two are over; by the clock, the third is not before an hour has gone.
  await lake.drain()
  const partials = async () =>
    (await partialsOf(lake.folder, 'till.sales', 'w')).map((one) => one.status)
  expect(await partials()).toEqual(['-10', '-9'])
  await tick(lake.lake, { now, idle: 60_000 })
  await tick(lake.lake, { now: new Date(now.getTime() + 59 * 60_000), idle: 60_000 })
  expect(await partials()).toEqual(['-10', '-9'])
  await tick(lake.lake, { now: new Date(now.getTime() + 64 * 60_000), idle: 60_000 })
  expect(await partials()).toEqual(['-10', '-9', '60'])
  expect(await tick(lake.lake, { all: true })).toMatchObject({ busy: 0 })
  expect(await partials()).toHaveLength(3)
})

test('the windows of a shard that was split are closed by its children, or by a tick', async () => {
  begin(1)
  await lake.give(named({ id: 1, at: isoOf(0) }))
  await lake.drain()
  lake.stream.split('shardId-000000000000')
  await lake.give(named({ id: 2, at: isoOf(10) }))
  await lake.drain()
  await tick(lake.lake, { idle: 60_000 })
  // The parent is final, so nothing more can come for its window; the child's is open.
  expect(await partialsOf(lake.folder, 'till.sales', 'w')).toMatchObject([{ rows: '1' }])
  await tick(lake.lake, { all: true })
  expect(await merged()).toEqual(await truth())
})

test('windows described anew lie beside the ones before, and add up to all events', async () => {
  begin(1)
  await lake.give(named({ id: 1, at: isoOf(0), status: 'a' }))
  await lake.drain()
  const hourly = { name: 'w', every: '1 hour', groupBy: [], measures: { rows: 'count()' } }
  lake.streamed('till', sales({}, { windows: [hourly] }))
  await lake.give(named({ id: 2, at: isoOf(1), status: 'a' }))
  await lake.drain()
  await tick(lake.lake, { all: true })
  const all = `read_parquet('${results()}/windows/w/*.parquet', union_by_name = true)`
  const found = await query(`SELECT epoch(window_end - window_start)::INTEGER AS l, rows::INTEGER
    FROM ${all} ORDER BY l`)
  expect(found).toEqual([
    [60, 1],
    [3600, 1],
  ])
})

test('windows described no more are written by the next batch', async () => {
  begin(1)
  await lake.give(named({ id: 1, at: isoOf(0), status: 'a' }))
  await lake.drain()
  lake.streamed('till', sales({}, {}))
  await lake.give(named({ id: 2, at: isoOf(1), status: 'a' }))
  await lake.drain()
  expect(await partialsOf(lake.folder, 'till.sales', 'w')).toMatchObject([{ rows: '1' }])
})

test('a window of a length that a checkpoint can hold stays readable', async () => {
  begin(1, sales({}, { windows: [{ ...windows[0], every: '36500 days' }] }))
  for (const id of [1, 2]) {
    await lake.give(named({ id, at: '2026-01-01T00:00:00' }))
    await lake.drain()
  }
  expect(await eventsOf(lake.folder, 'till.sales')).toHaveLength(2)
})
