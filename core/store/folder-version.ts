import type { BigIntStats } from 'node:fs'
import type { ObjectVersion } from './object-store.ts'

/** The version that a file is, as it stands; undefined for anything else than a file. */
export function versionOf(key: string, stat: BigIntStats | undefined): ObjectVersion | undefined {
  if (!stat?.isFile()) return undefined
  return { key, size: Number(stat.size), etag: etagOf(stat), modified: stat.mtime }
}

/** Two writes never have the same, as `FolderLock.stamp` sees to it. */
export function etagOf(stat: BigIntStats): string {
  return [stat.size, stat.mtimeNs, stat.ino].map((part) => part.toString(16)).join('-')
}
