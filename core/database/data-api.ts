import { setTimeout as sleep } from 'node:timers/promises'
import { Busy } from '../errors.ts'
import { DataApiClient, type DataApiPlace } from './data-api-client.ts'
import {
  answerOf,
  inPieces,
  isLong,
  makeRunner,
  pieced,
  runner,
  wantsAnswer,
} from './data-api-sql.ts'
import {
  type Database,
  LOCKS,
  type Part,
  type Row,
  type Target,
  type Transaction,
  Unacceptable,
} from './database.ts'

/**
 * Aurora PostgreSQL by the RDS Data API: no connection, and no way into a VPC. What it asks for:
 * a call lasts 45 s at most, a request has 4 MiB, an answer 1 MiB and a row of it 64 KB; and a
 * transaction without a call for three minutes is rolled back.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html
 */

/** Of one call, so that all pieces of a call are well below 1 MiB. */
const piecesAtOnce = 16

/** How long a lock is waited for: longer than any load that holds one, shorter than a function. */
const longestWaitMs = 600_000
const [firstAskMs, lastAskMs] = [25, 500]

export function openDataApi(place: DataApiPlace): Database {
  const client = new DataApiClient(place)
  const read: Database['read'] = async (sql, values) => {
    const short = await client.run(atOnce(sql), values)
    if (isWhole(short)) return pieced(short.records)
    return transaction(client, (tx) => tx.readOn(sql, values))
  }
  return {
    fetches: true,
    transaction: (work) => transaction(client, work),
    query: (sql, values) => ask(client, sql, values),
    execute: async (sql, values) => (await client.run(sql, values)).touched,
    read,
    end: async () => client.end(),
  }
}

async function transaction<T>(
  client: DataApiClient,
  work: (tx: DataApiTransaction) => Promise<T>,
): Promise<T> {
  const id = await client.begin()
  const tx = new DataApiTransaction(client, id)
  try {
    const xid = await tx.start()
    const done = await work(tx)
    await commit(client, id, xid)
    return done
  } catch (error) {
    // One that cannot be rolled back ends by itself; until then its locks are waited for.
    await client.rollback(id).catch(() => {})
    throw error
  }
}

/** Times that a commit is asked for whose answer does not come, and which is not done either. */
const commits = 5

/** What became of a commit whose answer was lost, Postgres knows: it is not guessed. */
async function commit(client: DataApiClient, id: string, xid: string): Promise<void> {
  for (let left = commits; ; left--) {
    const fault = await client.commit(id).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (fault === undefined) return
    const fate = await fateOf(client, xid).catch(() => undefined)
    if (fate === 'committed') return
    if (fate !== 'in progress' || left === 1) throw fault
    await sleep(lastAskMs / left)
  }
}

/** https://www.postgresql.org/docs/17/functions-info.html#FUNCTIONS-INFO-SNAPSHOT */
async function fateOf(client: DataApiClient, xid: string): Promise<unknown> {
  const [row] = await ask(client, 'SELECT pg_xact_status($1::xid8) AS fate', [xid])
  return row?.fate
}

/** One call on a transaction at a time: the Data API refuses a second one. */
class DataApiTransaction implements Transaction {
  readonly isSliced = true
  readonly #client: DataApiClient
  readonly #id: string
  #attempts = 0
  #answers = 0

  constructor(client: DataApiClient, id: string) {
    this.#client = client
    this.#id = id
  }

  /**
   * Bounds the wait for rows that others hold, by less than a call lasts: who waits longer is told
   * so, and comes again.
   *
   * @returns the transaction's number in Postgres
   */
  async start(): Promise<string> {
    const [row] = await this.query(
      `SELECT set_config('lock_timeout', '30s', true), pg_current_xact_id()::text AS xid`,
    )
    return row?.xid as string
  }

