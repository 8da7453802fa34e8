import type { Contract } from '../contract/contract.ts'
import { Refused } from '../errors.ts'
import type { Database, Transaction } from './database.ts'
import { claimDataset } from './ledger.ts'

/** Two folders whose names fall together would share a table: the first one has it. */

/** @throws Refused where the dataset is that of another folder, or its schema not ours */
export async function claim(tx: Transaction, lake: string, contract: Contract): Promise<void> {
  checkSchema(contract)
  const folder = folderOf(contract)
  checkOwner(contract, await claimDataset(tx, lake, contract.dataset, folder))
}

/**
 * Whether `claim` would go through, of which nothing is noted.
 *
 * @throws Refused as `claim` does
 */
export async function checkClaim(
  database: Database,
  lake: string,
  contract: Contract,
): Promise<void> {
  checkSchema(contract)
  const [ledger] = await database.query(`SELECT to_regclass('sluice.datasets') AS name`)
  if (!ledger?.name) return
  const find = 'SELECT folder FROM sluice.datasets WHERE lake = $1 AND dataset = $2'
  const [owner] = await database.query(find, [lake, contract.dataset])
  if (owner) checkOwner(contract, owner.folder as string)
}

function checkSchema({ schema, file }: Contract): void {
  if (!/^(pg_.*|sluice|information_schema)$/.test(schema)) return
  throw new Refused(`${file}: schema ${schema} is not ours to load into; rename the folder`)
}

function checkOwner(contract: Contract, owner: string): void {
  const { file, dataset } = contract
  if (owner === folderOf(contract)) return
  throw new Refused(`${file}: dataset ${dataset} is that of ${owner}; rename folder or resource`)
}

function folderOf({ file }: Contract): string {
  return file.split('/').slice(0, -1).join('/')
}
