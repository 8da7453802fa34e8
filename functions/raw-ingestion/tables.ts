import type { Contract } from '../../core/contract/contract.ts'
import { type Family, familyOf } from '../../core/contract/family.ts'
import { claim } from '../../core/database/claim.ts'
import type { Transaction } from '../../core/database/database.ts'
import { noteReferences } from '../../core/database/pointers.ts'
import { ensureTable } from '../../core/database/table.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'

/**
 * Makes the table of a dataset ready for its rows, and those around it.
 *
 * @param lake its URL
 * @param store the lake's as it was when the object was looked at
 * @throws Refused where the dataset is not ours to load, or no table can be of it; Error with the
 *   statement to run where a table does not fit
 */
export async function readyTables(
  tx: Transaction,
  lake: string,
  store: ObjectStore,
  contract: Contract,
): Promise<Family> {
  await claim(tx, lake, contract)
  await noteReferences(tx, lake, contract)
  const family = await familyOf(store, contract)
  await ensureTable(tx, contract)
  for (const other of [...family.parents, ...family.children]) {
    if (other.dataset !== contract.dataset) await ensureTable(tx, other)
  }
  return family
}
