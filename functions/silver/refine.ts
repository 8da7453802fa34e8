import { type Outcome as Committed, commit, type Goal } from '../../core/commit/commit.ts'
import { readRecord } from '../../core/commit/commit-record.ts'
import { type Manifest, manifestKey, parseManifest } from '../../core/commit/manifest.ts'
import { emptyFile } from '../../core/commit/parquet.ts'
import {
  type Governing,
  govern,
  isLoaded,
  lastDatasetOf,
  lookAt,
} from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { faultOf, ingestCommand, reasonOf } from '../../core/limit.ts'
import { logUnburied } from '../../core/log.ts'
import { type Counts, none, type Outcome } from '../../core/outcome.ts'
import { parseReplayKey, replayKey } from '../../core/replay/replay.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'
import { decide } from '../../core/take.ts'
import { dropMends, isTied, mayBeMended, type Tie, tieOf, voided } from './mends.ts'
import type { Together } from './together.ts'
import { type Facts, standingBy, writeVersion } from './version.ts'

/** Bronze → Silver Parquet: one object, one manifest. */

/**
 * Brings the version of `key` that is current now into Silver, or says why not. Its commit point is
 * the manifest's (core/commit/commit.ts).
 *
 * @param together others that are brought at the same time
 * @returns undefined where no object stands under the key
 * @throws Busy where another writer is at it, or a fault of the store or the disk: to be retried
 */
export async function refine(
  lake: Lake,
  key: string,
  together?: Together,
): Promise<Outcome | undefined> {
  const started = performance.now()
  // Where the manifest lies may be known from before. The look that decides comes after it is read.
  const known = lastDatasetOf(lake.store, key)
  const company = { together }
  const done = known === undefined ? 'moved' : await bring(lake, key, known, company)
  const end = done === 'moved' ? await findAndBring(lake, key, company) : done
  if (!end) return undefined
  const seconds = (performance.now() - started) / 1000
  return { stage: 'silver', object: key, waiting: 0, seconds, ...end }
}

type End = Omit<Counts, 'waiting'> & Pick<Outcome, 'dataset' | 'status' | 'reason'>

/** What an object is brought with. */
interface Company {
  together?: Together | undefined
  /** Of a replay object whose source is about to stand so. */
  standing?: string | undefined
}

async function findAndBring(lake: Lake, key: string, company: Company): Promise<End | undefined> {
  const first = await lookAt(lake.store, key)
  if (!first) return undefined
  const { dataset } = first.governing
  if (dataset) {
    const done = await bring(lake, key, dataset, company)
    // Moved between two looks: the descriptor that moved it has an event of its own.
    return done === 'moved' ? endOf(dataset, { done: 'unchanged', state: null }) : done
  }
  // Without a dataset there is no folder of Silver that could keep the fact.
  const elsewhere = ingestCommand(lake.store.url, key)
  const decision = decide(first.version, first.governing, undefined, elsewhere)
  if (decision.what !== 'held' && decision.what !== 'refused') return undefined
  return { dataset, status: decision.what, reason: decision.reason, ...none }
}

/** @returns `moved` where the object is of another dataset, or of none; undefined where none is */
async function bring(
  lake: Lake,
  key: string,
  dataset: string,
  company: Company,
): Promise<End | 'moved' | undefined> {
  const started = performance.now()
  const elsewhere = ingestCommand(lake.store.url, key)
  // An engine for small objects, for fences; that of the object comes with its size.
  return lake.withScratch(0, async (folder, duck) => {
    const work: Work = { lake, key, dataset, folder, duck, elsewhere, found: undefined, ...company }
    const record = manifestKey(dataset, key)
    const done = await commit<Manifest>({
      store: lake.store,
      record,
      parse: parseManifest,
      target: async (state) => timed(await nextState(work, state), started),
      fence: fences(work),
    }).catch((error) => Promise.reject(faultOf(error, elsewhere)))
    logUnburied(record, done.unburied)
    if (work.found === 'nothing') return undefined
    return work.found === 'moved' ? 'moved' : endOf(dataset, done)
  })
}

/** How long it took is known at its commit point; no name and no decision depends on it. */
function timed(goal: Goal<Manifest> | undefined, started: number): Goal<Manifest> | undefined {
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(3))
  return goal && { ...goal, sealed: (state) => ({ ...state, seconds: seconds() }) }
}

