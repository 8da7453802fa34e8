import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Busy, UnsafeKey } from '../errors.ts'
import {
  dropDraft,
  linkNew,
  makeFolder,
  newDraft,
  sweepDrafts,
  writeDraft,
} from './folder-draft.ts'
import { FolderLock } from './folder-lock.ts'
import { isCode, isDenied, namesIn } from './folder-names.ts'
import { etagOf, versionOf } from './folder-version.ts'
import type {
  Body,
  Denied,
  LocalCopy,
  ObjectStore,
  ObjectVersion,
  PutCondition,
  PutResult,
} from './object-store.ts'
import { checkKey } from './object-store.ts'

/** A folder of the store, in the lake's root (the lock) and in each folder there (its drafts). */
const own = '.sluice'
/** Keys that would stand in such a folder, or in its place, also where case does not tell. */
const ownKey = /^([^/]+\/)?\.sluice(\/|$)/i

/**
 * A lake in a folder, as strict as S3: every write makes a new file, a draft, on disk before it is
 * seen, that appears under its key in one step of the file system. So a reader that has a file open
 * keeps the whole old object, and a crash leaves the old object or the new one.
 *
 * Mounts. The folders in the lake's root may each be a mount of its own (`docker run -v`), and no
 * file can be renamed or linked from one mount to another, even on one disk. So the draft of
 * `silver/shop/a` lies in `silver/.sluice`, hidden from readers, and that of a key without a folder
 * in `.sluice/tmp`, where all other work in progress lies: it cannot be written where `.sluice` is
 * a mount of its own. The lock is one for the lake.
 *
 * Conditions. A condition is checked and its file put in place while this writer alone holds the
 * lake's lock, and so is every other write and delete: none can come between the check and the
 * step, so no condition passes for two writers, and no write is lost unseen. The slow part (the
 * bytes, their way to the disk) happens before, unlocked. If-None-Match is also safe against
 * programs that do not know the lock (`cp`, `mv`), since link(2) never replaces; those may still
 * write between the check of an If-Match and its rename, as nothing can make them wait.
 *
 * ETags. Two writes never have the same: their files' times differ (`FolderLock.stamp`), even
 * where the file system gives the inode of a deleted file to the next one within a clock tick.
 *
 * Links below the lake are refused wherever they stand in a key's path. (That guards against links
 * that lie there, not against one who swaps folders for links at the very moment of a write.)
 */
export class FolderStore implements ObjectStore {
  readonly url: string
  readonly scratch: string
  readonly #root: string
  readonly #lock: FolderLock
  readonly #swept = new Set<string>()

