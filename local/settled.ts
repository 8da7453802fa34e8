import { setTimeout as sleep } from 'node:timers/promises'
import type { Denied, ObjectStore, ObjectVersion } from '../core/store/object-store.ts'
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
    const still = isFresh(version) ? await standingStill(store, version.key) : version
    if (still) yield still
  }
}

/**
 * The same for who looks again: what still grows is left for the next time, and keeps nobody
 * waiting, and so is what may not be read.
 *
 * @param denied told of each folder that may not be read
 */
export async function* settledNow(
  store: ObjectStore,
  prefix: string,
  denied: Denied,
): AsyncIterable<ObjectVersion> {
  for await (const version of store.list(prefix, '', denied)) {
    if (isHalfFile(version.key)) continue
    if (isFresh(version)) {
      await sleep(STILL_MS)
      if ((await store.head(version.key))?.etag !== version.etag) continue
    }
    yield version
  }
}

function isFresh({ modified }: ObjectVersion): boolean {
  return Date.now() - modified.getTime() < STILL_MS
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
