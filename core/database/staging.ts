import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Duck } from '../duck/duckdb.ts'
import { type Verdict, validate } from '../judge/validate.ts'
import { literal } from '../names.ts'
import { rejectsTable } from '../rejects.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Part, Target, Transaction } from './database.ts'
import { type Copied, hasPlaces, type Incoming, keptColumns, rejectColumns } from './incoming.ts'
import { inSlices } from './slices.ts'

/**
 * Rows that a database fetches: judged first, and put as CSV parts below `staging/` of the lake.
 * They are removed when their transaction has ended, either way; what a crash leaves, the bucket's
 * lifecycle removes. Nothing there is ever read by another name than a transaction's own.
 */

/**
 * At which size DuckDB begins another file: it may write some 8 MB more. So no part is above 64 MB,
 * which is fetched well within the 45 s of a call. SLUICE_PART_SIZE changes it.
 */
const partSize = () => process.env.SLUICE_PART_SIZE ?? '48MB'

/** Parts of two kinds, and what was said of the object that they are of. */
export interface StagedRows {
  verdict: Omit<Verdict, 'rejects'>
  rows: string[]
  rejects: string[]
}

/** One object's own folder of the staging area. */
export class StagingArea {
  readonly #store: ObjectStore
  readonly #folder = `staging/${randomUUID()}`
  readonly #keys: string[] = []

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /**
   * Judges an object and stages its accepted rows and its rejects.
   *
   * @throws Refused where the object cannot be taken
   */
  async stage(copied: Copied): Promise<StagedRows> {
    const { duck, contract, version, folder } = copied
    const places = hasPlaces(contract)
    const path = join(folder, 'rows')
    const sink = (select: string) => writeParts(duck, select, path)
    const { rejects, ...verdict } = await validate({ ...copied, key: version.key, places }, sink)
    const rows = verdict.accepted > 0 ? await this.#put(path, 'rows') : []
    if (!rejects) return { verdict, rows, rejects: [] }
    const kept = join(folder, 'kept')
    await writeParts(duck, `SELECT ${keptColumns} FROM ${rejectsTable(rejects)}`, kept)
    rmSync(rejects)
    return { verdict, rows, rejects: await this.#put(kept, 'rejects') }
  }

  /** Removes what was put; what cannot be removed now, the lifecycle of the bucket does. */
  async clear(): Promise<void> {
    for (const key of this.#keys.splice(0)) await this.#store.delete(key).catch(() => {})
  }

  /** As the database finds it: its bucket; of a folder (a test's), its URL. */
  partOf(key: string): Part {
    return { bucket: this.#store.url.replace(/^s3:\/\//, ''), key }
  }

  async #put(path: string, kind: string): Promise<string[]> {
    const keys: string[] = []
    for (const name of readdirSync(path)) {
      const key = `${this.#folder}/${kind}-${name.replace('data_', '')}`
      // Noted first: a put whose answer is lost may have been done.
      this.#keys.push(key)
      await this.#store.put(key, { file: join(path, name), given: true })
      rmSync(join(path, name), { force: true })
      keys.push(key)
    }
    return keys
  }
}

/** @returns the number of rows */
async function writeParts(duck: Duck, select: string, path: string): Promise<number> {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  return duck.run(`COPY (${select}) TO ${literal(path)}
    (FORMAT csv, HEADER false, FILE_SIZE_BYTES ${literal(partSize())})`)
}

/** Rows that were staged, and are fetched by the transaction. */
export class Fetching implements Incoming {
  readonly isLive = false
  readonly #area: StagingArea
  readonly #staged: StagedRows

  constructor(area: StagingArea, staged: StagedRows) {
    this.#area = area
    this.#staged = staged
  }

  async accepted(tx: Transaction, into: Target): Promise<Omit<Verdict, 'rejects'>> {
    const { verdict, rows } = this.#staged
    for (const key of rows) await tx.fetch(into, this.#area.partOf(key))
    await mustHave(tx, into.table, verdict.accepted)
    return verdict
  }

  async rejected(tx: Transaction, id: number): Promise<void> {
    const { verdict, rejects } = this.#staged
    if (rejects.length === 0) return
    const table = 'pg_temp.sluice_kept'
    const columns = rejectColumns.join(', ')
    await tx.execute(`CREATE TEMP TABLE sluice_kept ON COMMIT DROP AS
      SELECT ${columns} FROM sluice.rejects LIMIT 0`)
    for (const key of rejects) {
      await tx.fetch({ table, columns: rejectColumns }, this.#area.partOf(key))
    }
    await mustHave(tx, table, verdict.rejected)
    await inSlices(tx, { table, alias: 'k' }, (slice) =>
      tx.execute(`INSERT INTO sluice.rejects (object_id, ${columns})
        SELECT ${id}, ${columns} FROM ${table} k WHERE ${slice}`),
    )
    await tx.execute(`DROP TABLE ${table}`)
  }
}

/** What was judged is what was fetched, or nothing of it stands. */
async function mustHave(tx: Transaction, table: string, rows: number): Promise<void> {
  const [row] = await tx.query(`SELECT count(*) AS rows FROM ${table}`)
  if (row?.rows === rows) return
  throw new Error(`${rows} rows were staged, but the database has fetched ${row?.rows}`)
}
