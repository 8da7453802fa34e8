import pg from 'pg'

/** Looks again and again at who is in a database, from outside. */
export class Connections {
  /** The most at any look. */
  peak = 0
  readonly #client: pg.Client
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined

  private constructor(client: pg.Client) {
    this.#client = client
    this.#timer = setInterval(() => {
      this.#looking ??= this.count().then((count) => {
        this.peak = Math.max(this.peak, count)
        this.#looking = undefined
      })
    }, 50)
  }

  static async watch(url: string): Promise<Connections> {
    const client = new pg.Client(url)
    await client.connect()
    return new Connections(client)
  }

  /** How many there are now. */
  async count(): Promise<number> {
    const { rows } = await this.#client.query(`SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'`)
    return rows[0].n
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#client.end()
  }
}
