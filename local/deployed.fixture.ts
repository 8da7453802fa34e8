import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readRecord } from '../core/commit/commit-record.ts'
import { type Manifest, manifestKey, parseManifest } from '../core/commit/manifest.ts'
import type { Database, Row } from '../core/database/database.ts'
import { openPostgres } from '../core/database/postgres.ts'
import type { DeployedStack, DeployedStage } from '../core/doctor/deployed.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { queryLake } from '../core/query/query.ts'
import { startSluice } from '../faults/command.ts'
import { collect } from '../functions/shop.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { Cut } from './cut.fixture.ts'
import { installAwsS3 } from './data-api/aws-s3.ts'
import { DataApiEndpoint } from './data-api/endpoint.ts'
import { deployLocally, destroyLocally } from './localstack.ts'
import { lookAt, type Seen } from './outside.fixture.ts'
import { localPostgres, removeLocalPostgres } from './postgres.ts'

/** How the functions of a stack reach its database: by a URL, or through the Data API. */
export type By = 'url' | 'data-api'

/** The stack as `npm run deploy:local` makes it, with a Postgres of its own that can be cut off. */
export class Deployed {
  readonly stack: DeployedStack
  readonly lake: Lake
  readonly database: Database
  /** To Postgres itself: that of the functions, or of what answers them as the Data API. */
  readonly way: Cut
  readonly #url: string
  readonly #close: () => Promise<void>

  private constructor(stack: DeployedStack, way: Cut, url: string, close: () => Promise<void>) {
    this.stack = stack
    this.lake = openLake(stack.lake)
    this.way = way
    this.#url = url
    this.database = openPostgres(url)
    this.#close = close
  }

  static async deploy(by: By = 'url'): Promise<Deployed> {
    const stage = `t${randomBytes(3).toString('hex')}`
    const home = mkdtempSync(join(tmpdir(), 'sluice-deployed-'))
    const postgres = await localPostgres(home, { durable: false })
    const way = await Cut.open(postgres.url)
    const api = by === 'data-api' ? await dataApiOver(way.url) : undefined
    const database = api ? { dataApi: api.place } : { database: way.url }
    const stack = await deployLocally({ stage, ...database, quiet: true })
    return new Deployed(stack, way, postgres.url, async () => {
      await destroyLocally(stage, true)
      await api?.close()
      await way.cut()
      await postgres.release()
      await removeLocalPostgres(home)
      rmSync(home, { recursive: true, force: true })
    })
  }

  /** @param content text, or a file of `data/` by its key where none is given */
  async put(key: string, content?: string | Buffer): Promise<void> {
    const body = content ?? readFileSync(join('data', key))
    await this.lake.store.put(key, Buffer.from(body))
  }

  /** A package whose dataset `rows` takes every file of its folder. */
  async describe(name: string): Promise<void> {
    const rows = resource('rows', ['id:integer', 'name'], { primaryKey: 'id' })
    const descriptor = JSON.stringify({ name, resources: [rows] })
    await this.put(`bronze/${name}/datapackage.json`, descriptor)
  }

  stageOf(name: DeployedStage['name']): DeployedStage {
    const found = this.stack.stages.find((stage) => stage.name === name)
    if (!found) throw new Error(`${this.stack.name} has no ${name}`)
    return found
  }

  /** What the ledger says of an object. */
  async ledger(key: string): Promise<Row | undefined> {
    const [row] = await this.database.query(
      `SELECT dataset, status, reason, records, accepted, rejected, waiting
       FROM sluice.objects WHERE key = $1`,
      [key],
    )
    return row
  }

  async manifest(dataset: string, key: string): Promise<Manifest | undefined> {
    const found = await readRecord(this.lake.store, manifestKey(dataset, key), parseManifest)
    return found?.record.state ?? undefined
  }

  /** Rows of Silver or of a stream, as `sluice query` has them. */
  ask(sql: string): Promise<unknown[][]> {
    return queryLake(this.lake.store, sql, 'json', ({ rows }) => collect(rows))
  }

  /** Rows of a table without our own column, in order. */
  async rowsOf(table: string): Promise<unknown[][]> {
    const rows = await this.database.query(
      `SELECT to_json(t.*) AS row FROM ${table} t ORDER BY row(t.*)`,
    )
    return rows.map(({ row }) => {
      const { _object_id, ...own } = row as Record<string, unknown>
      return Object.values(own)
    })
  }

  /** What a folder of the sample becomes on a laptop, in a database of its own. */
  async onLaptop(name: string): Promise<Seen['rows']> {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-laptop-'))
    cpSync(join('data', name), join(folder, name), { recursive: true, preserveTimestamps: true })
    const url = new URL(this.#url)
    url.pathname = `/laptop_${name.replaceAll(/\W/g, '_')}`
    await this.database.query(`CREATE DATABASE ${url.pathname.slice(1)} TEMPLATE template0`)
    await startSluice(folder, url.href, '--once').ended
    const database = openPostgres(url.href)
    try {
      return (await lookAt(openLake(folder).store, database)).rows
    } finally {
      await database.end()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** Deploys again, for another database of the same server, to which it opens a way. */
  async deployFor(name: string): Promise<Database> {
    await this.database.query(`CREATE DATABASE ${name} TEMPLATE template0`)
    const [given, own] = [new URL(this.way.url), new URL(this.#url)]
    for (const url of [given, own]) url.pathname = `/${name}`
    const stage = this.stack.name.slice('sluice-'.length)
    await deployLocally({ stage, database: given.href, quiet: true })
    return openPostgres(own.href)
  }

  async close(): Promise<void> {
    await this.database.end()
    await this.#close()
  }
}

async function dataApiOver(server: string) {
  const endpoint = await DataApiEndpoint.start(server)
  await installAwsS3(server, endpoint)
  const { url, cluster, secret } = endpoint
  const name = new URL(server).pathname.slice(1)
  return { place: { endpoint: url, cluster, secret, name }, close: () => endpoint.close() }
}

/** Asks again until the answer passes; the last failure is thrown when the time is over. */
export async function eventually<T>(look: () => Promise<T>, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1_000
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(250)
    }
  }
}

/** Keys of the sample's objects below a folder, without its descriptor. */
export function sampleOf(folder: string): string[] {
  return readdirSync(join('data', folder), {
    recursive: true,
    encoding: 'utf8',
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('datapackage'))
    .map((entry) => join(entry.parentPath, entry.name).slice('data/'.length))
}
