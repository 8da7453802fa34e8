import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Quarantine } from '../commit/quarantine.ts'
import { openDuck } from '../duck/duckdb.ts'
import { type DatasetState, parseCheckpoint } from '../stream/checkpoint.ts'
import { advanceDataset, closeUntil, type Windows } from '../stream/stream-windows.ts'
import { type Contract, parseContract } from './contract.ts'
import { emptyPartials, windowShape } from './window.ts'

/**
 * Partials of all shards, whenever they were closed, add up to what one query over the events says.
 * Rounds: SLUICE_ROUNDS (default 60).
 */
const numRuns = Number(process.env.SLUICE_ROUNDS ?? 60)
const duck = await openDuck(0)
afterAll(() => duck.close())

const fields = [
  { name: 'at', type: 'datetime' },
  { name: 'g"r', type: 'string' },
  { name: 'ok', type: 'boolean' },
  { name: 'n', type: 'integer' },
  { name: 'd', type: 'number', sluice: { decimal: [28, 4] } },
  { name: 'f', type: 'number' },
  { name: 'on', type: 'date' },
]
const types = ['TIMESTAMP', 'VARCHAR', 'BOOLEAN', 'BIGINT', 'DECIMAL(28,4)', 'DOUBLE', 'DATE']
const measures = {
  ...{ rows: 'count()', n_sum: 'sum(n)', n_avg: 'avg(n)', n_min: 'min(n)', n_max: 'max(n)' },
  ...{ d_sum: 'sum(d)', d_avg: 'avg(d)', d_max: 'max(d)', f_sum: 'sum(f)', f_min: 'min(f)' },
  ...{
    on_min: 'min(on)',
    on_max: 'max(on)',
    g_min: 'min(g"r)',
    g_max: 'max(g"r)',
    at_max: 'max(at)',
  },
}

function contractOf(every: string, groupBy: string[], watermark: string): Contract {
  const stream = { eventTime: 'at', watermark }
  const sluice = { stream, windows: [{ name: 'w', every, groupBy, measures }] }
  const resource = { name: 't', path: 't.csv', schema: { fields }, sluice }
  return parseContract({ resources: [resource] } as never, 0, 'streaming/t/datapackage.yaml')
}

/** Event times of a few minutes around 1970, and of the ends of what a contract takes. */
const time = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -300, max: 300 }).map((s) => s * 1_000_000 + 7) },
  { weight: 20, arbitrary: fc.integer({ min: -30, max: 30 }).map((s) => s * 5_000_000) },
  { weight: 1, arbitrary: fc.constantFrom(-62_135_596_800_000_000, 253_402_300_000_000_000) },
)
const rowOf = fc.tuple(
  fc.option(time.map((us) => `make_timestamp(${us})`)),
  fc.option(fc.constantFrom("''", "'a'", "'B'", "'é'", "'it''s'", "'NULL'")),
  fc.option(fc.constantFrom('true', 'false')),
  fc.option(
    fc.oneof(
      fc.integer().map(String),
      fc.constantFrom('9223372036854775807', '(-9223372036854775808)'),
    ),
  ),
  fc.option(fc.constantFrom('0.0001', '-0.1', '999999999999999999999999.9999', '12.5')),
  fc.option(fc.double({ min: -1e3, max: 1e3, noNaN: true }).map((x) => `${x + 0}::DOUBLE`)),
  fc.option(fc.constantFrom("'0001-01-01'", "'1969-12-31'", "'1970-01-01'", "'9999-12-31'")),
)
const step = fc.record({
  shard: fc.constantFrom(0, 1, 2),
  rows: fc.array(rowOf, { maxLength: 8 }),
  limit: fc.constantFrom(2, 10_000, 10_000),
  /** Of the clock, where no row closes the windows any more. */
  tick: fc.option(time, { freq: 4 }),
})

let states: (DatasetState | undefined)[]
let tables: string[]
async function begin(contract: Contract): Promise<void> {
  states = [undefined, undefined, undefined]
  tables = []
  const columns = fields.map(({ name }, i) => `"${name.replaceAll('"', '""')}" ${types[i]}`)
  await duck.run(`CREATE OR REPLACE TEMP TABLE events (${columns.join(', ')}, shard INTEGER)`)
  const empty = emptyPartials(windowShape(contract.stream!.windows[0]!, contract))
  await duck.run(`CREATE OR REPLACE TEMP TABLE partials AS SELECT *, 0 AS shard FROM (${empty})`)
}

