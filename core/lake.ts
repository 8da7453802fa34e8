import { mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Duck, openDuck } from './duck/duckdb.ts'
import { tooWide } from './limit.ts'
import { sweepLeftovers } from './store/leftovers.ts'
import { type ObjectStore, openStore } from './store/object-store.ts'

type Work<T> = (folder: string, duck: Duck) => Promise<T>

/** A store of objects, and a place beside it where work in progress may lie. */
export interface Lake {
  store: ObjectStore
  /**
   * An empty folder of our own and a DuckDB connection, for an object of so many bytes whose table
   * has so many columns.
   */
  withScratch<T>(bytes: number, work: Work<T>, columns?: number): Promise<T>
}

/**
 * @param url a folder, `file://` URL or `s3://bucket`
 * @param scratch where work in progress lies, for who may write nothing to the lake
 */
export function openLake(url: string, scratch?: string): Lake {
  sweepLeftovers()
  const store = openStore(url)
  return { store, withScratch: (...of) => withScratch(scratch ?? store.scratch, ...of) }
}

/** Folders of this process that wait for their next object, by the place that they are in. */
const idle = new Map<string, string[]>()

async function withScratch<T>(
  scratch: string,
  bytes: number,
  work: Work<T>,
  columns = 0,
): Promise<T> {
  const folder = idle.get(scratch)?.pop() ?? makeFolder(scratch)
  // After a day without work, another process that came may have swept it away.
  mkdirSync(folder, { recursive: true })
  let duck: Duck | undefined
  try {
    duck = await openDuck(bytes, columns)
    return await work(folder, duck)
  } catch (error) {
    throw tooWide(error, columns)
  } finally {
    duck?.close()
    giveBack(scratch, folder)
  }
}

/** One that cannot be emptied waits for nothing; what the work has thrown is what is told. */
function giveBack(scratch: string, folder: string): void {
  try {
    empty(folder)
  } catch {
    return
  }
  idle.set(scratch, [...(idle.get(scratch) ?? []), folder])
}

function makeFolder(scratch: string): string {
  mkdirSync(scratch, { recursive: true })
  const folder = mkdtempSync(join(scratch, 'work-'))
  if (made.length === 0) process.once('exit', removeAll)
  made.push(folder)
  return folder
}

const made: string[] = []

function removeAll(): void {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
}

function empty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) rmSync(path, { recursive: true, force: true })
    else unlinkSync(path)
  }
}
