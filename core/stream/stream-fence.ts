import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyFile } from '../commit/parquet.ts'
import { emptyRejects } from '../commit/quarantine.ts'
import { emptyPartials, windowShape } from '../contract/window.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { literal } from '../names.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { Checkpoint } from './checkpoint.ts'
import { contractOfDataset } from './stream-catalog.ts'
import { partsOf } from './stream-files.ts'

/** Fences for the dead files of a stream: of the schema that their neighbours have. */
export function streamFences(
  store: ObjectStore,
  scratch: { duck: Duck; folder: string },
  state: () => Checkpoint | undefined,
): (key: string) => Promise<Buffer> {
  const made = new Map<string, Promise<Buffer>>()
  return (key) => {
    const kind = key.slice(0, key.lastIndexOf('/'))
    const fence = made.get(kind) ?? makeFence(store, scratch, state(), key)
    made.set(kind, fence)
    return fence
  }
}

async function makeFence(
  store: ObjectStore,
  { duck, folder }: { duck: Duck; folder: string },
  state: Checkpoint | undefined,
  key: string,
): Promise<Buffer> {
  const { tree, dataset, window } = partsOf(key)
  if (tree === 'quarantine') return parquet(duck, folder, emptyRejects)
  const contract = await contractOfDataset(store, dataset, state?.datasets[dataset]?.file)
  const open = window === undefined ? undefined : state?.datasets[dataset]?.windows[window]
  const described = contract?.stream?.windows.find(({ name }) => name === window)
  const shape = open ?? (contract && described && windowShape(described, contract))
  if (window !== undefined && shape) return parquet(duck, folder, emptyPartials(shape))
  if (contract && window === undefined) return emptyFile(duck, contract, folder)
  // Of another schema, it would break the reading of all: the name stays to be buried.
  throw new Refused(`no contract says what schema the fence of ${key} has`)
}

let fences = 0

async function parquet(duck: Duck, folder: string, select: string): Promise<Buffer> {
  const path = join(folder, `fence-${fences++}.parquet`)
  await duck.run(`COPY (${select}) TO ${literal(path)} (FORMAT parquet)`)
  return readFile(path)
}
