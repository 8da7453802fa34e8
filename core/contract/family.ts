import { Refused } from '../errors.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { contractsOf, readPackage } from './catalog.ts'
import type { Contract } from './contract.ts'

/** The datasets that a dataset refers to, and those that refer to it, all of its package. */
export interface Family {
  parents: Contract[]
  children: Contract[]
}

/** @throws Refused where a parent's own contract cannot be used: there is no table to look into */
export async function familyOf(store: ObjectStore, contract: Contract): Promise<Family> {
  const all = await contractsAround(store, contract.file)
  const inside = contract.foreignKeys.filter((key) => !key.external)
  const parents = new Set(inside.map((key) => key.dataset))
  for (const dataset of parents) {
    if (all.some((other) => other.dataset === dataset)) continue
    throw new Refused(`${contract.file}: the contract of ${dataset}, a parent, cannot be used`)
  }
  return {
    parents: all.filter((other) => parents.has(other.dataset)),
    children: await childrenOf(store, contract),
  }
}

/** The datasets that refer to a dataset, itself among them where it does. */
export async function childrenOf(store: ObjectStore, contract: Contract): Promise<Contract[]> {
  const all = await contractsAround(store, contract.file)
  return all.filter((other) => other.foreignKeys.some((key) => key.dataset === contract.dataset))
}

/** Every usable contract of the nearest package at or above a key. */
async function contractsAround(store: ObjectStore, key: string): Promise<Contract[]> {
  const folders = key.split('/').slice(0, -1)
  for (let depth = folders.length; depth > 1; depth--) {
    const found = await readPackage(store, folders.slice(0, depth).join('/'))
    if (found) return contractsOf(found)
  }
  return []
}
