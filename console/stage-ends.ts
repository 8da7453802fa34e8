import { BrokenRecord, type CommitRecord, readRecord } from '../core/commit/commit-record.ts'
import { type Manifest, manifestKey, parseManifest } from '../core/commit/manifest.ts'
import type { ListedObject } from '../core/database/object-list.ts'
import type { Outcome } from '../core/outcome.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import type { Published } from '../core/stream/published.ts'
import type { StageEnd } from './shapes.ts'

/** How an object stands in each stage, by what the stage has noted. */

export function rawEnd(noted: ListedObject): StageEnd {
  const { status, reason, records, accepted, rejected, waiting, mended, seconds } = noted
  const at = new Date(noted.at).toISOString()
  return { status, reason, records, accepted, rejected, waiting, mended, seconds, at }
}

/** Silver's commit record of an object, and how it stands by it; undefined where it has none. */
export async function silverOf(
  store: ObjectStore,
  dataset: string | null,
  object: string,
): Promise<{ end: StageEnd; record: CommitRecord<Manifest> | undefined } | undefined> {
  if (dataset === null) return undefined
  const key = manifestKey(dataset, object)
  try {
    const found = await readRecord(store, key, parseManifest)
    const state = found?.record.state
    if (!found || !state) return undefined
    const { status, reason = null, records, accepted, rejected, seconds = null } = state
    const counts = { records, accepted, rejected, waiting: 0, mended: 0 }
    const at = found.modified.toISOString()
    return { end: { status, reason, ...counts, seconds, at }, record: found.record }
  } catch (error) {
    // One that is broken is no reason to show nothing of a hundred others.
    if (!(error instanceof BrokenRecord)) throw error
    const counts = { records: 0, accepted: 0, rejected: 0, waiting: 0, mended: 0 }
    const told = { status: 'failed' as const, reason: error.message, seconds: null, at: null }
    return { end: { ...told, ...counts }, record: undefined }
  }
}

export function streamEnd({ outcome, at }: Omit<Published, 'etag'>): StageEnd {
  const { status, reason = null, records, accepted, rejected } = outcome
  const counts = { records, accepted, rejected, waiting: 0, mended: 0 }
  return { status, reason, ...counts, seconds: null, at: at.toISOString() }
}

/** What flowed keeps its counts; how it stands is said of the version that lies there now. */
export function newest(flowed: StageEnd | null, end: Outcome | undefined): StageEnd | null {
  if (!end) return flowed
  const counts = { records: 0, accepted: 0, rejected: 0, waiting: 0, mended: 0 }
  const { status, reason = null } = end
  return { ...counts, seconds: null, at: null, ...flowed, status, reason }
}
