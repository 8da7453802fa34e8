import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readRecord } from '../core/commit/commit-record.ts'
import { parseManifest } from '../core/commit/manifest.ts'
import type { Database, Transaction } from '../core/database/database.ts'
import { type Duck, openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import type { Outcome } from '../core/outcome.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { outcomeOf, PUBLISHED, parsePublication } from '../core/stream/publication.ts'

/** How an object ended in a stage, by its commit record. */
export type End = Pick<
  Outcome,
  'object' | 'stage' | 'status' | 'records' | 'accepted' | 'rejected' | 'waiting'
>

/** All that can be seen of a lake and its database from outside. */
export interface Seen {
  /** By object, then stage. */
  ends: End[]
  /** Of every table and every folder of Parquet: how many rows, and a sum of their hashes. */
  rows: Record<string, string>
}

/**
 * Reads tables by plain SQL and Parquet by plain globs, whatever commit records say of them. What
 * differs from lake to lake (versions, shards, ids) is left out.
 *
 * @param lake its name in the ledger, where those who wrote it know it by another
 */
export async function lookAt(
  store: ObjectStore,
  database: Database,
  lake = store.url,
): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-seen-'))
  const duck = await openDuck()
  try {
    return await database.transaction(async (tx) => {
      const ends = await endsIn(tx, store, lake)
      const tables = await tableRows(tx)
      return { ends, rows: { ...tables, ...(await files(store, duck, folder)) } }
    })
  } finally {
    duck.close()
    rmSync(folder, { recursive: true })
  }
}

/** How every object of the lake has ended so far. */
export function endsOf(store: ObjectStore, database: Database, lake = store.url): Promise<End[]> {
  return database.transaction((tx) => endsIn(tx, store, lake))
}

async function endsIn(tx: Transaction, store: ObjectStore, lake: string): Promise<End[]> {
  const ends = [...(await ledgerEnds(tx, lake)), ...(await lakeEnds(store))]
  return ends.toSorted(byObject)
}

/** The objects of which not every record is accounted for. */
export function unaccounted({ ends }: Seen): End[] {
  return ends.filter((end) => end.records !== end.accepted + end.rejected + end.waiting)
}

