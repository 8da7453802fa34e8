import type { Slice } from '../../core/batch.ts'
import {
  type Checkpoint,
  checkpointFolder,
  parseCheckpoint,
  unionOf,
} from '../../core/checkpoint.ts'
import { readRecord } from '../../core/commit-record.ts'
import { isWhole } from '../../core/intervals.ts'
import type { ObjectStore } from '../../core/object-store.ts'
import type { Outcome } from '../../core/outcome.ts'
import {
  changePublication,
  outcomeOf,
  parsePublication,
  publicationKey,
} from '../../core/publication.ts'

/**
 * Objects that are there as a whole. That is said for good in the record of their publication, and
 * what the checkpoints remember of their chunks is let go then.
 */

/**
 * What a checkpoint still has to remember, and which versions are there as a whole: their chunks
 * add nothing.
 */
export async function forgotten(store: ObjectStore, { objects }: Checkpoint, { ours }: Slice) {
  const versions = new Map(ours.map(({ part }) => [part.version, part.object]))
  for (const [version, { object, chunks }] of Object.entries(objects)) {
    // One whose end is not known cannot be there as a whole.
    if (chunks === null) versions.delete(version)
    else versions.set(version, object)
  }
  const finished = new Set<string>()
  const looks = [...versions].map(async ([version, object]) => {
    if (await isPublished(store, object, version)) finished.add(version)
  })
  await Promise.all(looks)
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
  const ends: Outcome[] = []
  for (const [version, { object, ...whole }] of [...alone, ...together]) {
    const rejected = Object.values(whole.rejected).reduce((sum, one) => sum + one, 0)
    const { chunks, records } = whole
    const done = { status: 'published' as const, chunks: chunks ?? 0, records, rejected }
    const committed = await changePublication(store, object, async (state) => {
      if (!state || state.version !== version || state.status === 'published') return undefined
      return { ...state, ...done }
    })
    if (committed.done === 'committed' && committed.state) ends.push(outcomeOf(committed.state))
  }
  return ends
}

async function everyShard(store: ObjectStore, checkpoint: Checkpoint) {
  const all: Checkpoint['objects'][] = []
  for await (const { key } of store.list(checkpointFolder(checkpoint))) {
    const found = await readRecord(store, key, parseCheckpoint)
    if (found?.record.state) all.push(found.record.state.objects)
  }
  return all
}
