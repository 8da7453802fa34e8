import { globSync } from 'node:fs'
import { posix, sep } from 'node:path'
import { contractsOf, readPackage } from '../core/contract/catalog.ts'
import { proposalKey } from '../core/infer/proposal.ts'
import { openStore } from '../core/store/object-store.ts'

/**
 * What a lake in a folder has by name, for whoever types a name. Its objects are not listed: of a
 * large lake that takes seconds.
 */

/** Datasets of the contracts that can be used: `shop.orders`. */
export async function datasetsIn(folder: string): Promise<string[]> {
  const store = openStore(folder)
  const packages = foldersWith(folder, 'datapackage.{yaml,yml,json}').map((one) =>
    readPackage(store, one),
  )
  const contracts = (await Promise.all(packages)).flatMap((one) => (one ? contractsOf(one) : []))
  return [...new Set(contracts.map(({ dataset }) => dataset))].toSorted()
}

/** Folders below `bronze/` with a contract, or with the proposal of one: `shop`. */
export function packagesIn(folder: string, proposed: boolean): string[] {
  const name = proposed ? posix.basename(proposalKey('x')) : 'datapackage.{yaml,yml,json}'
  return foldersWith(folder, name)
    .filter((one) => one.startsWith('bronze/'))
    .map((one) => one.slice('bronze/'.length))
}

function foldersWith(folder: string, name: string): string[] {
  const found = globSync(`{bronze,streaming}/{*,*/*}/${name}`, { cwd: folder })
  const keys = found.map((path) => path.split(sep).join('/'))
  return [...new Set(keys.map((key) => posix.dirname(key)))].toSorted()
}
