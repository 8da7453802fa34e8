import { join } from 'node:path'
import { type Governing, govern } from '../../core/catalog.ts'
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
  const said = (dataset: string | undefined, end: End): Outcome => {
    const seconds = (performance.now() - started) / 1000
    return { stage: 'silver', object: key, dataset, waiting: 0, seconds, ...end }
  }
  const first = await look(lake, key)
  if (!first) return undefined
  const { dataset } = first.governing
  const elsewhere = ingestCommand(lake.store.url, key)
  // Without a dataset there is no folder of Silver that could keep the fact.
  if (!dataset) {
    const decision = decide(first.version, first.governing, undefined, elsewhere)
    if (decision.what !== 'held' && decision.what !== 'refused') return undefined
    return said(dataset, { status: decision.what, reason: decision.reason, ...none })
  }
  return lake.withScratch(textSize(first.version), async (folder, duck) => {
    const work = { lake, key, dataset, folder, duck, elsewhere }
    const done = await commit<Manifest>({
      store: lake.store,
      record: manifestKey(dataset, key),
      parse: parseManifest,
      target: (state) => nextState(work, state),
      fence: fences(work),
    }).catch((error) => Promise.reject(faultOf(error, elsewhere)))
    return said(dataset, endOf(done))
  })
}

type End = Omit<Counts, 'waiting'> & Pick<Outcome, 'status' | 'reason'>

function endOf({ done, state }: Committed<Manifest>): End {
  if (!state) return { status: 'unchanged', reason: undefined, ...none }
  const { status, reason, records, accepted, rejected } = state
  const unchanged = done === 'unchanged' && status === 'loaded'
  return { status: unchanged ? 'unchanged' : status, reason, records, accepted, rejected }
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

async function look(lake: Lake, key: string) {
  const version = await lake.store.head(key)
  return version && { version, governing: await govern(lake.store, key) }
}

interface Work {
  lake: Lake
  key: string
  dataset: string
  folder: string
  duck: Duck
  /** The command that loads it where this place is too small. */
  elsewhere: string
}

/** What is to be committed over `state`; the manifest was read before the object is looked at. */
async function nextState(work: Work, state: Manifest | null): Promise<Goal<Manifest> | undefined> {
  const seen = await look(work.lake, work.key)
  if (!seen || seen.governing.dataset !== work.dataset) return undefined
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
  const { duck, lake, key, folder } = work
  const copy = await lake.store.open(version)
  try {
    let out = folder
    let tries = 0
    const verdict = await validate({ duck, contract, path: copy.path, key, folder }, (select) => {
      out = join(folder, `rows-${version.etag}-${tries++}`)
      return writeRows(duck, select, contract, out)
    })
    await copy.verify()
    const { records, accepted, rejected, rejects } = verdict
    const files = accepted > 0 ? await rowFiles(out, version, contract) : []
    if (rejects) files.push(await rejectFile(work, version, contract, rejects))
    for (const file of files) checkName(lake, file)
    const standing = { standing: version.etag, standingModified: version.modified.toISOString() }
    const counts = { records, accepted, rejected }
    return { state: { ...base, status: 'loaded', ...counts, ...standing }, replaces: true, files }
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
