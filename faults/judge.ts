import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { type Dataset, goodLine } from './source.ts'

/** A dataset of package `kill` in a folder. */
interface Place {
  lake: string
  dataset: Dataset
}

/** What is seen of a dataset from outside: how many rows, how many keys, and which rows. */
interface Rows {
  rows: number
  keys: number
  sum: string
}

/** How many records could not go, and their text. */
interface Rejects {
  rejects: number
  text: string
}

interface Seen {
  good: Rows
  kept: Rejects
}

/** Equal only for the same texts, in whatever order. */
const duckSum = (text: string) =>
  `coalesce(sum(('0x' || left(md5(${text}), 15))::BIGINT), 0)::VARCHAR`
const pgSum = (text: string) =>
  `coalesce(sum(('x' || left(md5(${text}), 15))::bit(60)::bigint), 0)::text`
/** Instants as UTC: in Bronze each stands beside the same time without an offset. */
const row = `concat_ws('|', id::text, code, amount::text, day::text, "at"::text,
  (sent AT TIME ZONE 'UTC')::text)`
const instant = "replace(c[5], 'T', ' ')"
const line = `concat_ws('|', c[1], c[2], c[3], c[4], ${instant}, ${instant})`

/**
 * Compares Postgres and Silver with the CSV files that stand in Bronze, by plain SQL and a plain
 * glob: it knows nothing of ledger and manifests. In both, the rows are those that were sent but
 * for those in quarantine, each once, and what is in quarantine stands there as it was sent.
 *
 * @returns one sentence for each thing that is wrong
 */
export async function judge(source: Place, url: string): Promise<string[]> {
  return [...(await judgePostgres(source, url)), ...(await judgeSilver(source))]
}

export async function judgePostgres(source: Place, url: string): Promise<string[]> {
  return compared('Postgres', await orWhy(inPostgres(source, url)), await inBronze(source))
}

export async function judgeSilver(source: Place): Promise<string[]> {
  return compared('Silver', await orWhy(inSilver(source)), await inBronze(source))
}

function compared(where: string, seen: Seen | string, bronze: Seen): string[] {
  if (typeof seen === 'string') return [`${where}: ${seen}`]
  return (['good', 'kept'] as const).flatMap((part) => {
    const [found, sent] = [JSON.stringify(seen[part]), JSON.stringify(bronze[part])]
    return found === sent ? [] : [`${where}: ${found}, but Bronze: ${sent}`]
  })
}

/**
 * The ledger's own side: one row an object, all loaded, nothing waits or is due, and nobody is left
 * in a transaction.
 */
export async function judgeLedger(
  { objects }: { objects: number },
  url: string,
): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query('SELECT key, status FROM sluice.objects ORDER BY key')
    const wrong = rows.filter(({ status }) => status !== 'loaded')
    const findings = wrong.map(({ key, status }) => `ledger: ${key} is ${status}`)
    if (rows.length !== objects) findings.push(`ledger: ${rows.length} rows`)
    for (const table of ['waiting', 'due']) {
      const { rowCount } = await client.query(`SELECT 1 FROM sluice.${table}`)
      if (rowCount) findings.push(`sluice.${table}: ${rowCount} rows are left`)
    }
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

/** The lines as they stand there, told apart by a pattern. */
async function inBronze({ lake, dataset }: Place): Promise<Seen> {
  const files = literal(join(lake, 'bronze/kill', dataset, '*.csv'))
  const good = `line.regexp_matches(${literal(goodLine)}) AS good`
  const read = `read_csv(${files}, auto_detect = false, header = true, delim = '\x01', quote = '',
    escape = '', columns = {'line': 'VARCHAR'})`
  const lines = `(SELECT line, string_split(line, ',') AS c, ${good} FROM ${read})`
  return inDuck(
    `SELECT count(*), count(DISTINCT c[1]), ${duckSum(line)} FROM ${lines} WHERE good`,
    `SELECT count(*), ${duckSum('line')} FROM ${lines} WHERE NOT good`,
  )
}

function inSilver({ lake, dataset }: Place): Promise<Seen> {
  const files = (root: string) => {
    return `read_parquet(${literal(join(lake, root, 'kill', dataset, '**/*.parquet'))})`
  }
  return inDuck(
    `SELECT count(*), count(DISTINCT id::BIGINT), ${duckSum(row)} FROM ${files('silver')}`,
    `SELECT count(*), ${duckSum('text')} FROM ${files('quarantine')} WHERE raw = encode(text)`,
  )
}

async function inDuck(good: string, kept: string): Promise<Seen> {
  const duck = await openDuck()
  try {
    const [[rows, keys, sum] = []] = await duck.all(good)
    const [[rejects, text] = []] = await duck.all(kept)
    return {
      good: { rows: Number(rows), keys: Number(keys), sum: String(sum) },
      kept: { rejects: Number(rejects), text: String(text) },
    }
  } finally {
    duck.close()
  }
}

function inPostgres({ dataset }: Place, url: string): Promise<Seen> {
  return withClient(url, async (client) => {
    const good = await client.query(`SELECT count(*)::int AS rows,
      count(DISTINCT id)::int AS keys, ${pgSum(row)} AS sum FROM kill.${dataset}`)
    const kept = await client.query(
      `SELECT count(*)::int AS rejects, ${pgSum('text')} AS text
       FROM sluice.rejects r JOIN sluice.objects o ON o.id = r.object_id
       WHERE starts_with(o.key, $1) AND raw = convert_to(text, 'UTF8')`,
      [`bronze/kill/${dataset}/`],
    )
    return { good: good.rows[0], kept: kept.rows[0] }
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
