import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import {
  type Database,
  isOfData,
  LOCKS,
  type Row,
  type Target,
  type Transaction,
  Unacceptable,
} from './database.ts'

/** At most so many connections of one process: SLUICE_CONNECTIONS, 4 by default. */
const connections = Number(process.env.SLUICE_CONNECTIONS ?? 4)

// BIGINT arrives as a string by default; counts and ids of ours are within 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** @param url `postgres://user:password@host:port/database` */
export function openPostgres(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: 'sluice',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    // A server that is gone without a word, as in a failover, is noticed in the middle of a COPY.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    allowExitOnIdle: true,
  })
  // An idle connection that breaks is no news: the next one to be used will be another.
  pool.on('error', () => {})
  return {
    fetches: false,
    transaction: (work) => transaction(pool, work),
    query: async (sql, values) => (await alone(pool, sql, values)).rows,
    execute: async (sql, values) => (await alone(pool, sql, values)).rowCount ?? 0,
    read: async (sql, values) => (await alone(pool, sql, values)).rows,
    end: () => pool.end(),
  }
}

function alone(pool: pg.Pool, sql: string, values?: unknown[]): Promise<pg.QueryResult> {
  return pool.query(sql, values).catch((error: unknown) => {
    throw classified(error)
  })
}

async function transaction<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await begin(pool)
  let broken: Error | undefined
  client.on('error', (error) => {
    broken = error
  })
  try {
    const done = await work(new PgTransaction(client))
    // After an error that the work kept to itself, COMMIT is a ROLLBACK, and only says so.
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error('a statement failed, so nothing was committed')
    return done
  } catch (error) {
    await client.query('ROLLBACK').catch((failed: Error) => {
      broken ??= failed
    })
    throw classified(error)
  } finally {
    client.removeAllListeners('error')
    client.release(broken)
  }
}

/**
 * A client in a transaction. One that was idle may have lost its server: a function is frozen
 * between invocations, and hears of nothing, or its way there was forgotten meanwhile. Nothing was
 * done with it yet, so another one is taken.
 */
async function begin(pool: pg.Pool): Promise<pg.PoolClient> {
  for (let left = connections; ; left--) {
    const client = await pool.connect()
    const ignore = () => {}
    client.on('error', ignore)
    try {
      await client.query({ text: 'BEGIN', query_timeout: 10_000 } as pg.QueryConfig)
      return client
    } catch (error) {
      client.release(error as Error)
      if (left === 0) throw error
    } finally {
      client.off('error', ignore)
    }
  }
}

class PgTransaction implements Transaction {
  readonly isSliced = false
  readonly #client: pg.PoolClient
  #attempts = 0

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  async query(sql: string, values?: unknown[]): Promise<Row[]> {
    return (await this.#client.query(sql, values)).rows
  }

  read(sql: string, values?: unknown[]): Promise<Row[]> {
    return this.query(sql, values)
  }

  async execute(sql: string, values?: unknown[]): Promise<number> {
    return (await this.#client.query(sql, values)).rowCount ?? 0
  }

  async script(sql: string): Promise<void> {
    await this.#client.query(sql)
  }

  async lock(what: string, shared = false): Promise<void> {
    const lock = shared ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock'
    await this.#client.query(`SELECT ${lock}($1, hashtext($2))`, [LOCKS, what])
  }

  async copy({ table, columns }: Target, rows: Readable): Promise<number> {
    const sql = `COPY ${table} (${columns.join(', ')}) FROM STDIN (FORMAT csv)`
    const sink = this.#client.query(copyFrom(sql))
    await pipeline(rows, sink)
    return sink.rowCount
  }

  async fetch(): Promise<void> {
    throw new TypeError('Postgres is sent its rows: it fetches none')
  }

  async attempt<T>(work: () => Promise<T>): Promise<T> {
    const name = `attempt_${++this.#attempts}`
    await this.#client.query(`SAVEPOINT ${name}`)
    try {
      return await work()
    } catch (error) {
      await this.#client.query(`ROLLBACK TO SAVEPOINT ${name}`)
      throw classified(error)
    }
  }
}

function classified(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || !isOfData(error.code)) return error
  const where = [error.where, error.detail].filter(Boolean).join('; ')
  return new Unacceptable(`${error.message}${where && ` (${where})`}`, { cause: error })
}
