import { govern, isLoaded, lookAt, looksLikeCsv } from '../../core/catalog.ts'
import type { Contract } from '../../core/contract.ts'
import { leaveHeals } from '../../core/due.ts'
import { Refused } from '../../core/errors.ts'
import { familyOf } from '../../core/family.ts'
import type { Lake } from '../../core/lake.ts'
import { claimDataset, dropKey, type Entry, explain, note, takeKey } from '../../core/ledger.ts'
import { faultOf, ingestCommand, isOfPlace, reasonOf } from '../../core/limit.ts'
import { memoryOf } from '../../core/memo-store.ts'
import type { ObjectStore, ObjectVersion } from '../../core/object-store.ts'
import { type Counts, none, type Outcome } from '../../core/outcome.ts'
import { textSize } from '../../core/plain-text.ts'
import { noteReferences } from '../../core/pointers.ts'
import { type Database, type Transaction, Unacceptable } from '../../core/postgres.ts'
import { parseReplayKey } from '../../core/replay.ts'
import { ensureTable, forgetTables } from '../../core/table.ts'
import { decide } from '../../core/take.ts'
import { type Held, hold } from './hold.ts'
import { loadRows } from './load-rows.ts'
import { dropMends, holdSource, loadMends, sourceOf } from './mends.ts'

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
    // COMMIT is the commit point: it makes rows, rejects and ledger row final, or none of them.
    const done = await database.transaction(async (tx) => {
      if (source !== undefined) await holdSource(tx, lake.store.url, [source, key])
      return ingestKey(lake, tx, key, again, started)
    })
    if (!done || done.outcome.status === 'loaded' || done.outcome.status === 'unchanged') {
      return done?.outcome
    }
    // A contract that came meanwhile did not find this object among the held and the refused ones.
    const { hash } = await govern(lake.store, key)
    if (hash !== done.contract) return await ingest(lake, database, key)
    return done.held ? await hold(lake, database, done.held, done.outcome) : done.outcome
  } catch (error) {
    forgetTables()
    throw faultOf(error, ingestCommand(lake.store.url, key))
  }
}

/** What is no CSV and has no contract leaves no row in the ledger. */
async function isIgnored(lake: Lake, key: string): Promise<boolean> {
  const seen = await lookAt(lake.store, key)
  return !seen || decide(seen.version, seen.governing, undefined, '').what === 'ignored'
}

async function ingestKey(
  lake: Lake,
  tx: Transaction,
  key: string,
  again: boolean,
  started: number,
): Promise<{ outcome: Outcome; contract: string; held?: Held } | undefined> {
  const entry = await takeKey(tx, lake.store.url, key)
  const unchanged = (): Outcome => {
    const outcome = said(entry, { ...entry, status: 'unchanged' }, started)
    return entry.mended ? { ...outcome, mended: entry.mended } : outcome
  }
  if (!again && (await isLoaded(lake.store, key, entry))) {
    return { outcome: unchanged(), contract: entry.contract ?? '' }
  }
  // One look, of which the descriptors are needed again for the tables around this one.
  const memory = memoryOf(lake.store)
  const seen = await lookAt(memory, key)
  if (!seen) {
    await dropKey(tx, entry)
    return undefined
  }
  const { version, governing } = seen
  const { dataset } = governing
  const elsewhere = ingestCommand(lake.store.url, key)
  // A replay object may have been refused only because its source was not there.
  const anew = again || (entry.status === 'refused' && parseReplayKey(key) !== undefined)
  const decision = decide(version, governing, anew ? undefined : entry, elsewhere)
  if (decision.what === 'ignored') {
    await dropKey(tx, entry)
    return undefined
  }
  const contract = governing.hash
  if (decision.what === 'unchanged') return { outcome: unchanged(), contract }
  const end =
    decision.what === 'load'
      ? await loadOrRefuse({ lake, memory, tx, entry, version }, decision.contract)
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

async function loadObject(
  { lake, memory, tx, entry, version }: Work,
  contract: Contract,
): Promise<End & { status: 'loaded' }> {
  await claim(tx, entry.lake, contract)
  await noteReferences(tx, entry.lake, contract)
  const family = await familyOf(memory, contract)
  await ensureTable(tx, contract)
  for (const other of [...family.parents, ...family.children]) {
    if (other.dataset !== contract.dataset) await ensureTable(tx, other)
  }
  return lake.withScratch(
    textSize(version),
    async (folder, duck) => {
      const copy = await lake.store.open(version)
      try {
        const work = { duck, tx, entry, version, contract, path: copy.path, folder }
        const isReplay = parseReplayKey(entry.key) !== undefined
        if (!isReplay) await dropMends(work, family.children)
        const end = await (isReplay ? loadMends : loadRows)(work, family.children)
        await copy.verify()
        // Of a table that others fill nobody tells when it has a row: each object looks again.
        const foreign = contract.foreignKeys.some((key) => key.external)
        const waits = end.waiting > 0 || foreign ? [contract] : []
        await leaveHeals(tx, entry.lake, contract, [...family.children, ...waits])
        // What is deferred to the commit would be a fault there; here it is a verdict.
        await tx.query('SET CONSTRAINTS ALL IMMEDIATE')
        return end
      } finally {
        await copy.release()
      }
    },
    contract.fields.length,
  )
}

/** Two folders whose names fall together would share a table. */
async function claim(tx: Transaction, lake: string, contract: Contract): Promise<void> {
  const { schema } = contract
  if (/^(pg_.*|sluice|information_schema)$/.test(schema)) {
    throw new Refused(
      `${contract.file}: schema ${schema} is not ours to load into; rename the folder`,
    )
  }
  const folder = contract.file.split('/').slice(0, -1).join('/')
  const owner = await claimDataset(tx, lake, contract.dataset, folder)
  if (owner === folder) return
  throw new Refused(
    `${contract.file}: dataset ${contract.dataset} is that of ${owner}; rename folder or resource`,
  )
}
