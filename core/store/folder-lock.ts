import { mkdirSync, statSync, utimesSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { Busy } from '../errors.ts'

/** Writers hold the lock for some 0.1 ms each; one that holds it this long is stopped (Ctrl-Z). */
const patienceMs = 10_000

/**
 * One lock for all writers of a folder, in any process, and a clock that they share.
 *
 * The lock is SQLite's write lock on an empty database, because that is a lock of the kernel
 * (`fcntl`), which Node offers nowhere else: it ends with its process, however that dies, so no
 * lock is ever stale, and it also holds between containers, where process ids mean nothing.
 * SQLite keeps the pitfall of such locks away (closing any descriptor of the file ends them all);
 * so nothing else here may open the file, only look at its times.
 */
export class FolderLock {
  readonly #path: string
  #open: Open | undefined

  /** @param path the lock's file; it and its folder are made when they are first wanted */
  constructor(path: string) {
    this.#path = path
  }

  /**
   * Runs a step that no other writer's step overlaps. The step is synchronous: this process does
   * nothing else meanwhile, so the lock is brief, and fair enough without a queue.
   *
   * @throws Busy when another process holds the lock for 10 seconds
   */
  async run<T>(step: () => T): Promise<T> {
    const end = performance.now() + patienceMs
    while (!this.#take()) {
      if (performance.now() > end) throw new Busy(`${this.#path} is locked by a stopped process`)
      await pause(1 + Math.random() * 3)
    }
    try {
      return step()
    } finally {
      this.#open?.end.run()
    }
  }

  /**
   * Gives a file a modification time that no file stamped before has, even if the clock goes back
   * or its tick is coarse: the last one given is the lock file's own. Only within `run`.
   */
  stamp(path: string): void {
    const last = Number(statSync(this.#path, { bigint: true }).mtimeNs / 1000n)
    // utimes takes seconds as a double, exact to 0.24 µs today; steps of 10 µs stay apart.
    const seconds = Math.max(Date.now() * 1000, last + 10) / 1e6
    utimesSync(this.#path, seconds, seconds)
    utimesSync(path, seconds, seconds)
  }

  /** A lock on a file that was deleted meanwhile excludes nobody: it is let go, and taken anew. */
  #take(): boolean {
    this.#open ??= connect(this.#path)
    const { database, begin, inode } = this.#open
    if (!begins(begin)) return false
    if (inodeOf(this.#path) === inode) return true
    database.close()
    this.#open = undefined
    return false
  }
}

interface Open {
  database: DatabaseSync
  begin: StatementSync
  end: StatementSync
  inode: bigint
}

/** IMMEDIATE takes the lock without writing anything. */
function connect(path: string): Open {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path, { timeout: 0 })
  const begin = database.prepare('BEGIN IMMEDIATE')
  return { database, begin, end: database.prepare('ROLLBACK'), inode: inodeOf(path) ?? 0n }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

/** False where another connection holds the lock. */
function begins(begin: StatementSync): boolean {
  try {
    begin.run()
    return true
  } catch (error) {
    const SQLITE_BUSY = 5
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false
    throw error
  }
}
