import type { Contract } from '../contract/contract.ts'
import type { Duck } from '../duck/duckdb.ts'
import { type Sink, type Verdict, validate } from '../judge/validate.ts'
import { none } from '../outcome.ts'
import { rejectsTable } from '../rejects.ts'
import type { ObjectVersion } from '../store/object-store.ts'
import type { Target, Transaction } from './database.ts'
import { load } from './load.ts'

/** The rows of one object on their way into the database, and its rejects. */
export interface Incoming {
  /** Whether they can go right into a table with a column more than they have: `_object_id`. */
  readonly isLive: boolean
  /**
   * Brings the accepted rows into a table.
   *
   * @param id what every row has in the target's last column, where that is one more
   * @throws Refused where the object cannot be taken
   */
  accepted(tx: Transaction, into: Target, id?: number): Promise<Omit<Verdict, 'rejects'>>
  /** Brings what was rejected into `sluice.rejects`. */
  rejected(tx: Transaction, id: number): Promise<void>
}

/** An object with a header alone. */
export const noRows: Incoming = {
  isLive: true,
  accepted: async () => ({ ...none, drift: [] }),
  rejected: async () => {},
}

/** An object's bytes on this machine, and all that it takes to judge them. */
export interface Copied {
  duck: Duck
  contract: Contract
  version: ObjectVersion
  path: string
  folder: string
}

/**
 * Whether rows are judged with the place where each stands: those that may wait for a parent. And
 * a single column gets company: a row that is `\.` and nothing else would end Postgres' COPY.
 */
export function hasPlaces({ foreignKeys, fields }: Contract): boolean {
  return foreignKeys.length > 0 || fields.length === 1
}

/** Rows that are judged while they go. */
export class Judging implements Incoming {
  readonly isLive = true
  readonly #copied: Copied
  #rejects: string | undefined

  constructor(copied: Copied) {
    this.#copied = copied
  }

  async accepted(tx: Transaction, into: Target, id?: number): Promise<Omit<Verdict, 'rejects'>> {
    const { duck, contract, version, folder } = this.#copied
    const sink = await anew(tx, (select) => {
      const rows = id === undefined ? select : `SELECT *, ${id} FROM (${select})`
      return load(duck, rows, tx, into, folder, version.size)
    })
    const places = id === undefined && hasPlaces(contract)
    const { rejects, ...verdict } = await validate(
      { ...this.#copied, key: version.key, places },
      sink,
    )
    this.#rejects = rejects
    return verdict
  }

  async rejected(tx: Transaction, id: number): Promise<void> {
    if (!this.#rejects) return
    const { duck, folder } = this.#copied
    const rows = `SELECT ${id}, ${keptColumns} FROM ${rejectsTable(this.#rejects)}`
    const columns = ['object_id', ...rejectColumns]
    await load(duck, rows, tx, { table: 'sluice.rejects', columns }, folder, 0)
  }
}

/** A reject as the ledger keeps it. */
export const rejectColumns = ['record', 'line', 'raw', 'text', 'errors']

/** The same, of DuckDB's `rejectsTable`: a bytea is read as `\x` and digits. */
export const keptColumns = `record, line, '\\x' || raw, text, errors`

/** A sink of which every call undoes what the one before wrote, whether that failed or not. */
async function anew(tx: Transaction, sink: Sink): Promise<Sink> {
  await tx.execute('SAVEPOINT sink')
  return async (select) => {
    await tx.execute('ROLLBACK TO SAVEPOINT sink')
    return sink(select)
  }
}
