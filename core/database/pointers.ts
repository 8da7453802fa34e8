import type { Contract } from '../contract/contract.ts'
import { identifier, postgresName } from '../names.ts'
import type { Row, Transaction } from './database.ts'
import { columnsNamed, tableOf } from './table.ts'

/** Who points to whose rows: a parent's row stays while a child's does. */

/** Columns of a child, and the parent's own that they point to; all of it quoted. */
export interface Pointer {
  table: string
  theirs: string[]
  ours: string[]
}

/**
 * Notes which tables outside its package a dataset refers to now: their contracts know nothing of
 * it. To be called before any lock of a dataset.
 */
export async function noteReferences(
  tx: Transaction,
  lake: string,
  contract: Contract,
): Promise<void> {
  const wanted = contract.foreignKeys
    .filter((key) => key.external)
    .map((key) => [columnsOf(contract, key.fields), key.dataset, key.columns])
  const sql = `SELECT columns, parent, parent_columns FROM sluice.references
    WHERE lake = $1 AND dataset = $2`
  const there = (await tx.query(sql, [lake, contract.dataset])).map((row) => Object.values(row))
  if (sorted(there) === sorted(wanted)) return
  await tx.lock('tables')
  const gone = 'DELETE FROM sluice.references WHERE lake = $1 AND dataset = $2'
  await tx.execute(gone, [lake, contract.dataset])
  for (const one of wanted) {
    const insert = `INSERT INTO sluice.references VALUES ($1, $2, $3::text[], $4, $5::text[])
       ON CONFLICT DO NOTHING`
    await tx.execute(insert, [lake, contract.dataset, ...one])
  }
}

function columnsOf(contract: Contract, names: string[]): string[] {
  return names.map((name) => contract.fields.find((field) => field.name === name)!.column)
}

function sorted(references: unknown[][]): string {
  return [...new Set(references.map((one) => JSON.stringify(one)))].sort().join()
}

/**
 * Every child that may point to rows of a dataset.
 *
 * @param children those of its own package; others stand in the ledger
 */
export async function pointersTo(
  tx: Transaction,
  contract: Contract,
  children: Contract[],
): Promise<Pointer[]> {
  const inside = children.flatMap((child) =>
    child.foreignKeys
      .filter((key) => key.dataset === contract.dataset && !key.external)
      .map((key) => ({
        table: tableOf(child),
        theirs: columnsNamed(child, key.fields),
        ours: key.columns.map((name) => identifier(postgresName(name))),
      })),
  )
  const rows = await tx.query(noted, [contract.dataset, tableOf(contract)])
  return [...inside, ...rows.map(pointerOf)]
}

/**
 * Of children outside the package, those that can be looked into: tables and columns change
 * without us, and what cannot be compared points to nothing.
 */
const noted = `SELECT r.dataset, r.columns, r.parent_columns FROM sluice.references r
  WHERE r.parent = $1 AND cardinality(r.columns) = (
    SELECT count(*) FROM unnest(r.columns, r.parent_columns) AS pair (theirs, ours)
      JOIN pg_attribute t ON t.attname = theirs AND t.attrelid = to_regclass(
        format('%I.%I', split_part(r.dataset, '.', 1), split_part(r.dataset, '.', 2)))
      JOIN pg_attribute o ON o.attname = ours AND o.attrelid = to_regclass($2)
      JOIN pg_type a ON a.oid = t.atttypid JOIN pg_type b ON b.oid = o.atttypid
      WHERE a.oid = b.oid OR a.typcategory = b.typcategory AND a.typcategory IN ('N', 'S'))`

function pointerOf(row: Row): Pointer {
  const [schema, table] = (row.dataset as string).split('.') as [string, string]
  return {
    table: tableOf({ schema, table }),
    theirs: (row.columns as string[]).map(identifier),
    ours: (row.parent_columns as string[]).map(identifier),
  }
}

/**
 * Keeps a parent's rows and what points to them from parting: between the look for a parent and
 * the commit of the child nobody takes the parent away, nor the other way round. All in one order,
 * and after the dataset's own lock, so that nobody waits in a ring.
 *
 * @param drops whether rows of the dataset itself may go
 */
export async function holdPointers(
  tx: Transaction,
  contract: Contract,
  drops: boolean,
): Promise<void> {
  const parents = contract.foreignKeys.map((key) => key.dataset)
  const own = drops ? [contract.dataset] : []
  for (const dataset of [...new Set([...parents, ...own])].sort()) {
    await tx.lock(`rows of ${dataset}`, !drops || dataset !== contract.dataset)
  }
}