/** As a commit does, and the state as it is read again. */
async function take(shard: number, { state, closed }: Windows): Promise<number> {
  let partials = 0
  for (const { advanced } of closed) {
    const count = await duck.run(
      `INSERT INTO partials SELECT *, ${shard} FROM (${advanced.select})`,
    )
    expect(count).toBe(advanced.partials)
    partials += advanced.partials
  }
  const datasets = JSON.parse(JSON.stringify({ t: state }))
  const rest = { stream: 's', created: '', shard: '', commit: 0, position: '', closed: false }
  const more = { begun: true, updated: '', objects: {}, finished: 0, poison: 0 }
  states[shard] = parseCheckpoint({ ...rest, ...more, datasets }).datasets.t
  for (const table of tables.splice(0)) await duck.run(`DROP TABLE IF EXISTS ${table}`)
  return partials
}

async function batch(contract: Contract, shard: number, rows: (string | null)[][], limit: number) {
  const values = rows.map(
    (row) => `(${row.map((cell, i) => `${cell}::${types[i]}`).join(', ')}, ${shard})`,
  )
  if (rows.length > 0) await duck.run(`INSERT INTO events VALUES ${values.join(', ')}`)
  const names = fields.map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(', ')
  const select = rows.length > 0 ? `(VALUES ${values.join(', ')})` : '(FROM events LIMIT 0)'
  await duck.run(`CREATE OR REPLACE TEMP TABLE batch AS FROM ${select} t(${names}, shard)`)
  const quarantine = { count: 0 } as Quarantine
  const draft = {
    contract,
    tables: ['batch'],
    accepted: rows.length,
    records: rows.length,
    quarantine,
  }
  return take(shard, await advanceDataset(duck, limit, states[shard], draft, 'batch', tables))
}

async function closeAll(): Promise<void> {
  for (const [shard, state] of states.entries()) {
    if (state) await take(shard, await closeUntil(duck, state, 10n ** 18n, tables))
  }
}

const keys = (groupBy: string[]) => groupBy.map((name) => `"${name.replaceAll('"', '""')}"`)

/** What the windows are by their partials; an average is kept as sum and count. */
function merged(groupBy: string[]): Promise<unknown[][]> {
  const by = ['window_start', 'window_end', ...keys(groupBy)].join(', ')
  return duck.all(`SELECT ${by}, sum(rows), sum(n_sum)::DECIMAL(38,0),
    sum(n_avg_sum)::DOUBLE / sum(n_avg_count), min(n_min), max(n_max), sum(d_sum)::DECIMAL(38,4),
    sum(d_avg_sum)::DOUBLE / sum(d_avg_count), max(d_max), round(sum(f_sum), 6), min(f_min),
    min(on_min), max(on_max), min(g_min), max(g_max), max(at_max)
    FROM partials GROUP BY ALL ORDER BY ALL`)
}

function truth(groupBy: string[], seconds: number): Promise<unknown[][]> {
  const start = `time_bucket(INTERVAL ${seconds} SECONDS, "at", TIMESTAMP '1970-01-01')`
  const by = [`${start} AS b`, `${start} + INTERVAL ${seconds} SECONDS AS e`, ...keys(groupBy)]
  return duck.all(`SELECT ${by.join(', ')}, count(*), sum(n)::DECIMAL(38,0),
    sum(n)::DOUBLE / count(n), min(n), max(n), sum(d)::DECIMAL(38,4), sum(d)::DOUBLE / count(d),
    max(d), round(sum(f), 6), min(f), min("on"), max("on"), min("g""r"), max("g""r"), max("at")
    FROM events WHERE "at" IS NOT NULL GROUP BY ALL ORDER BY ALL`)
}

/** Doubles are summed in another order: they may differ in their last digits. */
function rounded(rows: unknown[][]): string[][] {
  const text = (value: unknown) =>
    typeof value === 'number' ? value.toFixed(5).replace(/^-(0\.0+)$/, '$1') : String(value)
  return rows.map((row) => row.map(text))
}

