import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Database, Row } from '../core/database/database.ts'
import { openUrl } from '../core/database/open-database.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { forgetTables } from '../core/database/table.ts'
import { type Lake, openLake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { rawIngestion } from './raw-ingestion/handler.ts'
import { silver } from './silver/handler.ts'

/** A lake in a temporary folder, filled by hand. */
export class TestLake {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-lake-'))
  readonly lake: Lake = openLake(this.folder)
  #clock = 1_700_000_000

  /**
   * Puts an object in one step, as `mv` does.
   *
   * @param modified seconds since 1970; without it, one later than any before
   */
  put(key: string, content: string | Buffer, modified = ++this.#clock): void {
    const path = join(this.folder, key)
    mkdirSync(dirname(path), { recursive: true })
    const draft = join(this.folder, 'draft')
    writeFileSync(draft, content)
    utimesSync(draft, modified, modified)
    renameSync(draft, path)
  }

  /** Puts the descriptor of `bronze/<name>`. */
  describe(name: string, ...resources: object[]): void {
    this.put(`bronze/${name}/datapackage.json`, JSON.stringify({ name: 'test', resources }))
  }

  remove(key: string): void {
    rmSync(join(this.folder, key), { force: true })
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/**
 * A resource that takes every file of a folder of its own name.
 *
 * @param fields `id:integer`, `name:string`; the type is string by default
 */
export function resource(name: string, fields: string[], schema: object = {}, sluice = {}): object {
  const described = fields.map((field) => {
    const [named, type = 'string'] = field.split(':')
    return { name: named, type }
  })
  return {
    name,
    path: `${name}.csv`,
    schema: { fields: described, ...schema },
    sluice: { files: `${name}/**`, ...sluice },
  }
}

/** An S3 notification of several keys, as S3 encodes them. */
function notification(...keys: string[]): object {
  const encoded = (key: string) => encodeURIComponent(key).replaceAll('%20', '+')
  return {
    Records: keys.map((key) => ({
      eventSource: 'aws:s3',
      s3: { bucket: { name: 'lake' }, object: { key: encoded(key) } },
    })),
  }
}

/** A batch as SQS brings it: for each key a message with EventBridge's event of a lake's object. */
export function batchOf({ store }: Lake, keys: string[]): object {
  const bucket = { name: store.url.replace(/^s3:\/\//, '') }
  return {
    Records: keys.map((key, i) => ({
      eventSource: 'aws:sqs',
      messageId: `${i}`,
      body: JSON.stringify({ source: 'aws.s3', detail: { bucket, object: { key } } }),
    })),
  }
}

/** The raw-ingestion stage over a database; each `run` tells how the objects ended. */
export class TestRaw {
  readonly database: Database
  readonly #lake: Lake

  private constructor(lake: Lake, database: Database) {
    this.#lake = lake
    this.database = database
  }

  static async open(lake: Lake, url: string): Promise<TestRaw> {
    const database = openUrl(url)
    await prepareLedger(database)
    return new TestRaw(lake, database)
  }

  async run(...keys: string[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    const handler = rawIngestion(this.#lake, this.database, (outcome) => outcomes.push(outcome))
    await handler(notification(...keys))
    return outcomes
  }

  /** The status of one object's run. */
  async status(key: string): Promise<string | undefined> {
    return (await this.run(key))[0]?.status
  }

  query(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.database.transaction((tx) => tx.query(sql, values))
  }

  /** All rows of a table without our own column, each a list of values, in order. */
  async table(name: string): Promise<unknown[][]> {
    const sql = `SELECT to_json(t.*) AS row FROM ${name} t ORDER BY row(t.*)`
    const rows = await this.database.read(sql)
    return rows.map(({ row }) => {
      const { _object_id, ...own } = row as Record<string, unknown>
      return Object.values(own)
    })
  }

  /** Every object in the ledger whose numbers do not add up. */
  wrongCounts(): Promise<Row[]> {
    return this.query(`SELECT key, records, accepted, rejected, waiting, mended
      FROM sluice.objects o
      WHERE records <> accepted + rejected + waiting + mended
        OR (rejected, mended) <> (
          SELECT count(*) - count(mended_by), count(mended_by) FROM sluice.rejects r
          WHERE r.object_id = o.id)
        OR waiting <> (SELECT count(*) FROM sluice.waiting w WHERE w.object_id = o.id)`)
  }
}

/** A store, but for what is given of it. */
export function storeWith(store: ObjectStore, own: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    get: (_, name: keyof ObjectStore) => {
      const found = own[name] ?? store[name]
      return typeof found === 'function' && !own[name] ? found.bind(store) : found
    },
  })
}

/** Empties the database for the next test. */
export async function emptied(url: string): Promise<string> {
  const database = openUrl(url)
  await database.transaction(async (tx) => {
    const schemas = await tx.query(`SELECT nspname FROM pg_namespace
      WHERE nspname !~ '^(pg_|aws_|information_schema$|public$)'`)
    for (const { nspname } of schemas) await tx.execute(`DROP SCHEMA "${nspname}" CASCADE`)
  })
  await database.end()
  forgetTables()
  return url
}

export async function runSilver(lake: Lake, ...keys: string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  await silver(lake, (outcome) => outcomes.push(outcome))(notification(...keys))
  return outcomes
}