  async query(sql: string, values?: unknown[]): Promise<Row[]> {
    return ask(this.#client, sql, values, this.#id)
  }

  async execute(sql: string, values: unknown[] = []): Promise<number> {
    if (isLong(sql) && values.length === 0) return this.#runLong(sql)
    return (await this.#client.run(sql, values, this.#id)).touched
  }

  async read(sql: string, values?: unknown[]): Promise<Row[]> {
    const short = await this.#client.run(atOnce(sql), values, this.#id)
    return isWhole(short) ? pieced(short.records) : this.readOn(sql, values)
  }

  /** An answer of more than one call. */
  async readOn(sql: string, values?: unknown[]): Promise<Row[]> {
    const name = `sluice_answer_${++this.#answers}`
    await this.execute(`DECLARE ${name} NO SCROLL CURSOR FOR ${inPieces(sql)}`, values)
    const pieces: unknown[][] = []
    for (;;) {
      const next = await this.#client.run(`FETCH ${piecesAtOnce} FROM ${name}`, [], this.#id)
      pieces.push(...next.records)
      if (isWhole(next)) return pieced(pieces)
    }
  }

  async script(sql: string): Promise<void> {
    await this.#runLong(sql)
  }

  async #runLong(sql: string): Promise<number> {
    // Made each time: an attempt that failed has undone it, or another transaction has made it.
    await this.#client.run(makeRunner, [], this.#id)
    const [row] = await this.query(runner, [sql])
    return row?.touched as number
  }

  /** Asked for again and again: to wait in Postgres would end with the call. */
  async lock(what: string, shared = false): Promise<void> {
    const sql = `SELECT pg_try_advisory_xact_lock${shared ? '_shared' : ''}($1::int, hashtext($2))`
    const until = performance.now() + longestWaitMs
    for (let pause = firstAskMs; ; pause = Math.min(2 * pause, lastAskMs)) {
      const [row] = await this.query(`${sql} AS got`, [LOCKS, what])
      if (row?.got === true) return
      if (performance.now() > until) throw new Busy(`another load holds ${what}`)
      await sleep(pause * (0.5 + Math.random()))
    }
  }

  async copy(): Promise<number> {
    throw new TypeError('rows are fetched by this database: none are sent to it')
  }

  /** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PostgreSQL.S3Import.html */
  async fetch({ table, columns }: Target, { bucket, key }: Part): Promise<void> {
    const sql = 'SELECT aws_s3.table_import_from_s3($1, $2, $3, $4, $5, $6) AS told'
    const region = await this.#client.region()
    const values = [table, columns.join(', '), '(FORMAT csv)', bucket, key, region]
    await this.query(sql, values).catch((error: Error) => {
      if (error instanceof Unacceptable) throw error
      // Aurora says `HTTP 403`, and of what only in a detail that the Data API leaves out.
      error.message += ` (table_import_from_s3: ${key} in bucket ${bucket}, ${region})`
      throw error
    })
  }

  async attempt<T>(work: () => Promise<T>): Promise<T> {
    const name = `attempt_${++this.#attempts}`
    await this.execute(`SAVEPOINT ${name}`)
    try {
      return await work()
    } catch (error) {
      await this.execute(`ROLLBACK TO SAVEPOINT ${name}`).catch((cause: unknown) => {
        // The transaction is gone, by what went wrong first. No verdict on the data may be noted
        // then: their rows could still be there.
        throw new Error(String(error), { cause })
      })
      throw error
    }
  }
}

/** The whole of an answer that is short, as most are. */
function atOnce(sql: string): string {
  return `${inPieces(sql)} LIMIT ${piecesAtOnce}`
}

function isWhole({ records }: { records: unknown[][] }): boolean {
  return records.length < piecesAtOnce
}

async function ask(
  client: DataApiClient,
  sql: string,
  values?: unknown[],
  id?: string,
): Promise<Row[]> {
  const asked = wantsAnswer(sql) ? answerOf(sql) : sql
  const { records } = await client.run(asked, values, id)
  return records.map(([row]) => JSON.parse(row as string) as Row)
}
