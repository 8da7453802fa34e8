import * as fs from 'node:fs'
import { join, relative, sep } from 'node:path'
import { isCode, isDenied } from '../core/store/folder-names.ts'

/** A file that is written in place counts as whole when it has stood still for so long. */
const stillMs = 200
/** How many of the versions reported last are remembered, so that each is reported once. */
const remembered = 10_000

/** Half files by convention: of editors, browsers, copying tools. */
const halfFile = /^\.|~$|\.(tmp|part|crdownload)$/i

export function isHalfFile(key: string): boolean {
  return key.split('/').some((part) => halfFile.test(part))
}

/**
 * Calls `arrived(key)` for each object below the prefix that comes or changes from now on, as soon
 * as it is whole: at once where it was moved in, else when it stands still. What is there already
 * is the caller's to list, after this has returned. Links are not followed.
 *
 * One kernel watch for each folder, none for files: a folder of 20,000 files costs what an empty
 * one does (chokidar lists the folder again at every event there, and takes 0.1 s to see one file).
 *
 * @param root the lake's folder, which exists
 * @param prefix of the keys, ending in a slash: `bronze/`
 * @throws Error naming the limit to raise where the kernel gives no more watches
 */
export async function watch(
  root: string,
  prefix: string,
  arrived: (key: string) => void,
): Promise<{ close(): Promise<void> }> {
  return new Watcher(root, prefix, arrived)
}

class Watcher {
  readonly #root: string
  readonly #prefix: string
  readonly #arrived: (key: string) => void
  /** Watched folders; a folder made anew under an old name is another one, and so is its watch. */
  readonly #folders = new Map<string, { identity: string; watcher: fs.FSWatcher }>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #reported = new Map<string, string>()

  constructor(root: string, prefix: string, arrived: (key: string) => void) {
    this.#root = root
    this.#prefix = prefix
    this.#arrived = arrived
    this.#start(root)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#timers.clear()
    this.#folders.clear()
  }

  /** At the start, only folders are of interest. */
  #start(path: string): void {
    const stat = statIfThere(path)
    if (!stat?.isDirectory() || (path !== this.#root && !this.#concerns(this.#key(path)))) return
    this.#enter(path, stat, (entry) => this.#start(entry))
  }

  /** Looks at what stands there now: every event, and every entry of a new folder, ends here. */
  #look(path: string, before?: string): void {
    const key = this.#key(path)
    if (!this.#concerns(key)) return
    const stat = statIfThere(path)
    if (!stat) this.#forget(path)
    else if (stat.isDirectory()) this.#enter(path, stat, (entry) => this.#look(entry))
    else if (stat.isFile() && key.startsWith(this.#prefix)) this.#settle(path, key, stat, before)
  }

  #settle(path: string, key: string, stat: fs.BigIntStats, before?: string): void {
    const version = `${stat.size}-${stat.mtimeNs}-${stat.ino}`
    clearTimeout(this.#timers.get(path))
    this.#timers.delete(path)
    if (this.#reported.get(path) === version) return
    if (wasMovedIn(stat) || version === before) {
      this.#remember(path, version)
      this.#arrived(key)
    } else {
      const lookAgain = () => this.#look(path, version)
      this.#timers.set(path, setTimeout(lookAgain, stillMs))
    }
  }

  #remember(path: string, version: string): void {
    this.#reported.delete(path)
    this.#reported.set(path, version)
    const [oldest] = this.#reported.keys()
    if (this.#reported.size > remembered && oldest !== undefined) this.#reported.delete(oldest)
  }

  /** Watches first and lists then, so that no entry can come in between. */
  #enter(folder: string, stat: fs.BigIntStats, each: (path: string) => void): void {
    const identity = `${stat.ino}-${stat.birthtimeNs}`
    if (this.#folders.get(folder)?.identity === identity) return
    this.#forget(folder)
    const watcher = watchFolder(folder, (name) => this.#look(name ? join(folder, name) : folder))
    if (!watcher) return
    this.#folders.set(folder, { identity, watcher })
    for (const name of namesIn(folder)) each(join(folder, name))
  }

  #forget(path: string): void {
    clearTimeout(this.#timers.get(path))
    this.#timers.delete(path)
    this.#reported.delete(path)
    if (!this.#folders.has(path)) return
    for (const [folder, { watcher }] of this.#folders) {
      if (folder !== path && !folder.startsWith(path + sep)) continue
      watcher.close()
      this.#folders.delete(folder)
    }
  }

  #key(path: string): string {
    return relative(this.#root, path).replaceAll(sep, '/')
  }

  /** Whether the key lies below the prefix, or on the way to it, and is no half file. */
  #concerns(key: string): boolean {
    if (isHalfFile(key)) return false
    return key.startsWith(this.#prefix) || this.#prefix.startsWith(`${key}/`)
  }
}

/**
 * Writing sets both times to the same instant; a rename, or a copy that sets the times at its end
 * (`cp -p`, `rsync`, `mv` from another disk), sets them apart. A file that was written and renamed
 * within one tick of the kernel's clock looks as if written in place, and waits. So does an empty
 * one: its maker may have set its mode, and not yet written.
 */
function wasMovedIn(stat: fs.BigIntStats): boolean {
  return stat.size > 0n && stat.mtimeNs !== stat.ctimeNs
}

/** @returns undefined where it is gone, or below a folder whose names alone may be read */
function statIfThere(path: string): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isDenied(error)) return undefined
    throw error
  }
}

/** @returns undefined where the folder is gone meanwhile */
function watchFolder(
  folder: string,
  changed: (name: string | null) => void,
): fs.FSWatcher | undefined {
  try {
    return fs.watch(folder, (_, name) => changed(name)).on('error', () => changed(null))
  } catch (error) {
    // One that may not be read is told of by its folder when its mode changes.
    if (isGone(error) || isDenied(error)) return undefined
    const cure =
      'raise fs.inotify.max_user_watches and max_user_instances where the limit is reached'
    throw new Error(`cannot watch ${folder}: ${cure}`, { cause: error })
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if (isGone(error) || isDenied(error)) return []
    throw error
  }
}

function isGone(error: unknown): boolean {
  return isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')
}
