import pg from 'pg'
import { databaseError, invalid, Refusal } from './refusal.ts'
import { type Outcome, Statement } from './statement.ts'

/** A connection that is ours until it is given back. */
export class Session {
  /** The backend's process id. */
  readonly pid: number
  readonly #client: pg.PoolClient
  readonly #left: () => void

  /** @param left is told when it is given back, or ended */
  constructor(client: pg.PoolClient, left: (session: Session) => void) {
    this.#client = client
    this.#left = () => left(this)
    this.pid = (client as unknown as { processID: number }).processID
  }

  /** @throws what Postgres or the connection says */
  run(statement: Statement): Promise<Outcome> {
    // A client that has lost its server never calls back.
    this.#client.query(statement)
    return statement.done
  }

  /** For the next one, with nothing left of what was set, prepared or made temporarily. */
  async giveBack(): Promise<void> {
    this.#left()
    await this.run(new Statement('DISCARD ALL')).then(
      () => this.#client.release(),
      () => this.#client.release(true),
    )
  }

  /** Ends the connection; what was not committed is rolled back. */
  async destroy(): Promise<void> {
    this.#left()
    await this.run(new Statement('ROLLBACK')).catch(() => {})
    this.#client.release(true)
  }
}

/** The connections to one server, a pool per database. */
export class Sessions {
  readonly #server: string
  readonly #pools = new Map<string, pg.Pool>()
  readonly #taken = new Set<Session>()

  constructor(server: string) {
    this.#server = server
  }

  /** @throws Refusal where the database is not there */
  async take(database: string): Promise<Session> {
    const client = await this.#pool(database)
      .connect()
      .catch((error: unknown) => {
        throw databaseError(error)
      })
    const session = new Session(client, () => this.#taken.delete(session))
    this.#taken.add(session)
    return session
  }

  /** Cancels what the backend is doing now. */
  async cancel({ pid }: Session): Promise<void> {
    await this.#pool('').query('SELECT pg_cancel_backend($1)', [pid])
  }

  /** Ends the backend, and waits until it is gone. */
  async terminate({ pid }: Session): Promise<void> {
    await this.#pool('').query('SELECT pg_terminate_backend($1, 10000)', [pid])
  }

  /** Ends the backends of all sessions, whatever they do now. */
  async stop(): Promise<void> {
    // Where the server is gone, they are too.
    await Promise.allSettled([...this.#taken].map((session) => this.terminate(session)))
  }

  async end(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()))
  }

  /** @param database '' is that of the server's URL */
  #pool(database: string): pg.Pool {
    const known = this.#pools.get(database)
    if (known) return known
    const url = new URL(this.#server)
    if (database) url.pathname = `/${encodeURIComponent(database)}`
    const pool = new pg.Pool({
      connectionString: url.href,
      max: 50,
      idleTimeoutMillis: 5_000,
      allowExitOnIdle: true,
    })
    // What becomes of a connection is told by the statement that meets it.
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
    this.#pools.set(database, pool)
    return pool
  }
}

/** What Postgres says to two statements in one, which AWS says in its own words. */
export function multistatement(error: unknown): unknown {
  const isSo =
    error instanceof pg.DatabaseError &&
    error.code === '42601' &&
    error.message.startsWith('cannot insert multiple commands')
  return isSo ? invalid("Multistatements aren't supported.") : error
}

/** The statement was cancelled. */
export function isCancelled(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014'
}

/** The connection is no more. */
export function isLost(error: unknown): boolean {
  if (error instanceof Refusal) return false
  return !(error instanceof pg.DatabaseError) || error.severity === 'FATAL'
}