const openRows = () =>
  states.flatMap((one) => Object.values(one?.windows ?? {}).flatMap(({ rows }) => rows))

test('partials add up to one query over all events', async () => {
  const groups = fc.constantFrom<string[]>([], ['g"r'], ['ok', 'on'], ['n'], ['f', 'd'])
  const every = fc.constantFrom<[string, number]>(
    ['5 seconds', 5],
    ['1 minute', 60],
    ['7 days', 604_800],
  )
  const delay = fc.constantFrom('0 seconds', '20 seconds', '10 minutes')
  const steps = fc.array(step, { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(
      every,
      groups,
      delay,
      steps,
      async ([text, seconds], groupBy, watermark, all) => {
        const contract = contractOf(text, groupBy, watermark)
        await begin(contract)
        for (const { shard, rows, limit, tick } of all) {
          await batch(contract, shard, rows, limit)
          expectBounded(shard, limit, seconds)
          const state = states[shard]
          if (tick !== null && state)
            await take(shard, await closeUntil(duck, state, BigInt(tick), tables))
          expectBounded(shard, limit, seconds)
        }
        await closeAll()
        expect(openRows()).toEqual([])
        expect(rounded(await merged(groupBy))).toEqual(rounded(await truth(groupBy, seconds)))
      },
    ),
    { numRuns },
  )
})

/** What is open: no more groups than the limit, and none that the watermark has passed. */
function expectBounded(shard: number, limit: number, seconds: number): void {
  const { watermark, windows } = states[shard]!
  const { rows } = windows.w!
  expect(rows.length).toBeLessThanOrEqual(limit)
  for (const [start] of rows) {
    if (watermark !== null)
      expect(BigInt(start!) + BigInt(seconds) * 1_000_000n).toBeGreaterThan(BigInt(watermark))
  }
}

const row = (second: number) => [`make_timestamp(${second * 1_000_000})`, ...Array(6).fill(null)]

test('rows in order: each window is written once, and never late', async () => {
  const contract = contractOf('5 seconds', ['ok'], '0 seconds')
  await begin(contract)
  for (let second = -20; second < 20; second++) {
    const at = `make_timestamp(${second * 1_000_000})`
    await batch(contract, 0, [[at, null, 'true', '1', null, null, null]], 10_000)
    expect(openRows()).toHaveLength(1)
  }
  await closeAll()
  const written = 'SELECT count(*)::INTEGER, sum(rows)::INTEGER, bool_or(late) FROM partials'
  expect(await duck.all(written)).toEqual([[8, 40, false]])
})

test('a late row makes a late partial, at once, and is counted', async () => {
  const contract = contractOf('5 seconds', [], '10 seconds')
  await begin(contract)
  await batch(contract, 0, [row(0), row(100)], 10_000)
  // Its window ends at 90, which the watermark has just reached; the next one does not.
  expect(await batch(contract, 0, [row(89), row(85)], 10_000)).toBe(1)
  expect(await batch(contract, 0, [row(90)], 10_000)).toBe(0)
  expect(states[0]!.counts).toMatchObject({ late: 2 })
  const late = 'SELECT epoch(window_start)::INTEGER, rows::INTEGER FROM partials WHERE late'
  expect(await duck.all(late)).toEqual([[85, 2]])
})

const [five, seven] = ['5 seconds', '7 seconds'].map((every) => contractOf(every, [], '1 hour'))

test('windows that are described anew go as they were described', async () => {
  const turns = fc.array(fc.tuple(step, fc.constantFrom(five!, seven!)), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(turns, async (all) => {
      await begin(five!)
      for (const [{ shard, rows, limit }, contract] of all)
        await batch(contract, shard, rows, limit)
      await closeAll()
      const lengths = 'SELECT DISTINCT epoch(window_end - window_start) FROM partials'
      for (const [seconds] of await duck.all(lengths)) expect([5, 7]).toContain(seconds)
      const [[rows]] = (await duck.all('SELECT sum(rows)::BIGINT FROM partials')) as [[bigint]]
      expect([[rows ?? 0n]]).toEqual(await duck.all('SELECT count("at") FROM events'))
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  )
})
