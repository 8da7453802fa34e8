import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openDuck } from '../core/duckdb.ts'
import { literal } from '../core/names.ts'
import type { Source } from './source.ts'

/** What is seen of a dataset from outside: how many rows, how many keys, and which rows. */
interface Seen {
  rows: number
  keys: number
  sum: string
}

const row = "md5(concat_ws('|', id::text, code, amount::text, day::text))"
/** The sum of a hash of every row: equal only for the same rows, in whatever order. */
const duckSum = `coalesce(sum(('0x' || left(${row}, 15))::BIGINT), 0)::VARCHAR`
const pgSum = `coalesce(sum(('x' || left(${row}, 15))::bit(60)::bigint), 0)::text`

/**
 * Compares Postgres and Silver with the CSV files that stand in Bronze, by plain SQL and a plain
 * glob: it knows nothing of ledger and manifests.
 *
 * @returns one sentence for each thing that is wrong
 */
export async function judge(source: Source, url: string): Promise<string[]> {
  const bronze = await inBronze(source)
  const told = (where: string, seen: Seen | string) => {
    if (typeof seen === 'string') return [`${where}: ${seen}`]
    const same = seen.rows === bronze.rows && seen.keys === bronze.keys && seen.sum === bronze.sum
    return same ? [] : [`${where}: ${JSON.stringify(seen)}, but Bronze: ${JSON.stringify(bronze)}`]
  }
  return [
    ...told('Postgres', await orWhy(inPostgres(source, url))),
    ...told('Silver', await orWhy(inSilver(source))),
  ]
}

/** The ledger's own side: one row an object, all loaded, and nobody left in a transaction. */
export async function judgeLedger(source: Source, url: string): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query('SELECT key, status FROM sluice.objects ORDER BY key')
    const wrong = rows.filter(({ status }) => status !== 'loaded')
    const findings = wrong.map(({ key, status }) => `ledger: ${key} is ${status}`)
    if (rows.length !== source.objects) findings.push(`ledger: ${rows.length} rows`)
    const left = await othersIn(client)
    if (left > 0) findings.push(`${left} connections are left`)
    const prepared = await client.query('SELECT 1 FROM pg_prepared_xacts')
    if (prepared.rowCount) findings.push('prepared transactions are left')
    return findings
  })
}

/** A killed client's server process ends when it notices; it may take a moment. */
async function othersIn(client: pg.Client): Promise<number> {
  for (let look = 0; ; look++) {
    const { rows } = await client.query(`SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'`)
    if (rows[0].n === 0 || look === 50) return rows[0].n
    await sleep(100)
  }
}

/** That nothing can be read there is a finding, too: half a Parquet file, a missing table. */
async function orWhy(seen: Promise<Seen>): Promise<Seen | string> {
  return seen.catch((error: Error) => error.message)
}

function inBronze({ lake, dataset }: Source): Promise<Seen> {
  const files = literal(join(lake, 'bronze/kill', dataset, '*.csv'))
  return inDuck(`read_csv(${files}, all_varchar = true)`)
}

function inSilver({ lake, dataset }: Source): Promise<Seen> {
  const files = literal(join(lake, 'silver/kill', dataset, '**/*.parquet'))
  return inDuck(`read_parquet(${files})`)
}

async function inDuck(from: string): Promise<Seen> {
  const duck = await openDuck()
  try {
    const [seen] = await duck.all(`SELECT count(*), count(DISTINCT id::BIGINT), ${duckSum}
      FROM ${from}`)
    return { rows: Number(seen?.[0]), keys: Number(seen?.[1]), sum: String(seen?.[2]) }
  } finally {
    duck.close()
  }
}

function inPostgres({ dataset }: Source, url: string): Promise<Seen> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT count(*)::int AS rows,
      count(DISTINCT id)::int AS keys, ${pgSum} AS sum FROM kill.${dataset}`)
    return rows[0]
  })
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
