import { govern, isLoaded, lookAt, looksLikeCsv } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import { type Database, type Transaction, Unacceptable } from '../../core/database/database.ts'
import { leaveHeals } from '../../core/database/due.ts'
import { noteFailure } from '../../core/database/failures.ts'
import { dropKey, type Entry, explain, note, takeKey } from '../../core/database/ledger.ts'
import { forgetTables } from '../../core/database/table.ts'
import { Busy, Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { faultOf, ingestCommand, isOfPlace, reasonOf } from '../../core/limit.ts'
import { type Counts, none, type Outcome } from '../../core/outcome.ts'
import { memoryOf } from '../../core/store/memo-store.ts'
import type { ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'
import { decide } from '../../core/take.ts'
import { type Held, hold } from './hold.ts'
import { type Loaded, loadRows } from './load-rows.ts'
import { dropMends, holdSource, loadMends, sourceOf } from './mends.ts'
import { decideOn, judgedWithin, Restage, stageFirst, type WithRows } from './prepare.ts'
import { readyTables } from './tables.ts'

/** Bronze → Postgres: one object, one transaction. */

/**
 * Brings the version of `key` that is current now into its table, or says why not.
 *
 * @param again load it even if its version is settled (it had lost rows that are free now)
 * @returns undefined where no object stands under the key
 * @throws Busy, or a fault of database, store or disk: nothing has changed then; to be retried
 */
export async function ingest(
  lake: Lake,
  database: Database,
  key: string,
  again = false,
): Promise<Outcome | undefined> {
  const started = performance.now()
  if (!looksLikeCsv(key) && (await isIgnored(lake, key))) return undefined
  // A replay object stands or falls with the version of its source, which comes first.
  const source = await sourceOf(lake, key)
  if (source !== undefined) await ingest(lake, database, source)
  try {
    const done = await takeUp({ lake, key, again, started }, database, source)
    if (!done || done.outcome.status === 'loaded' || done.outcome.status === 'unchanged') {
      return done?.outcome
    }
    // A contract that came meanwhile did not find this object among the held and the refused ones.
    const { hash } = await govern(lake.store, key)
    if (hash !== done.contract) return await ingest(lake, database, key)
    return done.held ? await hold(lake, database, done.held, done.outcome) : done.outcome
  } catch (error) {
    forgetTables()
    const fault = faultOf(error, ingestCommand(lake.store.url, key))
    await noteFailure(database, lake.store.url, key, fault)
    throw fault
  }
}

/** What is no CSV and has no contract leaves no row in the ledger. */
async function isIgnored(lake: Lake, key: string): Promise<boolean> {
  const seen = await lookAt(lake.store, key)
  return !seen || decide(seen.version, seen.governing, undefined, '').what === 'ignored'
}

interface Task {
  lake: Lake
  key: string
  again: boolean
  started: number
}

interface Done {
  outcome: Outcome
  contract: string
  held?: Held
}

/** Times that an object may change, or its contract, between its staging and its transaction. */
const looks = 5

async function takeUp(
  task: Task,
  database: Database,
  source: string | undefined,
): Promise<Done | undefined> {
  const { lake, key, again } = task
  for (let left = looks; left > 0; left--) {
    const staged = database.fetches ? await stageFirst(lake, database, key, again) : undefined
    if (staged && 'loaded' in staged) return unchanged(task, staged.loaded)
    try {
      // COMMIT is the commit point: it makes rows, rejects and ledger row final, or none of them.
      return await database.transaction(async (tx) => {
        if (source !== undefined) await holdSource(tx, lake.store.url, [source, key])
        return ingestKey(task, tx, staged?.withRows ?? judgedWithin(lake))
      })
    } catch (error) {
      if (!(error instanceof Restage)) throw error
    } finally {
      await staged?.area.clear()
    }
  }
  throw new Busy(`${key} changes faster than it can be staged`)
}

function unchanged({ started }: Task, entry: Entry): Done {
  const outcome = said(entry, { ...entry, status: 'unchanged' }, started)
  const told = entry.mended ? { ...outcome, mended: entry.mended } : outcome
  return { outcome: told, contract: entry.contract ?? '' }
}

async function ingestKey(
  task: Task,
  tx: Transaction,
  withRows: WithRows,
): Promise<Done | undefined> {
  const { lake, key, again, started } = task
  const entry = await takeKey(tx, lake.store.url, key)
  if (!again && (await isLoaded(lake.store, key, entry))) return unchanged(task, entry)
  // One look, of which the descriptors are needed again for the tables around this one.
  const memory = memoryOf(lake.store)
  const seen = await lookAt(memory, key)
  if (!seen) {
    await dropKey(tx, entry)
    return undefined
  }
  const { version, governing } = seen
  const { dataset } = governing
  const decision = decideOn(lake, key, seen, entry, again)
  if (decision.what === 'ignored') {
    await dropKey(tx, entry)
    return undefined
  }
  const contract = governing.hash
  if (decision.what === 'unchanged') return { ...unchanged(task, entry), contract }
  const end =
    decision.what === 'load'
      ? await loadOrRefuse({ lake, memory, tx, entry, version, withRows }, decision.contract)
      : { status: statusOf(decision), reason: decision.reason, ...none }
  // What stands stays loaded where this place is only too small to load it again.
  if (again && isOfPlace(end.reason)) {
    const why = `rows that it had lost are free, so it is to be loaded again; ${end.reason}`
    await explain(tx, entry.id, why)
    return { outcome: said(entry, { dataset, ...end }, started), contract }
  }
  const seconds = (performance.now() - started) / 1000
  await note(tx, entry, version, governing, { dataset, seconds, ...end })
  const outcome = said(entry, { dataset, ...end }, started)
  const proposes = decision.what === 'held' && decision.proposes
  return proposes ? { outcome, contract, held: { version, before: entry } } : { outcome, contract }
}

function statusOf({ what }: { what: 'held' | 'refused' | 'too-large' }): 'held' | 'refused' {
  return what === 'held' ? 'held' : 'refused'
}

type End = Counts &
  Pick<Outcome, 'reason'> & {
    labels?: string[] | undefined
    rules?: Loaded['rules']
    status: 'loaded' | 'refused' | 'held' | 'unchanged'
  }

function said(entry: Entry, end: End & { dataset?: string | undefined }, started: number): Outcome {
  const { status, reason, records, accepted, rejected, waiting } = end
  return {
    stage: 'raw-ingestion',
    object: entry.key,
    dataset: end.dataset ?? entry.dataset,
    status,
    reason: status === 'unchanged' ? undefined : reason,
    records,
    accepted,
    rejected,
    waiting,
    seconds: (performance.now() - started) / 1000,
  }
}

interface Work {
  lake: Lake
  /** The lake's store as it was when it was looked at: what was seen is not asked for again. */
  memory: ObjectStore
  tx: Transaction
  entry: Entry
  version: ObjectVersion
  withRows: WithRows
}

/** A refusal undoes what was loaded so far; the ledger's row says so in the same transaction. */
async function loadOrRefuse(
  work: Work,
  contract: Contract,
): Promise<End & { status: 'loaded' | 'refused' }> {
  try {
    return await work.tx.attempt(() => loadObject(work, contract))
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Unacceptable)) throw error
    // Tables that were made for it are gone again.
    forgetTables()
    const why =
      error instanceof Unacceptable
        ? `the database does not take it: ${error.message}`
        : reasonOf(error, ingestCommand(work.lake.store.url, work.version.key))
    return { status: 'refused', reason: why, ...none }
  }
}

async function loadObject(work: Work, contract: Contract): Promise<Loaded> {
  const { memory, tx, entry, version } = work
  const family = await readyTables(tx, entry.lake, memory, contract)
  return work.withRows(version, contract, async ({ incoming, mends }) => {
    const given = { tx, entry, version, contract, incoming }
    if (!mends) await dropMends(given, family.children)
    const end = mends
      ? await loadMends(given, mends, family.children)
      : await loadRows(given, family.children)
    // Of a table that others fill nobody tells when it has a row: each object looks again.
    const foreign = contract.foreignKeys.some((key) => key.external)
    const waits = end.waiting > 0 || foreign ? [contract] : []
    await leaveHeals(tx, entry.lake, contract, [...family.children, ...waits])
    // What is deferred to the commit would be a fault there; here it is a verdict.
    await tx.execute('SET CONSTRAINTS ALL IMMEDIATE')
    return end
  })
}