function endOf(dataset: string, { done, state }: Committed<Manifest>): End {
  if (!state) return { dataset, status: 'unchanged', reason: undefined, ...none }
  const { reason, records, accepted, rejected } = state
  const isSame = done === 'unchanged' && state.status === 'loaded'
  const status = isSame ? 'unchanged' : state.status
  return { dataset, status, reason: isSame ? undefined : reason, records, accepted, rejected }
}

/** Fences of the two schemas, each written once, when it is needed. */
function fences({ lake, key, duck, folder }: Work): (dead: string) => Promise<Buffer> {
  const quarantine = once(() => emptyFile(duck, 'quarantine', folder))
  const rows = once(async () => {
    const { contract } = await govern(lake.store, key)
    // Of another schema, it would break the reading of all: the name stays to be buried.
    if (!contract) throw new Refused(`no contract says what schema the fences of ${key} have`)
    return emptyFile(duck, contract, folder)
  })
  return (dead) => (dead.startsWith('quarantine/') ? quarantine() : rows())
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

interface Work extends Company {
  lake: Lake
  key: string
  dataset: string
  folder: string
  duck: Duck
  /** The command that loads it where this place is too small. */
  elsewhere: string
  /** What the first look found, made when the manifest was read: until then, `dataset` is old. */
  found: 'it' | 'moved' | 'nothing' | undefined
}

/** What is to be committed over `state`; the manifest was read before the object is looked at. */
async function nextState(work: Work, state: Manifest | null): Promise<Goal<Manifest> | undefined> {
  const { store } = work.lake
  const isReplay = parseReplayKey(work.key) !== undefined
  if (work.found && !isReplay && (await isLoaded(store, work.key, state))) return undefined
  const seen = await lookAt(store, work.key)
  const isMoved = seen && seen.governing.dataset !== work.dataset
  work.found ??= isMoved ? 'moved' : seen ? 'it' : 'nothing'
  if (!seen || isMoved) return undefined
  const { version, governing } = seen
  const tie = await tieOf(work.lake, version, state, (object) => standingOf(work, object))
  if (tie && isTied(state, version, tie)) return undefined
  const decision = decide(version, governing, (!tie && state) || undefined, work.elsewhere)
  const { standing, standingModified, mends } = state ?? {}
  const base = { ...factsOf(work, version, governing), standing, standingModified, mends }
  const refused = (reason: string): Goal<Manifest> | undefined => {
    const known = state?.status === 'refused' && state.etag === version.etag
    const isSaid = known && state.contract === governing.hash && state.reason === reason
    if (isSaid) return undefined
    return { state: { ...base, status: 'refused', reason, ...none }, replaces: false, files: [] }
  }
  if (decision.what === 'refused' || decision.what === 'too-large') return refused(decision.reason)
  if (decision.what !== 'load') return undefined
  if (tie && !tie.mends) return refused(tie.broken ?? '')
  try {
    return await written(work, version, decision.contract, { base, state, tie })
  } catch (error) {
    if (error instanceof Refused) return refused(reasonOf(error, work.elsewhere))
    throw error
  }
}

/** The version that stands of a source; null where Silver knows of none. */
async function standingOf(work: Work, source: string): Promise<string | undefined | null> {
  if (work.standing !== undefined) return work.standing
  const { lake, dataset } = work
  await refine(lake, source)
  const found = await readRecord(lake.store, manifestKey(dataset, source), parseManifest)
  return found?.record.state ? found.record.state.standing : null
}

async function written(
  work: Work,
  version: ObjectVersion,
  contract: Contract,
  { base, state, tie }: { base: Facts; state: Manifest | null; tie: Tie | undefined },
): Promise<Goal<Manifest>> {
  if (tie?.mends && !tie.holds) {
    const empty = { ...base, ...standingBy(version), status: 'loaded' as const, ...none }
    return { state: voided(empty, tie.mends), replaces: true, files: [] }
  }
  const mends = tie?.mends && { ...tie.mends, void: false }
  const goal = await writeVersion(work, version, contract, { ...base, mends })
  if (tie || !mayBeMended(state, goal.state)) return goal
  const { lake, dataset } = work
  const key = replayKey(contract, work.key)
  const left = await dropMends(lake, dataset, key, version.etag, fences(work))
  if (left === 'back') await bring(lake, key, dataset, { standing: version.etag })
  return goal
}

function factsOf(work: Work, version: ObjectVersion, governing: Governing): Facts {
  return {
    object: work.key,
    dataset: work.dataset,
    etag: version.etag,
    ...(version.versionId === undefined ? {} : { versionId: version.versionId }),
    size: version.size,
    modified: version.modified.toISOString(),
    contract: governing.hash,
  }
}
