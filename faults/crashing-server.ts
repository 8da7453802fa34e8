import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { newDatabase } from '../local/new-database.ts'
import { removeLocalPostgres } from '../local/postgres.ts'
import { type Cluster, makeCluster, urlOf } from '../local/postgres-cluster.ts'
import { runningPort, startServer, stopServer } from '../local/postgres-server.ts'

/** A Postgres that nobody else uses, with one database, that can be made to go. */
export class CrashingServer {
  readonly url: string
  readonly #cluster: Cluster

  private constructor(cluster: Cluster, url: string) {
    this.#cluster = cluster
    this.url = url
  }

  /** Durable: a crash must not take what was committed, or there is nothing to come back to. */
  static async start(folder: string): Promise<CrashingServer> {
    const home = join(folder, 'server')
    mkdirSync(home)
    const cluster = await makeCluster(home)
    const { url } = await newDatabase(urlOf(cluster, await startServer(cluster, true)), 'away')
    return new CrashingServer(cluster, url)
  }

  /** As `pg_ctl stop -m immediate`: no goodbye, no checkpoint. */
  async crash(): Promise<void> {
    const text = await readFile(join(this.#cluster.data, 'postmaster.pid'), 'utf8')
    process.kill(Number(text.split('\n')[0]), 'SIGQUIT')
    while ((await runningPort(this.#cluster)) !== undefined) await sleep(20)
  }

  /** @throws Error where another program has taken its port meanwhile */
  async comeBack(): Promise<void> {
    const port = await startServer(this.#cluster, true)
    if (port !== Number(new URL(this.url).port)) throw new Error('its port is taken')
  }

  async remove(): Promise<void> {
    await stopServer(this.#cluster)
    await removeLocalPostgres(this.#cluster.home)
  }
}
