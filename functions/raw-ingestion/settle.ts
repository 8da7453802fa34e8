import { govern } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import { childrenOf } from '../../core/contract/family.ts'
import { type Database, type Transaction, Unacceptable } from '../../core/database/database.ts'
import { type Due, dropMarks, dueOf, leaveHeals } from '../../core/database/due.ts'
import { count, type Entry, explain, takeWaiting } from '../../core/database/ledger.ts'
import { mergeStage } from '../../core/database/merge.ts'
import { holdPointers } from '../../core/database/pointers.ts'
import { ensureTable, forgetTables } from '../../core/database/table.ts'
import { setOrphansAside, stageWaiting } from '../../core/database/waiting.ts'
import { type Deadline, noDeadline, TimeOver } from '../../core/deadline.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { isOfPlace } from '../../core/limit.ts'
import { memoryOf } from '../../core/store/memo-store.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { ingest } from './ingest.ts'

/**
 * Does what commits have left to be done after them, until nothing is: rows that waited for a
 * parent are looked at again, and objects whose lost rows are free now are loaded again. Whoever
 * calls it may do another's left-over work: after a crash, the next object's handler does.
 *
 * @throws the first fault, when all that could be done is; TimeOver, when there is no time for the
 *   rest. It stays marked.
 */
export async function settle(lake: Lake, database: Database, deadline = noDeadline): Promise<void> {
  const left = new Set<number>()
  const faults: unknown[] = []
  for (;;) {
    const all = await dueOf(database, lake.store.url)
    const due = all.filter(({ marks }) => marks.some((mark) => !left.has(mark)))
    if (due.length === 0) break
    for (const one of due) {
      if (deadline.isOver()) throw faults[0] ?? new TimeOver()
      const settling = settleOne(lake, database, one, deadline)
      const done = await settling.catch((fault) => {
        forgetTables()
        return faults.push(fault) < 0
      })
      if (!done) for (const mark of one.marks) left.add(mark)
    }
  }
  if (faults.length > 0) throw faults[0]
}

/** Whether it is done; or must wait for a contract that can be used, or a place that is larger. */
async function settleOne(
  lake: Lake,
  database: Database,
  due: Due,
  deadline: Deadline,
): Promise<boolean> {
  const { heal, key } = due
  if (heal !== null) return healDataset(lake, database, heal, due, deadline)
  if (key !== null && isOfPlace((await ingest(lake, database, key, true))?.reason)) return false
  await database.transaction((tx) => dropMarks(tx, due))
  return true
}

interface Waiting {
  entry: Entry
  contract: Contract
}

/**
 * Objects whose waiting rows are looked at in one transaction: by the Data API each takes a dozen
 * calls. What one has healed stands, also where there is no time for the next.
 */
const AT_ONCE = 50

async function healDataset(
  lake: Lake,
  database: Database,
  dataset: string,
  due: Due,
  deadline: Deadline,
): Promise<boolean> {
  let isWhole = true
  for (let after = 0; ; ) {
    const { entries } = await database.transaction(async (tx) => {
      const some = await healSome(lake, tx, dataset, after)
      isWhole &&= some.found.length === some.entries.length
      if (isWhole && some.entries.length < AT_ONCE) await dropMarks(tx, due)
      return some
    })
    if (entries.length < AT_ONCE) return isWhole
    after = entries.at(-1)!.id
    if (deadline.isOver()) throw new TimeOver()
  }
}

/** Keys, then tables, then the dataset's lock, as everywhere, so that nobody waits in a ring. */
async function healSome({ store }: Lake, tx: Transaction, dataset: string, after: number) {
  const entries = await takeWaiting(tx, store.url, dataset, after, AT_ONCE)
  // One look at each descriptor: while the lake is asked, the transaction idles.
  const memory = memoryOf(store)
  const found: Waiting[] = []
  for (const entry of entries) {
    const { contract } = await govern(memory, entry.key)
    if (contract?.dataset === dataset) found.push({ entry, contract })
  }
  for (const { contract } of found) await ensureTable(tx, contract)
  await tx.lock(dataset)
  if (found[0]) await holdPointers(tx, found[0].contract, false)
  for (const one of found) await healOrExplain(memory, tx, one)
  return { entries, found }
}

/** What a constraint of the database keeps out waits on, and the ledger says why. */
async function healOrExplain(store: ObjectStore, tx: Transaction, waiting: Waiting): Promise<void> {
  try {
    await tx.attempt(() => healObject(store, tx, waiting))
  } catch (error) {
    if (!(error instanceof Unacceptable || error instanceof Refused)) throw error
    const why = `the database does not take rows that had waited: ${error.message}`
    await explain(tx, waiting.entry.id, why)
  }
}

async function healObject(store: ObjectStore, tx: Transaction, { entry, contract }: Waiting) {
  const before = await stageWaiting(tx, contract, entry)
  const waiting = await setOrphansAside(tx, contract, entry)
  if (waiting < before) {
    const modified = entry.loadedModified ?? new Date(0)
    await mergeStage({ tx, contract, entry, modified, pointers: [], joins: true })
    await tx.execute('SET CONSTRAINTS ALL IMMEDIATE')
  }
  await tx.execute('DROP TABLE pg_temp.sluice_stage')
  if (waiting === before) return
  await count(tx, entry.id, { ...entry, accepted: entry.accepted + before - waiting, waiting })
  await leaveHeals(tx, entry.lake, contract, await childrenOf(store, contract))
}
