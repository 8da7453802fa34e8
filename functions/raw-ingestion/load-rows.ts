import type { Contract } from '../../core/contract.ts'
import type { Duck } from '../../core/duckdb.ts'
import { type Entry, lockFor } from '../../core/ledger.ts'
import { load } from '../../core/load.ts'
import { deleteOwn, makeStage, mergeStage, placesOf, STAGE } from '../../core/merge.ts'
import type { ObjectVersion } from '../../core/object-store.ts'
import type { Counts } from '../../core/outcome.ts'
import { holdPointers, type Pointer, pointersTo } from '../../core/pointers.ts'
import type { Transaction } from '../../core/postgres.ts'
import { rejectsTable } from '../../core/rejects.ts'
import { columnsOf, tableOf } from '../../core/table.ts'
import { type Sink, type Verdict, validate } from '../../core/validate.ts'
import { setOrphansAside } from '../../core/waiting.ts'

/** The rows and rejects of one object, within its transaction. */
export interface Work {
  duck: Duck
  tx: Transaction
  entry: Entry
  version: ObjectVersion
  contract: Contract
  path: string
  folder: string
}

export type Loaded = Counts &
  Pick<Verdict, 'labels'> & { status: 'loaded'; reason: string | undefined }

/**
 * Loads the accepted rows of the object, and keeps its rejects.
 *
 * @param children the contracts whose rows may refer to this dataset's
 * @throws Refused where the object cannot be taken; Unacceptable where the database says no to it
 */
export async function loadRows(work: Work, children: Contract[]): Promise<Loaded> {
  const { tx, entry, contract } = work
  // Only where rows may go it matters who points to them.
  const drops = entry.loadedEtag !== undefined || contract.load === 'replace'
  const pointers = drops ? await pointersTo(tx, contract, children) : []
  if (await isAlone(work, pointers)) return straight(work)
  return staged(work, async () => {
    await holdPointers(tx, contract, drops)
    return drops ? pointersTo(tx, contract, children) : []
  })
}

/** Whether no row of another object can meet one of this, so that no merge is needed. */
async function isAlone({ tx, contract }: Work, pointers: Pointer[]): Promise<boolean> {
  if (contract.foreignKeys.length > 0 || contract.load === 'replace') return false
  if (contract.load === 'append') return pointers.length === 0
  if (!(await isEmpty(tx, contract))) return false
  // The first object of a dataset: others wait, and will meet its rows.
  await lockFor(tx, contract.dataset)
  return isEmpty(tx, contract)
}

async function isEmpty(tx: Transaction, contract: Contract): Promise<boolean> {
  return (await tx.query(`SELECT 1 FROM ${tableOf(contract)} LIMIT 1`)).length === 0
}

/** Rows that only their own object touches go right into the table. */
async function straight(work: Work): Promise<Loaded> {
  const { duck, tx, entry, contract, folder, version } = work
  await deleteOwn(tx, contract, entry)
  const into = `${tableOf(contract)} (${[...columnsOf(contract), '_object_id'].join(', ')})`
  const sink = await anew(tx, (select) => {
    const rows = `SELECT *, ${entry.id} FROM (${select})`
    return load(duck, rows, tx, into, folder, version.size)
  })
  const verdict = await validate({ ...work, key: entry.key }, sink)
  await keepRejects(work, verdict.rejects)
  return { status: 'loaded', ...verdict, reason: reasonOf(verdict), waiting: 0 }
}

/**
 * Rows that meet those of other objects are staged, and merged under the dataset's lock.
 *
 * @param hold keeps parents and children as they are from then on, and tells who points here
 */
async function staged(work: Work, hold: () => Promise<Pointer[]>): Promise<Loaded> {
  const { duck, tx, entry, contract, folder, version } = work
  await makeStage(tx, contract)
  // A row that is `\.` and nothing else would end Postgres' COPY: a single column gets company.
  const places = contract.foreignKeys.length > 0 || contract.fields.length === 1
  const columns = [...columnsOf(contract), ...(places ? placesOf(contract) : [])]
  const into = `${STAGE} (${columns.join(', ')})`
  const sink = await anew(tx, (select) => load(duck, select, tx, into, folder, version.size))
  const verdict = await validate({ ...work, key: entry.key, places }, sink)
  await keepRejects(work, verdict.rejects)
  await lockFor(tx, contract.dataset)
  const pointers = await hold()
  await tx.query('DELETE FROM sluice.waiting WHERE object_id = $1', [entry.id])
  const waiting = await setOrphansAside(tx, contract, entry)
  const { modified } = version
  const referenced = await mergeStage({
    tx,
    contract,
    entry,
    modified,
    pointers,
    joins: false,
  })
  const reason = reasonOf(verdict, referenced)
  return { status: 'loaded', ...verdict, reason, accepted: verdict.accepted - waiting, waiting }
}

/** What else is worth knowing of an object that is loaded. */
function reasonOf({ drift }: Verdict, referenced = 0): string | undefined {
  const stay = `referenced: ${referenced} rows that it no longer has stay for children`
  const told = [...(referenced > 0 ? [stay] : []), ...drift]
  return told.length > 0 ? told.join('; ') : undefined
}

/** A sink of which every call undoes what the one before wrote, whether that failed or not. */
async function anew(tx: Transaction, sink: Sink): Promise<Sink> {
  await tx.query('SAVEPOINT sink')
  return async (select) => {
    await tx.query('ROLLBACK TO SAVEPOINT sink')
    return sink(select)
  }
}

async function keepRejects({ duck, tx, entry, folder }: Work, rejects?: string): Promise<void> {
  if (entry.status !== 'new') {
    await tx.query('DELETE FROM sluice.rejects WHERE object_id = $1', [entry.id])
  }
  if (!rejects) return
  const into = 'sluice.rejects (object_id, record, line, raw, text, errors)'
  const rows = `SELECT ${entry.id}, record, line, '\\x' || raw, text, errors
    FROM ${rejectsTable(rejects)}`
  await load(duck, rows, tx, into, folder, 0)
}
