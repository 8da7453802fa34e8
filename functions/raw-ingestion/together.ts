import { govern, lookAt } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import { type Database, type Transaction, Unacceptable } from '../../core/database/database.ts'
import { leaveHeals } from '../../core/database/due.ts'
import { hasPlaces } from '../../core/database/incoming.ts'
import { type New, noteNew, unknownOf } from '../../core/database/ledger-new.ts'
import { load } from '../../core/database/load.ts'
import { columnsOf, forgetTables, tableOf } from '../../core/database/table.ts'
import type { Deadline } from '../../core/deadline.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import { type Opened, withOpened } from '../../core/judge/opened.ts'
import { MEMBER } from '../../core/judge/plan.ts'
import {
  inGroups,
  judgeTogether,
  smallOf,
  takesMany,
  type Whole,
} from '../../core/judge/together.ts'
import type { Lake } from '../../core/lake.ts'
import type { Outcome } from '../../core/outcome.ts'
import { memoryOf } from '../../core/store/memo-store.ts'
import type { ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'
import { readyTables } from './tables.ts'

/**
 * Many small objects into Postgres by one transaction. Only those that are new, whose records all
 * hold, and whose rows meet no others: all else is loaded object by object (ingest.ts).
 */

/**
 * @returns how those ended that are loaded; what has gone wrong is met again by who loads the
 *   others one by one
 */
export async function ingestTogether(
  lake: Lake,
  database: Database,
  keys: string[],
  deadline: Deadline,
): Promise<Outcome[]> {
  // Where the database fetches its rows, each object is staged by itself.
  if (database.fetches) return []
  const small = await smallOf(lake.store, keys)
  const unknown = await unknownOf(
    database,
    lake.store.url,
    small.map(({ key }) => key),
  )
  const ended: Outcome[] = []
  const report = (some: Outcome[]) => ended.push(...some)
  try {
    const fresh = small.filter(({ key }) => unknown.has(key))
    for (const { contract, versions } of await byContract(lake.store, fresh)) {
      for (const group of inGroups(versions)) {
        if (deadline.isOver() || meets(contract)) break
        await new Group(lake, database, contract, group).load(report)
      }
    }
  } catch {
    forgetTables()
  }
  return ended
}

/** Those that may be loaded together; two contracts of one hash are the same. */
async function byContract(
  store: ObjectStore,
  versions: ObjectVersion[],
): Promise<{ contract: Contract; versions: ObjectVersion[] }[]> {
  const memory = memoryOf(store)
  const governing = await Promise.all(versions.map(({ key }) => govern(memory, key)))
  const groups = new Map<string, { contract: Contract; versions: ObjectVersion[] }>()
  for (const [i, version] of versions.entries()) {
    const contract = governing[i]?.contract
    if (!contract || !isSimple(contract)) continue
    const group = groups.get(contract.hash) ?? { contract, versions: [] }
    group.versions.push(version)
    groups.set(contract.hash, group)
  }
  return [...groups.values()]
}

/**
 * Whether rows go right into the table: they need no parent, and where one meets a row of the same
 * key, the database says no to all of them.
 */
function isSimple(contract: Contract): boolean {
  return contract.load !== 'replace' && !hasPlaces(contract) && takesMany(contract)
}

/** When rows of a contract met others last, by its hash: they will again. */
const met = new Map<string, number>()
const MET_MS = 60_000

function meets({ hash }: Contract): boolean {
  return performance.now() - (met.get(hash) ?? Number.NEGATIVE_INFINITY) < MET_MS
}

/** Sends the rows, given the ids of the objects that they are of; the answer is how many. */
type Send = (tx: Transaction, ids: number[]) => Promise<number>

class Group {
  readonly #lake: Lake
  readonly #database: Database
  readonly #contract: Contract
  readonly #versions: ObjectVersion[]
  readonly #started = performance.now()

  constructor(lake: Lake, database: Database, contract: Contract, versions: ObjectVersion[]) {
    this.#lake = lake
    this.#database = database
    this.#contract = contract
    this.#versions = versions
  }

  async load(report: (ended: Outcome[]) => void): Promise<void> {
    await withOpened(this.#lake.store, this.#versions, (opened) =>
      this.#lake.withScratch(0, (folder, duck) => this.#judge(folder, duck, opened, report)),
    )
  }

  async #judge(
    folder: string,
    duck: Duck,
    opened: Opened[],
    report: (ended: Outcome[]) => void,
  ): Promise<void> {
    const task = { duck, contract: this.#contract }
    await judgeTogether(task, opened, async (select, wholes) => {
      for (const { member } of wholes) await member.copy.verify()
      const notes = wholes.map((whole) => this.#noteOf(whole))
      await this.#commit(notes, (tx, ids) => {
        const id = `[${ids.join(', ')}][${MEMBER} + 1]`
        const rows = `SELECT * EXCLUDE (${MEMBER}), ${id} FROM (${select})`
        const columns = [...columnsOf(this.#contract), '_object_id']
        return load(duck, rows, tx, { table: tableOf(this.#contract), columns }, folder, 0)
      })
      report(notes.map((note) => this.#outcomeOf(note)))
    })
  }

  async #commit(notes: New[], send: Send): Promise<void> {
    try {
      // COMMIT is the commit point: it makes rows and ledger rows final, or none of them.
      await this.#database.transaction((tx) => this.#loadWholes(tx, notes, send))
    } catch (error) {
      if (error instanceof Unacceptable) met.set(this.#contract.hash, performance.now())
      throw error
    }
  }

  async #loadWholes(tx: Transaction, notes: New[], send: Send): Promise<void> {
    const { store } = this.#lake
    const { dataset, hash } = this.#contract
    const common = { lake: store.url, dataset, contract: hash }
    const ids = await noteNew(tx, common, notes)
    const taken = notes.map(({ version }) => ids.get(version.key))
    const all = taken.filter((id) => id !== undefined)
    const memory = memoryOf(store)
    const isStill = await Promise.all(notes.map(({ version }) => this.#stands(memory, version)))
    if (all.length < notes.length || isStill.includes(false)) throw new Busy('others are at it')
    const { children } = await readyTables(tx, store.url, memory, this.#contract)
    // Objects whose rows are merged wait, and will meet these.
    if (this.#contract.load === 'upsert') await tx.lock(dataset)
    const sent = await send(tx, all)
    const records = notes.reduce((sum, note) => sum + note.records, 0)
    if (sent !== records) throw new Error(`${records} records hold, but ${sent} were sent`)
    await leaveHeals(tx, store.url, this.#contract, children)
    // What is deferred to the commit would be a fault there; here it is a verdict.
    await tx.execute('SET CONSTRAINTS ALL IMMEDIATE')
  }

  /** Whether this version is to be loaded by this contract, now that its key is taken. */
  async #stands(store: ObjectStore, { key, etag }: ObjectVersion): Promise<boolean> {
    const seen = await lookAt(store, key)
    return seen?.version.etag === etag && seen.governing.contract?.hash === this.#contract.hash
  }

  #noteOf({ member, records, drift }: Whole<Opened>): New {
    const reason = drift.length > 0 ? drift.join('; ') : undefined
    return { version: member.version, records, reason, seconds: this.#seconds() }
  }

  #outcomeOf({ version, records, reason }: New): Outcome {
    const counts = { records, accepted: records, rejected: 0, waiting: 0 }
    const { dataset } = this.#contract
    const end = { dataset, status: 'loaded' as const, reason, seconds: this.#seconds() }
    return { stage: 'raw-ingestion', object: version.key, ...end, ...counts }
  }

  /** An object's share of the time since the group was begun. */
  #seconds(): number {
    return (performance.now() - this.#started) / 1000 / this.#versions.length
  }
}
