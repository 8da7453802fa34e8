import { posix } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { isProposal } from '../infer/proposal.ts'
import type { Denied, ObjectStore } from '../store/object-store.ts'
import { isDescriptor, readPackage } from './catalog.ts'
import { isStreamOnly } from './contract.ts'
import type { Package } from './package.ts'

/** What lies in Bronze and in `streaming/`, but for the objects of Bronze: they may be millions. */
export interface Overview {
  /** Folders that have a descriptor. */
  described: string[]
  /** Keys of proposals. */
  proposals: string[]
  /** Other keys of `streaming/`. */
  streamed: string[]
}

/** A folder is listed without a pause: so often others have their turn. */
const BREATH = 500

/**
 * Lists the lake: what it takes grows with the objects that lie there.
 *
 * @param denied told of a folder that may not be read; without it, a fault
 */
export async function overviewOf(store: ObjectStore, denied?: Denied): Promise<Overview> {
  const described = new Set<string>()
  const found: Overview = { described: [], proposals: [], streamed: [] }
  let count = 0
  for (const root of ['bronze/', 'streaming/']) {
    for await (const { key } of store.list(root, '', denied)) {
      if (isDescriptor(key)) described.add(posix.dirname(key))
      else if (isProposal(key) && !isStreamOnly(key)) found.proposals.push(key)
      else if (isStreamOnly(key)) found.streamed.push(key)
      if (++count % BREATH === 0) await breathe()
    }
  }
  return { ...found, described: [...described] }
}

/** The packages of these folders, as far as they are still there. */
export async function packagesIn(store: ObjectStore, folders: string[]): Promise<Package[]> {
  const found = await Promise.all(folders.map((folder) => readPackage(store, folder)))
  return found.filter((one) => one !== undefined)
}
