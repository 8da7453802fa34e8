import type { Contract } from '../../core/contract/contract.ts'
import type { Transaction } from '../../core/database/database.ts'
import { hasPlaces, type Incoming } from '../../core/database/incoming.ts'
import type { Entry } from '../../core/database/ledger.ts'
import { deleteOwn, makeStage, mergeStage, placesOf, STAGE } from '../../core/database/merge.ts'
import { holdPointers, type Pointer, pointersTo } from '../../core/database/pointers.ts'
import { columnsOf, isEmpty, tableOf } from '../../core/database/table.ts'
import { forget, setOrphansAside } from '../../core/database/waiting.ts'
import type { Verdict } from '../../core/judge/validate.ts'
import type { Counts } from '../../core/outcome.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'

/** The rows and rejects of one object, within its transaction. */
export interface Work {
  tx: Transaction
  entry: Entry
  version: Pick<ObjectVersion, 'etag' | 'modified'>
  contract: Contract
  incoming: Incoming
}

export type Loaded = Counts &
  Pick<Verdict, 'labels' | 'rules'> & { status: 'loaded'; reason: string | undefined }

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
async function isAlone({ tx, contract, incoming }: Work, pointers: Pointer[]): Promise<boolean> {
  if (!incoming.isLive || contract.foreignKeys.length > 0) return false
  if (contract.load === 'replace') return false
  if (contract.load === 'append') return pointers.length === 0
  if (!(await isEmpty(tx, contract))) return false
  // The first object of a dataset: others wait, and will meet its rows.
  await tx.lock(contract.dataset)
  return isEmpty(tx, contract)
}

/** Rows that only their own object touches go right into the table. */
async function straight(work: Work): Promise<Loaded> {
  const { tx, contract, entry, incoming } = work
  await deleteOwn(tx, contract, entry)
  const into = { table: tableOf(contract), columns: [...columnsOf(contract), '_object_id'] }
  const verdict = await incoming.accepted(tx, into, entry.id)
  await keepRejects(work)
  return { status: 'loaded', ...verdict, reason: reasonOf(verdict), waiting: 0 }
}

/**
 * Rows that meet those of other objects are staged, and merged under the dataset's lock.
 *
 * @param hold keeps parents and children as they are from then on, and tells who points here
 */
async function staged(work: Work, hold: () => Promise<Pointer[]>): Promise<Loaded> {
  const { tx, contract, entry, incoming, version } = work
  await makeStage(tx, contract, entry.loadedEtag !== undefined)
  const places = hasPlaces(contract) ? placesOf(contract) : []
  const into = { table: STAGE, columns: [...columnsOf(contract), ...places] }
  const verdict = await incoming.accepted(tx, into)
  await keepRejects(work)
  await tx.lock(contract.dataset)
  const pointers = await hold()
  if (entry.waiting > 0) await forget(tx, 'sluice.waiting', entry)
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
function reasonOf({ drift }: Pick<Verdict, 'drift'>, referenced = 0): string | undefined {
  const stay = `referenced: ${referenced} rows that it no longer has stay for children`
  const told = [...(referenced > 0 ? [stay] : []), ...drift]
  return told.length > 0 ? told.join('; ') : undefined
}

async function keepRejects({ tx, entry, incoming }: Work): Promise<void> {
  if (entry.status !== 'new') await forget(tx, 'sluice.rejects', entry)
  await incoming.rejected(tx, entry.id)
}