  /** @param lake a path or `file://` URL; the folder is made when missing */
  constructor(lake: string) {
    const folder = lake.startsWith('file://') ? fileURLToPath(lake) : lake
    mkdirSync(folder, { recursive: true })
    this.#root = realpathSync(folder)
    this.url = pathToFileURL(this.#root).href
    this.scratch = join(this.#root, own, 'tmp')
    this.#lock = new FolderLock(join(this.#root, own, 'lock'))
  }

  locate(key: string): string {
    checkKey(key)
    if (ownKey.test(key)) throw new UnsafeKey(key, "is the store's own")
    if (key.split('/').some((part) => Buffer.byteLength(part) > 255)) {
      throw new UnsafeKey(key, 'has a part longer than the 255 bytes of a file name')
    }
    return join(this.#root, key)
  }

  async head(key: string): Promise<ObjectVersion | undefined> {
    return versionOf(key, this.#find(key))
  }

  async get(key: string): Promise<{ version: ObjectVersion; body: Buffer } | undefined> {
    if (!this.#find(key)?.isFile()) return undefined
    // O_NONBLOCK: a pipe that took the file's place must not hang the reader.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = openIfThere(this.locate(key), flags)
    if (file === undefined) return undefined
    try {
      const version = versionOf(key, fstatSync(file, { bigint: true }))
      if (!version) return undefined
      const body = readFileSync(file)
      const after = versionOf(key, fstatSync(file, { bigint: true }))
      if (after?.etag !== version.etag) throw new Busy(`${key} is being written by another program`)
      return { version, body }
    } finally {
      closeSync(file)
    }
  }

  async open(version: ObjectVersion): Promise<LocalCopy> {
    const path = this.locate(version.key)
    const verify = async () => {
      const now = versionOf(version.key, this.#find(version.key))
      if (now?.etag !== version.etag) throw new Busy(`${version.key} is no longer ${version.etag}`)
    }
    await verify()
    return { path, verify, release: async () => {} }
  }

  async put(key: string, body: Body, when?: PutCondition): Promise<PutResult> {
    if (!this.#meets(key, when)) return undefined
    const draft = this.#newDraft(key)
    try {
      await writeDraft(draft, body)
      return await this.#lock.run(() => this.#publish(draft, key, when))
    } finally {
      dropDraft(draft)
    }
  }

  async delete(key: string): Promise<void> {
    if (!this.#find(key)) return
    await this.#lock.run(() => {
      if (this.#find(key)?.isFile()) rmSync(this.locate(key), { force: true })
    })
  }

  async *list(prefix: string, after = '', denied?: Denied): AsyncIterable<ObjectVersion> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
    if (folder !== '' && !this.#isFolder(folder.slice(0, -1))) return
    yield* this.#walk(folder, { prefix, after: Buffer.from(after), denied })
  }

  /**
   * Whatever stands at the key's path: an object if it is a regular file.
   *
   * @throws UnsafeKey where the path, down to the file, has a link
   */
  #find(key: string): BigIntStats | undefined {
    this.locate(key)
    let path = this.#root
    let stat: BigIntStats | undefined
    for (const part of key.split('/')) {
      if (stat && !stat.isDirectory()) return undefined
      path = join(path, part)
      stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
      if (!stat) return undefined
      if (stat.isSymbolicLink()) throw new UnsafeKey(key, `has a link in its path (${path})`)
    }
    return stat
  }

  #meets(key: string, when: PutCondition | undefined): boolean {
    const stat = this.#find(key)
    if (stat && !stat.isFile()) throw new Error(`${this.locate(key)} is not a file: move it away`)
    if (!when) return true
    return 'ifMatch' in when ? versionOf(key, stat)?.etag === when.ifMatch : !stat
  }

  /** Within the lock: the draft becomes the object. */
  #publish(draft: string, key: string, when: PutCondition | undefined): PutResult {
    if (!this.#meets(key, when)) return undefined
    const path = this.locate(key)
    makeFolder(dirname(path))
    this.#lock.stamp(draft)
    const etag = etagOf(lstatSync(draft, { bigint: true }))
    // The commit point of a put.
    if (when && 'ifNoneMatch' in when) return linkNew(draft, path) ? { etag } : undefined
    renameSync(draft, path)
    return { etag }
  }

  #newDraft(key: string): string {
    const top = key.slice(0, key.indexOf('/') + 1)
    const folder = top === '' ? this.scratch : join(this.#root, top, own)
    const draft = newDraft(folder)
    for (const each of [folder, this.scratch]) {
      if (!this.#swept.has(each)) sweepDrafts(each)
      this.#swept.add(each)
    }
    return draft
  }

  #isFolder(key: string): boolean {
    try {
      return this.#find(key)?.isDirectory() ?? false
    } catch (error) {
      if (error instanceof UnsafeKey) return false
      throw error
    }
  }

  /** @param folder where to look: '' or a key with a slash at its end */
  async *#walk(folder: string, asked: Listing): AsyncIterable<ObjectVersion> {
    const { prefix, after } = asked
    for (const name of await namesIn(join(this.#root, folder), asked.denied)) {
      const key = folder + name
      if (ownKey.test(key) || !(key.startsWith(prefix) || prefix.startsWith(key))) continue
      if (name.endsWith('/')) yield* this.#walk(key, asked)
      else if (key.startsWith(prefix) && Buffer.from(key).compare(after) > 0)
        yield* this.#listed(key, asked)
    }
  }

  /** Nothing for names that are no safe keys, or that vanished or became links meanwhile. */
  *#listed(key: string, { denied }: Listing): Iterable<ObjectVersion> {
    try {
      const version = versionOf(key, this.#find(key))
      if (version) yield version
    } catch (error) {
      if (denied && isDenied(error)) denied(error as Error)
      else if (!(error instanceof UnsafeKey)) throw error
    }
  }
}

interface Listing {
  prefix: string
  after: Buffer
  denied: Denied | undefined
}

function openIfThere(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}