/** How many rows the commit records speak of, and how many there are. */
export function sums({ ends, rows }: Seen): { said: number[]; found: number[] } {
  const say = (stage: RegExp, count: 'accepted' | 'rejected' | 'waiting') =>
    sum(ends.filter((end) => stage.test(end.stage)).map((end) => end[count]))
  const find = (place: RegExp) =>
    sum(
      Object.entries(rows).map(([name, digest]) =>
        place.test(name) ? Number.parseInt(digest, 10) : 0,
      ),
    )
  return {
    said: [
      say(/raw-ingestion/, 'accepted'),
      say(/raw-ingestion/, 'rejected'),
      say(/raw-ingestion/, 'waiting'),
      say(/silver/, 'accepted'),
      say(/silver|streaming/, 'rejected'),
      say(/streaming/, 'accepted'),
    ],
    found: [/^table/, /rejects$/, /waiting$/, /^silver/, /^quarantine/, /events$/].map(find),
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function byObject(one: End, other: End): number {
  const [a, b] = [one, other].map(({ object, stage }) => `${object} ${stage}`)
  return a! < b! ? -1 : 1
}

async function ledgerEnds(tx: Transaction, lake: string): Promise<End[]> {
  const rows = await tx.query(
    `SELECT key AS object, 'raw-ingestion' AS stage, status, records::int, accepted::int,
       rejected::int, waiting::int FROM sluice.objects WHERE lake = $1`,
    [lake],
  )
  return rows as unknown as End[]
}

async function lakeEnds(store: ObjectStore): Promise<End[]> {
  const ends: End[] = []
  for await (const { key } of store.list('silver/')) {
    if (!key.includes('/_manifests/')) continue
    const state = (await readRecord(store, key, parseManifest))?.record.state
    if (state) ends.push({ stage: 'silver', ...pick(state), waiting: 0 })
  }
  for await (const { key } of store.list(PUBLISHED)) {
    const state = (await readRecord(store, key, parsePublication))?.record.state
    if (state) ends.push({ stage: 'streaming', ...pick(outcomeOf(state)), waiting: 0 })
  }
  return ends
}

function pick({ object, status, records, accepted, rejected }: Omit<End, 'stage' | 'waiting'>) {
  return { object, status, records, accepted, rejected }
}

const pgSum = `count(*) || ' ' || coalesce(sum(('x' || left(md5(seen), 15))::bit(60)::bigint), 0)`

/** Each row with the key of the object that it is from. */
async function tableRows(tx: Transaction): Promise<Record<string, string>> {
  const digest = async (from: string) => {
    const [row] = await tx.query(`SELECT ${pgSum} AS sum FROM (SELECT ${from}) AS all_rows`)
    return row?.sum as string
  }
  const of = (table: string) => `FROM ${table} t JOIN sluice.objects o ON o.id =`
  const found: Record<string, string> = {
    'sluice.rejects': await digest(`concat_ws('|', o.key, record, line, text, errors) AS seen
      ${of('sluice.rejects')} object_id`),
    'sluice.waiting': await digest(`concat_ws('|', o.key, record, line, "row", missing) AS seen
      ${of('sluice.waiting')} object_id`),
  }
  const tables = await tx.query(`SELECT table_schema || '.' || table_name AS name
    FROM information_schema.tables WHERE table_type = 'BASE TABLE'
      AND table_schema NOT IN ('sluice', 'pg_catalog', 'information_schema')`)
  for (const { name } of tables) {
    const row = `concat_ws('|', o.key, to_jsonb(t) - '_object_id') AS seen`
    found[`table ${name}`] = await digest(`${row} ${of(String(name))} t._object_id`)
  }
  return found
}

/** What depends on the lake, or on the order in which shards were read. */
const passing = ['version', 'stream', 'shard', 'sequence']

/** Copies every Parquet file, and sums up each dataset's. */
async function files(store: ObjectStore, duck: Duck, folder: string) {
  const datasets = new Set<string>()
  for (const root of ['silver/', 'quarantine/', 'streaming_results/']) {
    for await (const { key } of store.list(root)) {
      if (!key.endsWith('.parquet')) continue
      mkdirSync(dirname(join(folder, key)), { recursive: true })
      writeFileSync(join(folder, key), (await store.get(key))?.body ?? '')
      datasets.add(datasetOf(key))
    }
  }
  const found: Record<string, string> = {}
  for (const dataset of datasets) {
    const path = literal(join(folder, dataset, '**/*.parquet'))
    const rows = `read_parquet(${path}, hive_partitioning = false)`
    const columns = `COLUMNS(c -> c NOT IN (${passing.map(literal).join(', ')}))`
    const select = dataset.includes('/windows/') ? merged(rows) : `SELECT ${columns} FROM ${rows}`
    const [row] = await duck.all(`SELECT count(*) || ' ' || coalesce(sum(hash(t)::HUGEINT), 0)
      FROM (${select}) t`)
    found[dataset] = String(row?.[0])
  }
  return found
}

/** `silver/shop/orders`, `streaming_results/till/receipts/windows/revenue`. */
function datasetOf(key: string): string {
  const depth = key.startsWith('streaming_results/') ? (key.split('/')[3] === 'windows' ? 5 : 4) : 3
  return key.split('/').slice(0, depth).join('/')
}

/** Of the sample's windows: how many partials there are is a matter of who came first. */
function merged(partials: string): string {
  return `SELECT window_start, window_end, COLUMNS('store_id|payment'), sum(orders), sum(revenue)
    FROM ${partials} GROUP BY ALL`
}
