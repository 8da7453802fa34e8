import { Refused, UnsafeKey } from '../errors.ts'
import { FolderStore } from './folder-store.ts'
import { S3Store } from './s3-store.ts'

/** What is known of the content that stood under a key at one moment. */
export interface ObjectVersion {
  key: string
  /** Bytes. */
  size: number
  /** S3: the eTag with its quotes off. Folder: `<size>-<mtime in ns>-<inode>`, all in hex. */
  etag: string
  /** S3 of a versioned bucket only. */
  versionId?: string
  modified: Date
}

/** A conditional write, as S3 has it: only where nothing stands, or only over that eTag. */
export type PutCondition = { ifNoneMatch: true } | { ifMatch: string }

/** The new version's eTag; or undefined where the condition failed (S3's 412). */
export type PutResult = { etag: string } | undefined

/** Bytes, or a local file; one that is `given` its caller never touches again but to remove it. */
export type Body = Buffer | { file: string; given?: true }

/** A local file with the bytes of one pinned version. */
export interface LocalCopy {
  path: string
  /** Throws Busy if the bytes read from `path` may be of another version than the pinned one. */
  verify(): Promise<void>
  /** Gives the disk back, where the copy is ours. */
  release(): Promise<void>
}

/** Told of what the owner and the mode of a folder forbid. */
export type Denied = (fault: Error) => void

/**
 * A lake: objects by key below one URL. Every write is atomic: readers see the whole object or what
 * was before. Faults of the store are thrown as they come; an unsafe key is an `UnsafeKey`.
 */
export interface ObjectStore {
  /**
   * `file:///…/data` or `s3://bucket`, without a slash at its end: the lake's name in the ledger.
   */
  readonly url: string
  /** A folder for work in progress, where it can be on the very disk that objects are put to. */
  readonly scratch: string
  /** The version that stands now, or undefined. */
  head(key: string): Promise<ObjectVersion | undefined>
  /** A small object, whole; or undefined. */
  get(key: string): Promise<{ version: ObjectVersion; body: Buffer } | undefined>
  /**
   * Brings the pinned version within reach of a local reader. Throws Busy if it is not to be had.
   */
  open(version: ObjectVersion): Promise<LocalCopy>
  /** Writes bytes, or the content of a local file. */
  put(key: string, body: Body, when?: PutCondition): Promise<PutResult>
  /** Deletes; nothing happens where nothing stands. */
  delete(key: string): Promise<void>
  /**
   * All versions whose key begins with the prefix, in the order of keys (bytes of UTF-8). Keys that
   * `checkKey` refuses, and links, are passed over.
   *
   * @param after only keys after this one, so that many need not be listed to be passed over
   * @param denied told of a folder that may not be read, and is left out; without it, a fault
   */
  list(prefix: string, after?: string, denied?: Denied): AsyncIterable<ObjectVersion>
  /**
   * What a person or DuckDB on this machine would open to read the key: a path, or an s3:// URL.
   */
  locate(key: string): string
}

/**
 * @param lake a folder, `file://` URL or `s3://bucket`
 * @throws Refused for a URL of another kind
 */
export function openStore(lake: string): ObjectStore {
  if (lake.startsWith('s3://')) return new S3Store(lake)
  if (/^[a-z0-9+]+:\/\//i.test(lake) && !lake.startsWith('file://')) {
    throw new Refused(`lake ${lake}: a folder, file:// or s3:// URL is allowed`)
  }
  return new FolderStore(lake)
}

/**
 * Refuses keys that could mean another place than they say.
 *
 * @throws UnsafeKey for an empty or absolute key, a part `.` or `..` (`%2e` too), a backslash, NUL
 */
export function checkKey(key: string): void {
  if (key === '') throw new UnsafeKey(key, 'is empty')
  if (Buffer.byteLength(key) > 1024) throw new UnsafeKey(key, 'is longer than 1,024 bytes')
  if (/[\0\\]/.test(key)) throw new UnsafeKey(key, 'has a NUL or a backslash')
  for (const part of key.split('/')) {
    if (part === '') throw new UnsafeKey(key, 'has an empty part')
    if (/^(\.|%2e){1,2}$/i.test(part)) throw new UnsafeKey(key, 'has a part of dots')
  }
}

/** Whether `checkKey` lets it through. */
export function isSafeKey(key: string): boolean {
  try {
    checkKey(key)
    return true
  } catch (error) {
    if (error instanceof UnsafeKey) return false
    throw error
  }
}
