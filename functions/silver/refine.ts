import { join } from 'node:path'
import { type Governing, govern, isLoaded, lastDatasetOf, lookAt } from '../../core/catalog.ts'
import { type Outcome as Committed, commit, type Goal } from '../../core/commit.ts'
import type { Contract } from '../../core/contract.ts'
import type { Duck } from '../../core/duckdb.ts'
import { Refused, UnsafeKey } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { faultOf, ingestCommand, reasonOf } from '../../core/limit.ts'
import {
  fileStem,
  folderOf,
  type Manifest,
  manifestKey,
  parseManifest,
} from '../../core/manifest.ts'
import type { ObjectVersion } from '../../core/object-store.ts'
import { type Counts, none, type Outcome } from '../../core/outcome.ts'
import { emptyFile, writeRejects, writeRows, writtenFiles } from '../../core/parquet.ts'
import { textSize } from '../../core/plain-text.ts'
import { decide } from '../../core/take.ts'
import { validate } from '../../core/validate.ts'

/** Bronze → Silver Parquet: one object, one manifest. */

/**
 * Brings the version of `key` that is current now into Silver, or says why not. Its commit point is
 * the manifest's (core/commit.ts).
 *
 * @returns undefined where no object stands under the key
 * @throws Busy where another writer is at it, or a fault of the store or the disk: to be retried
 */
export async function refine(lake: Lake, key: string): Promise<Outcome | undefined> {
  const started = performance.now()
  // Where the manifest lies may be known from before. The look that decides comes after it is read.
  const known = lastDatasetOf(lake.store, key)
  const done = known === undefined ? 'moved' : await bring(lake, key, known)
  const end = done === 'moved' ? await findAndBring(lake, key) : done
  if (!end) return undefined
  const seconds = (performance.now() - started) / 1000
  return { stage: 'silver', object: key, waiting: 0, seconds, ...end }
}

type End = Omit<Counts, 'waiting'> & Pick<Outcome, 'dataset' | 'status' | 'reason'>

async function findAndBring(lake: Lake, key: string): Promise<End | undefined> {
  const first = await lookAt(lake.store, key)
  if (!first) return undefined
  const { dataset } = first.governing
  if (dataset) {
    const done = await bring(lake, key, dataset)
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
async function bring(lake: Lake, key: string, dataset: string): Promise<End | 'moved' | undefined> {
  const elsewhere = ingestCommand(lake.store.url, key)
  // An engine for small objects, for fences; that of the object comes with its size.
  return lake.withScratch(0, async (folder, duck) => {
    const work: Work = { lake, key, dataset, folder, duck, elsewhere, found: undefined }
    const done = await commit<Manifest>({
      store: lake.store,
      record: manifestKey(dataset, key),
      parse: parseManifest,
      target: (state) => nextState(work, state),
      fence: fences(work),
    }).catch((error) => Promise.reject(faultOf(error, elsewhere)))
    if (work.found === 'nothing') return undefined
    return work.found === 'moved' ? 'moved' : endOf(dataset, done)
  })
}

function endOf(dataset: string, { done, state }: Committed<Manifest>): End {
  if (!state) return { dataset, status: 'unchanged', reason: undefined, ...none }
  const { reason, records, accepted, rejected } = state
  const isSame = done === 'unchanged' && state.status === 'loaded'
  const status = isSame ? 'unchanged' : state.status
  return { dataset, status, reason, records, accepted, rejected }
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

interface Work {
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
  if (work.found && (await isLoaded(store, work.key, state))) return undefined
  const seen = await lookAt(store, work.key)
  const isMoved = seen && seen.governing.dataset !== work.dataset
  work.found ??= isMoved ? 'moved' : seen ? 'it' : 'nothing'
  if (!seen || isMoved) return undefined
  const { version, governing } = seen
  const decision = decide(version, governing, state ?? undefined, work.elsewhere)
  const { standing, standingModified } = state ?? {}
  const base = { ...factsOf(work, version, governing), standing, standingModified }
  const refused = (reason: string): Goal<Manifest> => {
    return { state: { ...base, status: 'refused', reason, ...none }, replaces: false, files: [] }
  }
  if (decision.what === 'refused' || decision.what === 'too-large') {
    const { reason } = decision
    const known = state?.status === 'refused' && state.etag === version.etag
    const isSaid = known && state.contract === governing.hash && state.reason === reason
    return isSaid ? undefined : refused(reason)
  }
  if (decision.what !== 'load') return undefined
  try {
    return await writeVersion(work, version, decision.contract, base)
  } catch (error) {
    if (error instanceof Refused) return refused(reasonOf(error, work.elsewhere))
    throw error
  }
}

type Facts = Omit<Manifest, 'status' | 'reason' | 'records' | 'accepted' | 'rejected'>

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

/** Writes the version's Parquet locally; the commit gives it its names. */
async function writeVersion(
  work: Work,
  version: ObjectVersion,
  contract: Contract,
  base: Facts,
): Promise<Goal<Manifest>> {
  const { lake, key } = work
  const copy = await lake.store.open(version)
  try {
    const { counts, files } = await lake.withScratch(textSize(version), async (folder, duck) => {
      let out = folder
      let tries = 0
      const verdict = await validate({ duck, contract, path: copy.path, key, folder }, (select) => {
        out = join(work.folder, `rows-${version.etag}-${tries++}`)
        return writeRows(duck, select, contract, out)
      })
      await copy.verify()
      const { rejects, ...counts } = verdict
      const files = counts.accepted > 0 ? await rowFiles(out, version, contract) : []
      if (rejects) files.push(await rejectFile({ ...work, duck }, version, contract, rejects))
      return { counts, files }
    })
    for (const file of files) checkName(lake, file)
    const { records, accepted, rejected } = counts
    const standing = { standing: version.etag, standingModified: version.modified.toISOString() }
    const loaded = { status: 'loaded' as const, records, accepted, rejected, ...standing }
    return { state: { ...base, ...loaded }, replaces: true, files }
  } finally {
    await copy.release()
  }
}

type File = Goal<Manifest>['files'][number]

/** Before anything is written: a name that the lake does not take would never be buried, either. */
function checkName(lake: Lake, file: File): void {
  try {
    lake.store.locate(file.key(Number.MAX_SAFE_INTEGER))
  } catch (error) {
    if (!(error instanceof UnsafeKey)) throw error
    throw new Refused(`too-long: a name that partitionBy makes: ${error.message}`)
  }
}

async function rowFiles(out: string, version: ObjectVersion, contract: Contract): Promise<File[]> {
  const stem = fileStem(version, contract.hash)
  const base = folderOf('silver', contract.dataset)
  const written = writtenFiles(out, contract)
  return written.map(({ path, folder }, i) => ({
    path,
    key: (epoch) => [base, folder, `${stem}-${epoch}-${i}.parquet`].filter(Boolean).join('/'),
  }))
}

async function rejectFile(
  { duck, folder, key }: Work,
  version: ObjectVersion,
  contract: Contract,
  rejects: string,
): Promise<File> {
  const path = join(folder, 'quarantine.parquet')
  await writeRejects(duck, rejects, { key, etag: version.etag }, path)
  const base = `${folderOf('quarantine', contract.dataset)}/${fileStem(version, contract.hash)}`
  return { path, key: (epoch) => `${base}-${epoch}.parquet` }
}
