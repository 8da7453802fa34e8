import { readRecord } from '../../core/commit/commit-record.ts'
import { inLanes } from '../../core/lanes.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import type { Slice } from '../../core/stream/batch.ts'
import {
  type Checkpoint,
  checkpointFolder,
  type ObjectState,
  parseCheckpoint,
  unionOf,
} from '../../core/stream/checkpoint.ts'
import { isWhole } from '../../core/stream/intervals.ts'
import {
  changePublication,
  flowedOf,
  parsePublication,
  publicationKey,
} from '../../core/stream/publication.ts'

/**
 * Objects that are there as a whole. That is said for good in the record of their publication, and
 * what the checkpoints remember of their chunks is let go then.
 */

/** Each object has a record of its own. So many at once; an S3 client has 50 sockets. */
const LANES = 32

/**
 * What a checkpoint still has to remember, and which versions are there as a whole: their chunks
 * add nothing.
 *
 * @param ours chunks of which it may know nothing (any more)
 */
export async function forgotten(
  store: ObjectStore,
  { objects }: Checkpoint,
  { ours }: Pick<Slice, 'ours'> = { ours: [] },
) {
  const versions = new Map(ours.map(({ part }) => [part.version, part.object]))
  for (const [version, { object, chunks }] of Object.entries(objects)) {
    // One whose end is not known cannot be there as a whole.
    if (chunks === null) versions.delete(version)
    else versions.set(version, object)
  }
  const finished = new Set<string>()
  await inLanes(versions, LANES, async ([version, object]) => {
    if (await isPublished(store, object, version)) finished.add(version)
  })
  const left = Object.entries(objects).filter(([version]) => !finished.has(version))
  const dropped = Object.keys(objects).length - left.length
  return { objects: Object.fromEntries(left), finished, dropped }
}

async function isPublished(store: ObjectStore, object: string, version: string) {
  const found = await readRecord(store, publicationKey(object), parsePublication)
  const state = found?.record.state
  return state?.status === 'published' && state.version === version
}

/**
 * Says of each object whose last chunk is committed that it is there; twice does no harm.
 *
 * @returns the ends of those of which it was not said before
 */
export async function finish(store: ObjectStore, checkpoint: Checkpoint): Promise<Outcome[]> {
  const known = Object.entries(checkpoint.objects).filter(([, { chunks }]) => chunks !== null)
  const alone = known.filter(([, state]) => isWhole(state.seen, state.chunks ?? 0))
  const others = known.filter((one) => one[1].spread && !alone.includes(one))
  const all = others.length > 0 ? unionOf(await everyShard(store, checkpoint)) : {}
  const together = others.flatMap(([version]) => {
    const state = all[version]
    return state && isWhole(state.seen, state.chunks ?? 1) ? [[version, state] as const] : []
  })
  const ends = await inLanes([...alone, ...together], LANES, async ([version, whole]) => {
    const { done, state } = await say(store, version, whole)
    return done === 'committed' && state ? [flowedOf(state)] : []
  })
  return ends.flat()
}

function say(store: ObjectStore, version: string, whole: ObjectState) {
  const { object, chunks, records } = whole
  const rejected = Object.values(whole.rejected).reduce((sum, one) => sum + one, 0)
  const done = { status: 'published' as const, chunks: chunks ?? 0, records, rejected }
  return changePublication(store, object, async (state) => {
    if (!state || state.version !== version || state.status === 'published') return undefined
    // One of this very version was about the stream, or the contract, of another try.
    const { refusal, ...rest } = state
    const isOfLater = refusal !== undefined && refusal.etag !== state.etag
    return { ...rest, ...done, ...(isOfLater && { refusal }) }
  })
}

async function everyShard(store: ObjectStore, checkpoint: Checkpoint) {
  const keys: string[] = []
  for await (const { key } of store.list(checkpointFolder(checkpoint))) keys.push(key)
  const found = await inLanes(keys, LANES, (key) => readRecord(store, key, parseCheckpoint))
  return found.flatMap((held) => (held?.record.state ? [held.record.state.objects] : []))
}
