import { join } from 'node:path'
import { newDatabase } from '../local/new-database.ts'
import { type LocalPostgres, localPostgres, removeLocalPostgres } from '../local/postgres.ts'
import type { Trial } from './experiment.ts'

/** A durable Postgres of its own, started when it is first asked for. */
export class Server {
  readonly #home: string
  #server: Promise<LocalPostgres> | undefined
  #databases = 0

  /** @param folder the server's files go below it */
  constructor(folder: string) {
    this.#home = join(folder, 'postgres')
  }

  readonly newDatabase: Trial['newDatabase'] = async () => {
    this.#server ??= localPostgres(this.#home)
    const { url } = await this.#server
    return newDatabase(url, `fault_${++this.#databases}`)
  }

  async stop(): Promise<void> {
    await (await this.#server)?.release()
  }

  async remove(): Promise<void> {
    await this.stop()
    await removeLocalPostgres(this.#home)
  }
}
