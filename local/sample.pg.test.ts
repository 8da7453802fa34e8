import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Duck, openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { startSluice } from '../faults/command.ts'
import { freshDatabase } from './fresh-database.ts'
import { copySample } from './sample.fixture.ts'

/** `sluice start --once` over a copy of the sample that comes with the repository. */

const receipts = 'streaming/till/receipts'
/** What the sample's mistakes are, by rule: each was put there once on purpose. */
const mistakes = {
  'blank-row': 1,
  'constraint-error': 4,
  'extra-cell': 2,
  'missing-cell': 1,
  'quote-error': 1,
  'source-error': 1,
  'type-error': 4,
}

let lake: string
let duck: Duck
let database: Awaited<ReturnType<typeof freshDatabase>>
let first: Awaited<ReturnType<typeof run>>

beforeAll(async () => {
  lake = fs.mkdtempSync(join(tmpdir(), 'sluice-sample-'))
  // What a start in the repository itself has made of it is no sample.
  copySample(lake)
  duck = await openDuck()
  database = await freshDatabase()
  first = await run()
})

afterAll(async () => {
  duck.close()
  await database.drop()
  fs.rmSync(lake, { recursive: true })
})

it('every record of the stream is accepted or rejected, and the exit code tells', () => {
  expect(first.code).toBe(3)
  expect(first.ends.length).toBeGreaterThan(0)
  for (const [object, end] of Object.entries(first.stream)) {
    expect(end, object).toMatchObject({ status: 'loaded', records: countedRecords(object) })
    expect(end.accepted + end.rejected, object).toBe(end.records)
  }
  const objects = fs.readdirSync(join(lake, receipts)).map((name) => `${receipts}/${name}`)
  expect(Object.keys(first.stream).toSorted()).toEqual(objects.toSorted())
})

it('a plain glob finds each accepted receipt once, and each reject with its rule', async () => {
  const ends = Object.values(first.stream)
  const accepted = ends.reduce((sum, end) => sum + end.accepted, 0)
  const rejected = ends.reduce((sum, end) => sum + end.rejected, 0)
  expect(await duck.all(`SELECT count(*), count(DISTINCT receipt_id) FROM ${events()}`)).toEqual([
    [BigInt(accepted), BigInt(accepted)],
  ])
  const quarantine = glob('quarantine/till/receipts/stream')
  const [row] = await duck.all(`SELECT count(*), count(DISTINCT (object, line)) FROM ${quarantine}`)
  expect(row).toEqual([BigInt(rejected), BigInt(rejected)])
  const rules = await duck.all(`SELECT errors[1].rule, count(*)::INT FROM ${quarantine}
    GROUP BY ALL`)
  expect(Object.fromEntries(rules)).toEqual(mistakes)
})

it('windows add up to what one query over all receipts says', async () => {
  expect(
    await difference(
      `SELECT window_start, window_end, store_id, sum(orders), sum(revenue),
        sum(mean_sum) / sum(mean_count), max(biggest) FROM ${windows('revenue')} GROUP BY ALL`,
      `SELECT time_bucket(INTERVAL 5 minutes, sold_at) AS start, start + INTERVAL 5 minutes,
        store_id, count(*), sum(total), sum(total) / count(total), max(total)
        FROM ${events()} GROUP BY ALL`,
    ),
  ).toEqual([])
  expect(
    await difference(
      `SELECT window_start, window_end, payment, sum(orders), sum(revenue)
        FROM ${windows('payments')} GROUP BY ALL`,
      `SELECT time_bucket(INTERVAL 10 minutes, sold_at) AS start, start + INTERVAL 10 minutes,
        payment, count(*), sum(total) FROM ${events()} GROUP BY ALL`,
    ),
  ).toEqual([])
})

it('a second run adds nothing', async () => {
  const before = filesOf()
  const second = await run()
  expect(second.code).toBe(3)
  for (const [object, end] of Object.entries(first.stream)) {
    const { records, accepted, rejected } = end
    const same = { status: 'unchanged', records, accepted, rejected }
    expect(second.stream[object], object).toMatchObject(same)
  }
  expect(filesOf()).toEqual(before)
})

async function run() {
  const running = startSluice(lake, database.url, '--once')
  const code = await running.ended
  const ends = running.lines
  const streamed = ends.filter(({ stage }) => stage === 'streaming')
  return { code, ends, stream: Object.fromEntries(streamed.map((end) => [end.object, end])) }
}

/** No record of the sample goes over two lines, and a blank line of a CSV is one, too. */
function countedRecords(object: string): number {
  const bytes = fs.readFileSync(join(lake, object))
  const text = (object.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  const lines = text.split('\n').length - 1
  return object.includes('.csv') ? lines - 1 : lines
}

function glob(folder: string): string {
  return `read_parquet(${literal(join(lake, folder, '**/*.parquet'))}, hive_partitioning = false)`
}

function events(): string {
  return glob('streaming_results/till/receipts/events')
}

function windows(name: string): string {
  return glob(`streaming_results/till/receipts/windows/${name}`)
}

/** Rows that only one of two queries has. */
async function difference(one: string, other: string): Promise<unknown[][]> {
  const [[rows] = []] = await duck.all(`SELECT count(*) FROM (${one})`)
  expect(Number(rows)).toBeGreaterThan(0)
  return duck.all(
    `(FROM (${one}) EXCEPT ALL FROM (${other})) UNION ALL
     (FROM (${other}) EXCEPT ALL FROM (${one}))`,
  )
}

/** What the stream has become, with the times at which it was written. */
function filesOf(): string[] {
  return ['streaming_results', 'quarantine', 'streaming_checkpoint'].flatMap((root) =>
    fs
      .readdirSync(join(lake, root), { recursive: true, encoding: 'utf8' })
      .map((name) => join(root, name))
      .filter((path) => fs.statSync(join(lake, path)).isFile())
      .map((path) => `${path} ${fs.statSync(join(lake, path)).mtimeMs}`)
      .toSorted(),
  )
}
