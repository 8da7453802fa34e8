import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readRecord } from '../../core/commit/commit-record.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { parsePublication, publicationKey } from '../../core/stream/publication.ts'

/** A small stream for schedules and crashes: what is in it, and what must have become of it. */

export const OBJECTS = 10
/** Of each object, one row in `BAD` is rejected. */
const BAD = 7

const measures = { n: 'count()', sum: 'sum(total)', mean: 'avg(total)', most: 'max(total)' }
const descriptor = {
  name: 'till',
  resources: [
    {
      name: 'sales',
      path: '0.csv',
      schema: {
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'store', type: 'string' },
          { name: 'total', type: 'number', sluice: { decimal: [10, 2] } },
          { name: 'at', type: 'datetime' },
        ],
      },
      sluice: {
        files: '*.csv',
        partitionBy: ['store'],
        stream: { eventTime: 'at', watermark: '2 minutes' },
        windows: [{ name: 'w', every: '5 minutes', groupBy: ['store'], measures }],
      },
    },
  ],
}

export const keyOf = (n: number) => `streaming/till/${n}.csv`

/** Puts the descriptor and all objects. */
export async function fill(store: ObjectStore): Promise<void> {
  await store.put('streaming/till/datapackage.json', Buffer.from(JSON.stringify(descriptor)))
  for (let n = 0; n < OBJECTS; n++) await store.put(keyOf(n), Buffer.from(textOf(n)))
}

const rowsOf = (n: number) => 5 + ((n * 13) % 20)

/** Rows come a minute apart, each fifth a quarter of an hour late. */
function textOf(n: number): string {
  const lines = Array.from({ length: rowsOf(n) }, (_, i) => {
    const id = n * 100 + i
    const minute = n * 6 + i - (i % 5 === 4 ? 15 : 0)
    const at = new Date(Date.UTC(2026, 2, 14, 9, minute)).toISOString().slice(0, 19)
    const total = i % BAD === BAD - 1 ? 'much' : `${(id * 7) % 50}.25`
    return `${id},${'abc'[id % 3]},${total},${at}`
  })
  return `id,store,total,at\n${lines.join('\n')}\n`
}

function isGood(id: number): boolean {
  return (id % 100) % BAD !== BAD - 1
}

/** Every id of the sample, accepted or rejected. */
function ids(good: boolean): number[] {
  return Array.from({ length: OBJECTS }, (_, n) => n)
    .flatMap((n) => Array.from({ length: rowsOf(n) }, (_, i) => n * 100 + i))
    .filter((id) => isGood(id) === good)
}

/**
 * Looks from outside, by plain globs and SQL, whether every row is there once: as an event or in
 * quarantine; whether the windows say what the events say; and whether each object is published.
 *
 * @param folder an empty one, for copies of the Parquet files
 * @returns what is wrong; undefined where nothing is
 */
export async function judge(store: ObjectStore, duck: Duck, folder: string) {
  rmSync(folder, { recursive: true, force: true })
  for await (const { key } of store.list('')) {
    if (!key.endsWith('.parquet')) continue
    mkdirSync(dirname(join(folder, key)), { recursive: true })
    writeFileSync(join(folder, key), (await store.get(key))?.body ?? '')
  }
  const files = (path: string) => `read_parquet('${join(folder, path)}', hive_partitioning = false)`
  const [events, rejects] = [
    files('streaming_results/till/sales/events/**/*.parquet'),
    files('quarantine/till/sales/stream/*.parquet'),
  ]
  const found = await column(duck, `SELECT id::INT FROM ${events} ORDER BY id`)
  const bad = await column(duck, `SELECT split_part(text, ',', 1)::INT FROM ${rejects} ORDER BY 1`)
  if (`${found}` !== `${ids(true)}`) return `events ${found}, wanted ${ids(true)}`
  if (`${bad}` !== `${ids(false)}`) return `rejects ${bad}, wanted ${ids(false)}`
  const windows =
    await duck.all(`${merged(files('streaming_results/till/sales/windows/w/*.parquet'))}
    EXCEPT ALL ${direct(events)}`)
  const missing = await duck.all(`${direct(events)}
    EXCEPT ALL ${merged(files('streaming_results/till/sales/windows/w/*.parquet'))}`)
  if (windows.length + missing.length > 0) {
    return `${windows.length} windows say other than events, ${missing.length} are missing`
  }
  for (let n = 0; n < OBJECTS; n++) {
    const state = (await readRecord(store, publicationKey(keyOf(n)), parsePublication))?.record
      .state
    const told = { status: state?.status, records: state?.records }
    if (told.status !== 'published') return `${keyOf(n)}: ${JSON.stringify(told)}`
    const rejected = ids(false).filter((id) => Math.floor(id / 100) === n).length
    if (state?.records !== rowsOf(n) || state.rejected !== rejected) {
      return `${keyOf(n)}: ${state?.records} records, ${state?.rejected} rejected`
    }
  }
  return undefined
}

async function column(duck: Duck, sql: string): Promise<number[]> {
  return (await duck.all(sql)).map(([value]) => value as number)
}

/** Partials add up. */
function merged(files: string): string {
  return `SELECT window_start::VARCHAR, store, sum(n)::BIGINT, sum(sum), sum(mean_sum),
    sum(mean_count)::BIGINT, max(most) FROM ${files} GROUP BY window_start, store`
}

function direct(events: string): string {
  return `SELECT time_bucket(INTERVAL 5 minutes, "at")::VARCHAR, store, count(*), sum(total),
    sum(total), count(total), max(total) FROM ${events} GROUP BY ALL`
}
