import { type CommitRecord, readRecord } from '../commit/commit-record.ts'
import { type Finding, findingsOf, messageOf } from '../finding.ts'
import { inLanes, READS } from '../lanes.ts'
import { shortHash } from '../names.ts'
import { shellWord } from '../shell-word.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { CHECKPOINTS } from '../stream/checkpoint.ts'
import { PUBLISHED } from '../stream/publication.ts'

/** Whether every writer of the lake has ended what it began. */

export interface Look {
  area: string
  store: ObjectStore
  /** Where the commit records lie: `silver/`, `streaming_checkpoint/`, `streaming_results/`. */
  roots: string[]
  /** The command that brings an object of Bronze to Silver once more. */
  bringOn: (key: string) => string
  now?: number
}

/** The newest records alone: what died long ago was met by later events, or by none ever since. */
const MOST_RECORDS = 2_000
const MOST_KEYS = 100_000
/** Clocks differ; and a writer that has just committed is still at its fences. */
const PATIENCE_MS = 60_000
/** More of one kind are only counted. */
const SHOWN = 10

/**
 * A dead writer does no harm: whoever comes next under the same record takes its intent away and
 * does the work anew. But somebody must come.
 */
export async function checkRecords(look: Look): Promise<Finding[]> {
  const { area, store, now = Date.now() } = look
  const say = findingsOf(area)
  const all = await recordsBelow(look)
  const newest = all.toSorted((a, b) => b.modified.getTime() - a.modified.getTime())
  const some = newest.slice(0, MOST_RECORDS)
  const found: Finding[] = []
  await inLanes(some, READS, async (version) => {
    try {
      const held = await readRecord(store, version.key)
      const left = held && leftBy(held.record, version.modified, now)
      if (left) {
        const cure = await cureOf(look, version.key, held.record)
        found.push(say.warning('commits', `${version.key}: ${left}`, cure))
      }
    } catch (error) {
      const cure = 'put its last good version back (the bucket keeps versions)'
      found.push(say.wrong('commits', messageOf(error), cure))
    }
  })
  if (found.length === 0) {
    const of = all.length > some.length ? ` (the newest of ${all.length})` : ''
    return [say.ok('commits', `${some.length} commit records${of}, none left unfinished`)]
  }
  const more = found.length - SHOWN
  const rest = `${more} more commit records are unfinished`
  const few = found.toSorted((a, b) => (a.level < b.level ? 1 : -1)).slice(0, SHOWN)
  return more > 0 ? [...few, say.warning('commits', rest, 'the same as for the others')] : few
}

/** What a writer has left undone that is gone by now; undefined where nothing is. */
export function leftBy(
  { writing, garbage }: CommitRecord<unknown>,
  modified: Date,
  now: number,
): string | undefined {
  if (writing) {
    if (now < writing.until + PATIENCE_MS) return undefined
    const since = new Date(writing.until).toISOString()
    return `its writer died before ${since}, ${writing.files.length} files on its list`
  }
  if (garbage.length === 0 || now < modified.getTime() + PATIENCE_MS) return undefined
  return `committed, but ${garbage.length} dead files are not fenced: a plain glob sees their rows`
}

async function recordsBelow({ store, roots }: Look): Promise<ObjectVersion[]> {
  const found: ObjectVersion[] = []
  let keys = 0
  for (const root of roots) {
    for await (const version of store.list(root)) {
      if (++keys > MOST_KEYS) return found
      if (isRecord(version.key)) found.push(version)
    }
  }
  return found
}

/** Publications have no files, so nothing of theirs is ever half done. */
function isRecord(key: string): boolean {
  if (key.startsWith(PUBLISHED)) return false
  if (key.startsWith(CHECKPOINTS)) return key.endsWith('.json')
  return /\/_(manifests|compactions)\/[^/]+\.json$/.test(key)
}

async function cureOf(look: Look, key: string, { state }: CommitRecord<unknown>): Promise<string> {
  if (key.startsWith(CHECKPOINTS)) {
    return 'the next batch or tick takes it over; where this stays, see the log of maintenance'
  }
  if (key.includes('/_compactions/')) {
    const { url } = look.store
    const lake = url.startsWith('s3://') ? ` --lake ${shellWord(url)}` : ''
    return `the next compaction takes it over: sluice compact${lake}`
  }
  const known = (state as { object?: string } | null)?.object
  const object = known ?? (await objectOf(look.store, key))
  if (object === undefined) return 'its object is gone from bronze/: nothing is to be done'
  return look.bringOn(object)
}

/** The first writer of an object died: its name alone knows the object, by its hash. */
async function objectOf(store: ObjectStore, record: string): Promise<string | undefined> {
  const hash = /([^/]+)\.json$/.exec(record)?.[1]
  let keys = 0
  for await (const { key } of store.list('bronze/')) {
    if (++keys > MOST_KEYS) return undefined
    if (shortHash(key) === hash) return key
  }
  return undefined
}
