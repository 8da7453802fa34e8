import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inLanes, READS } from '../lanes.ts'
import type { LocalCopy, ObjectStore, ObjectVersion } from './object-store.ts'

/**
 * Local files with the bytes of pinned versions, that stay as they are for as long as a reader
 * takes, whatever becomes of the lake meanwhile: a copy for an object of S3, a hard link for a file
 * of a folder. Where there can be no link (another disk, another owner), the file is read in place,
 * and `verify` tells whether it was the one.
 */
export class Pinned {
  readonly #store: ObjectStore
  readonly #stop: AbortSignal | undefined
  readonly #known = new Map<string, Promise<string>>()
  readonly #copies: LocalCopy[] = []
  readonly #inPlace: LocalCopy[] = []
  readonly #keys = new Map<string, string>()
  readonly #folders = new Set<string>()
  #folder: string | undefined

  /** @param stop no file is brought after it */
  constructor(store: ObjectStore, stop?: AbortSignal) {
    this.#store = store
    this.#stop = stop
  }

  /**
   * The path of each version's file, in their order.
   *
   * @throws Busy where a version is no longer to be had
   */
  paths(versions: ObjectVersion[]): Promise<string[]> {
    return inLanes(versions, READS, async (version) => {
      const name = `${version.key} ${version.etag}`
      const pinned = this.#known.get(name) ?? this.#pin(version)
      this.#known.set(name, pinned)
      const path = await pinned
      this.#keys.set(path, version.key)
      this.#folders.add(dirname(path))
      return path
    })
  }

  /** Of every file. */
  all(): Promise<string[]> {
    return Promise.all(this.#known.values())
  }

  /** A text that may tell of paths, as one of keys. */
  named(message: string): string {
    // Mostly they lie in one folder, and few texts have its name.
    if (![...this.#folders].some((folder) => message.includes(folder))) return message
    return [...this.#keys].reduce((text, [path, key]) => text.replaceAll(path, key), message)
  }

  /** @throws Busy where a file that was read in place may have been another one */
  async verify(): Promise<void> {
    for (const copy of this.#inPlace) await copy.verify()
  }

  /** Gives every file back; none is to be read after that. */
  async release(): Promise<void> {
    await Promise.allSettled(this.#known.values())
    for (const copy of this.#copies) await copy.release()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#known.clear()
    this.#keys.clear()
    this.#folders.clear()
    this.#copies.length = 0
    this.#inPlace.length = 0
    this.#folder = undefined
  }

  async #pin(version: ObjectVersion): Promise<string> {
    this.#stop?.throwIfAborted()
    const copy = await this.#store.open(version)
    this.#copies.push(copy)
    if (copy.path !== this.#store.locate(version.key)) return copy.path
    this.#folder ??= makeFolder(this.#store.scratch)
    const link = join(this.#folder, `${this.#copies.length}.parquet`)
    if (!isLinked(copy.path, link)) {
      this.#inPlace.push(copy)
      return copy.path
    }
    // It was linked, and only then is still there: no version comes twice, so it is the link's.
    await copy.verify()
    return link
  }
}

/** In the lake, as a link needs the same disk; elsewhere, where we may not write there. */
function makeFolder(scratch: string): string {
  try {
    mkdirSync(scratch, { recursive: true })
    return mkdtempSync(join(scratch, 'query-'))
  } catch {
    return mkdtempSync(join(tmpdir(), 'sluice-query-'))
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    // Whatever forbids the link, the file itself can be read, or fails when it is.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}
