import type { Contract } from '../contract/contract.ts'
import type { ForeignKey } from '../contract/foreign-key.ts'
import { Refused } from '../errors.ts'
import { identifier, literal, postgresName } from '../names.ts'
import type { Transaction } from './database.ts'
import type { Entry } from './ledger.ts'
import { allStaged, makeStage, placesOf, STAGE } from './merge.ts'
import { inSlices } from './slices.ts'
import { columnsNamed, columnsOf, tableOf } from './table.ts'

/**
 * Orphans: rows whose parent is not there yet. They wait in the ledger, as they will go into their
 * table, and are looked at again whenever an object of a parent was loaded.
 */

/**
 * Moves the orphans among the staged rows to `sluice.waiting`. A key with a missing part refers to
 * nothing, as in SQL (MATCH SIMPLE).
 *
 * @returns how many wait
 */
export async function setOrphansAside(
  tx: Transaction,
  contract: Contract,
  entry: Entry,
): Promise<number> {
  let waiting = 0
  // A row that waits may be another's parent, of the same dataset: until none follows.
  for (let moved = 1; moved > 0; ) {
    moved = 0
    for (const key of contract.foreignKeys) moved += await moveOrphans(tx, contract, entry, key)
    waiting += moved
    if (!contract.foreignKeys.some((key) => key.dataset === contract.dataset)) break
  }
  return waiting
}

async function moveOrphans(
  tx: Transaction,
  contract: Contract,
  entry: Entry,
  key: ForeignKey,
): Promise<number> {
  const own = columnsNamed(contract, key.fields)
  const whole = own.map((name) => `s.${name} IS NOT NULL`)
  const parents = await parentsOf(tx, contract, key)
  const absent = parents.map((parent) => {
    const same = own
      .map((name, i) => `p.${identifier(postgresName(key.columns[i]!))} = s.${name}`)
      .join(' AND ')
    return `NOT EXISTS (SELECT 1 FROM ${parent} p WHERE ${same})`
  })
  const [record, line] = placesOf(contract)
  const missing = `${key.dataset} ${key.columns.join(', ')} = `
  const which = [...whole, ...absent].join(' AND ')
  const moved = inSlices(tx, allStaged, (slice) =>
    tx.execute(
      `WITH orphan AS (DELETE FROM ${STAGE} s WHERE ${which} AND ${slice} RETURNING s.*)
       INSERT INTO sluice.waiting (object_id, record, line, "row", missing)
       SELECT ${entry.id}, o.${record}, o.${line}, to_jsonb(o.*),
         ${literal(missing)} || concat_ws(', ', ${own.map((name) => `o.${name}`).join(', ')})
       FROM orphan o`,
    ),
  )
  return moved.catch((error: unknown) => notComparable(error, contract, key))
}

/** Where a parent's row may be: nowhere, if its table is another's and is not there yet. */
async function parentsOf(tx: Transaction, contract: Contract, key: ForeignKey): Promise<string[]> {
  const staged = key.dataset === contract.dataset ? [STAGE] : []
  const table = parentTable(key)
  if (!key.external) return [table, ...staged]
  const [found] = await tx.query('SELECT to_regclass($1) IS NOT NULL AS there', [table])
  return found?.there ? [table, ...staged] : staged
}

/** SQLSTATE of a column that is not there, and of two types that no `=` compares. */
const INCOMPARABLE = ['42703', '42883']

/** @throws Refused where the parent is of another form than the contract says; else the error */
export function notComparable(error: unknown, contract: Contract, key: ForeignKey): never {
  const { code, message } = error as { code?: string; message: string }
  if (!INCOMPARABLE.includes(code ?? '')) throw error
  const own = key.fields.join(', ')
  throw new Refused(
    `${contract.file}: ${contract.dataset}: ${own} cannot refer to ${key.dataset} ` +
      `(${key.columns.join(', ')}): ${message}`,
  )
}

/** Stages the object's waiting rows once more, and forgets that they waited. */
export async function stageWaiting(
  tx: Transaction,
  contract: Contract,
  entry: Entry,
): Promise<number> {
  await makeStage(tx, contract)
  const columns = columnsOf(contract)
  return inSlices(tx, ofObject('sluice.waiting', entry), (slice) =>
    tx.execute(
      `WITH again AS (
         DELETE FROM sluice.waiting r WHERE object_id = ${entry.id} AND ${slice} RETURNING r.*
       )
       INSERT INTO ${STAGE} (${[...columns, ...placesOf(contract)].join(', ')})
       SELECT ${columns.map((name) => `r.${name}`).join(', ')}, w.record, w.line FROM again w
       CROSS JOIN LATERAL jsonb_populate_record(NULL::${tableOf(contract)}, w."row") r`,
    ),
  )
}

/** Forgets the rows of an object that wait, or its rejects. */
export async function forget(
  tx: Transaction,
  table: 'sluice.waiting' | 'sluice.rejects',
  entry: Entry,
): Promise<void> {
  await inSlices(tx, ofObject(table, entry), (slice) =>
    tx.execute(`DELETE FROM ${table} r WHERE object_id = ${entry.id} AND ${slice}`),
  )
}

function ofObject(table: string, entry: Entry) {
  return { table, alias: 'r', where: `object_id = ${entry.id}` }
}

function parentTable(key: ForeignKey): string {
  const [schema, table] = key.dataset.split('.') as [string, string]
  return tableOf({ schema, table })
}
