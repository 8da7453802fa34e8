/**
 * What descriptors say. `readPackage` reads the one of a folder, `contractsOf` are its datasets,
 * and `govern` is the contract of one object, or why there is none.
 *
 * @example
 * const { store } = openLake('data')
 * const found = await readPackage(store, 'bronze/shop')
 * for (const { dataset, fields } of found ? contractsOf(found) : []) console.log(dataset, fields)
 */
export { contractsOf, type Governing, govern, readPackage } from '../core/contract/catalog.ts'
export type { Contract } from '../core/contract/contract.ts'
export type { Field } from '../core/contract/field.ts'
export type { Package } from '../core/contract/package.ts'
