import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A lock between processes of one machine that the kernel takes back when its holder dies, by
 * `kill -9` too: nothing stale can remain. It is SQLite's lock on an empty file, the only one that
 * Node reaches without a native module of our own.
 *
 * @param file is made when missing, and stays empty
 * @returns the function that lets go; or undefined while another has it, even within this process
 */
export function tryLock(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return () => database.close()
  } catch (error) {
    database.close()
    if (isBusy(error)) return undefined
    throw error
  }
}

/** Who waits for so long is told what for. */
export const PATIENT_MS = 2_000

/**
 * Runs the work while this process alone holds the lock; waits for it as long as it takes.
 *
 * @param waits told once where it takes longer than a moment
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  waits: () => void = () => {},
): Promise<T> {
  const since = performance.now()
  let isTold = false
  let release = tryLock(file)
  while (!release) {
    if (!isTold && performance.now() - since > PATIENT_MS) {
      isTold = true
      waits()
    }
    await sleep(5)
    release = tryLock(file)
  }
  try {
    return await work()
  } finally {
    release()
  }
}

/** SQLITE_BUSY, as sqlite3.h numbers it. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}
