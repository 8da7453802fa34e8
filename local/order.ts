import { govern } from '../core/contract/catalog.ts'
import type { Contract } from '../core/contract/contract.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import type { ObjectStore } from '../core/store/object-store.ts'

/**
 * Keys in the order in which they are best loaded: parents before children by foreign key, so that
 * nothing waits that need not. Any order ends the same.
 *
 * @returns levels: the keys of one may be loaded at once, after those of the level before
 */
export async function inLevels(store: ObjectStore, keys: string[]): Promise<string[][]> {
  const memo = memoryOf(store)
  const contracts = new Map<string, Contract>()
  const datasetOf = new Map<string, string | undefined>()
  for (const key of keys) {
    // What is wrong with it is told when it is handled; here it only has no place.
    const { dataset, contract } = await govern(memo, key).catch(() => unknown)
    datasetOf.set(key, dataset)
    if (dataset && contract) contracts.set(dataset, contract)
  }
  const levels: string[][] = []
  for (const key of keys) {
    const level = depthOf(datasetOf.get(key), contracts, new Set())
    levels[level] ??= []
    levels[level].push(key)
  }
  return levels.filter((level) => level !== undefined)
}

const unknown = { dataset: undefined, contract: undefined }

/** How many generations of parents a dataset has; a ring of parents is cut where it closes. */
function depthOf(
  dataset: string | undefined,
  contracts: Map<string, Contract>,
  path: Set<string>,
): number {
  const contract = dataset === undefined ? undefined : contracts.get(dataset)
  if (!contract || path.has(contract.dataset)) return 0
  const below = new Set([...path, contract.dataset])
  const parents = contract.foreignKeys.filter((key) => key.dataset !== contract.dataset)
  return Math.max(0, ...parents.map((key) => 1 + depthOf(key.dataset, contracts, below)))
}
