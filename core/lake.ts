import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Duck, openDuck } from './duckdb.ts'
import { type ObjectStore, openStore } from './object-store.ts'

/** A store of objects, and a place beside it where work in progress may lie. */
export interface Lake {
  store: ObjectStore
  /** A folder of our own and a DuckDB connection for an object of so many bytes. */
  withScratch<T>(bytes: number, work: (folder: string, duck: Duck) => Promise<T>): Promise<T>
}

/** @param url a folder, `file://` URL or `s3://bucket` */
export function openLake(url: string): Lake {
  const store = openStore(url)
  return { store, withScratch: (bytes, work) => withScratch(store.scratch, bytes, work) }
}

async function withScratch<T>(
  scratch: string,
  bytes: number,
  work: (folder: string, duck: Duck) => Promise<T>,
): Promise<T> {
  await mkdir(scratch, { recursive: true })
  const folder = await mkdtemp(join(scratch, 'work-'))
  let duck: Duck | undefined
  try {
    duck = await openDuck(bytes)
    return await work(folder, duck)
  } finally {
    duck?.close()
    await rm(folder, { recursive: true, force: true })
  }
}
