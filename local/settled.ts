import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStore, ObjectVersion } from '../core/object-store.ts'
import { isHalfFile } from './watcher.ts'

/** A file that has stood still for so long is whole. */
const STILL_MS = 200

/**
 * What stands below a prefix and may be an object, or a descriptor; what was written a moment ago
 * is given when it stands still.
 */
export async function* settled(store: ObjectStore, prefix: string): AsyncIterable<ObjectVersion> {
  for await (const version of store.list(prefix)) {
    if (isHalfFile(version.key)) continue
    const isFresh = Date.now() - version.modified.getTime() < STILL_MS
    const still = isFresh ? await standingStill(store, version.key) : version
    if (still) yield still
  }
}

/** @returns undefined where it is gone meanwhile */
async function standingStill(store: ObjectStore, key: string): Promise<ObjectVersion | undefined> {
  for (let before = ''; ; ) {
    const version = await store.head(key)
    if (!version || version.etag === before) return version
    before = version.etag
    await sleep(STILL_MS)
  }
}
