import type { Contract } from '../contract/contract.ts'
import { Refused } from '../errors.ts'
import { identifier } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'
import type { Transaction } from './database.ts'
import { isSameByCast, makeAnew } from './table-cast.ts'

/** A dataset's table: made from the contract, or checked against it. */

/** `"shop"."orders"` */
export function tableOf(contract: Pick<Contract, 'schema' | 'table'>): string {
  return `${identifier(contract.schema)}.${identifier(contract.table)}`
}

/** The columns of the contract's fields, quoted, in its order. */
export function columnsOf(contract: Contract): string[] {
  return contract.fields.map((field) => identifier(field.column))
}

/** The primary key's columns, quoted. */
export function keyOf(contract: Contract): string[] {
  return columnsNamed(contract, contract.primaryKey)
}

export function columnsNamed(contract: Contract, names: string[]): string[] {
  return names.map((name) => {
    return identifier(contract.fields.find((field) => field.name === name)?.column ?? name)
  })
}

const checked = new Set<string>()

/**
 * Makes the table where there is none; else checks that every value of the contract has its place
 * in it. A table that fits is not looked at again by this process, until something goes wrong.
 *
 * @throws Refused for what no table can be; Error with the statement to run: a fault of the
 *   database, that a person cures, and after which the object is taken up again
 */
export async function ensureTable(tx: Transaction, contract: Contract): Promise<void> {
  if (checked.has(contract.hash)) return
  checkPlace(contract)
  const found = await readColumns(tx, contract)
  if (found.size === 0) await createTable(tx, contract)
  else {
    await checkTable(tx, contract, found)
    checked.add(contract.hash)
  }
}

/** Of a table's 1,600 columns: while rows are staged, their record and line stand beside them. */
const COLUMNS = 1598

/** Columns that every table of Postgres has of its own. */
const SYSTEM = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']

/** @throws Refused for what no table of Postgres can be */
function checkPlace({ file, dataset, fields }: Contract): void {
  if (fields.length > COLUMNS) {
    throw new Refused(
      `${file}: ${dataset} has ${fields.length} fields, and a table of Postgres takes ${COLUMNS} ` +
        'of them; split it. Silver takes it as it is',
    )
  }
  const strange = fields.find((field) => SYSTEM.includes(field.column))
  if (!strange) return
  throw new Refused(
    `${file}: field ${strange.name}: every table of Postgres has a column of that name; rename it`,
  )
}

/** The tables may have changed: look again. */
export function forgetTables(): void {
  checked.clear()
}

type Column = { type: string; filled: boolean }
type Queries = Pick<Transaction, 'query'>

async function readColumns(tx: Queries, contract: Contract): Promise<Map<string, Column>> {
  const rows = await tx.query(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type,
       NOT attnotnull OR atthasdef OR attidentity <> '' AS filled
     FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [tableOf(contract)],
  )
  return new Map(rows.map((row) => [row.name as string, row as Column]))
}

async function createTable(tx: Transaction, contract: Contract): Promise<void> {
  await tx.lock('tables')
  if ((await readColumns(tx, contract)).size > 0) return
  for (const statement of statementsOf(contract)) await tx.execute(statement)
}

/** A BRIN index finds the rows of an object, which lie together, and costs a load near nothing. */
function statementsOf(contract: Contract): string[] {
  const columns = contract.fields.map((field) => {
    const required = field.required || contract.primaryKey.includes(field.name)
    return `${identifier(field.column)} ${lexicalOf(field).column}${required ? ' NOT NULL' : ''}`
  })
  const key = contract.load === 'upsert' ? [`PRIMARY KEY (${keyOf(contract).join(', ')})`] : []
  return [
    `CREATE SCHEMA IF NOT EXISTS ${identifier(contract.schema)}`,
    `CREATE TABLE ${tableOf(contract)} (${[...columns, '_object_id bigint', ...key].join(', ')})`,
    `CREATE INDEX ON ${tableOf(contract)} USING brin (_object_id)`,
  ]
}

/**
 * What `ensureTable` would run or ask for, and runs nothing.
 *
 * @param query of a database; undefined where there is none to look at
 */
export async function tableChanges(
  query: Transaction['query'] | undefined,
  contract: Contract,
): Promise<{ exists: boolean; statements: string[] }> {
  checkPlace(contract)
  const found = query ? await readColumns({ query }, contract) : new Map<string, Column>()
  if (!query || found.size === 0) return { exists: false, statements: statementsOf(contract) }
  const cure = await cureOf({ query }, contract, found)
  return { exists: true, statements: cure ? [cure.statement] : [] }
}

async function checkTable(
  tx: Queries,
  contract: Contract,
  found: Map<string, Column>,
): Promise<void> {
  const cure = await cureOf(tx, contract, found)
  if (!cure) return
  const { why, statement } = cure
  throw new Error(
    `table ${tableOf(contract)} does not fit ${contract.file}${why}; run: ${statement}`,
  )
}

/** What makes the table fit, and why it is more than an ALTER TABLE, where it is. */
async function cureOf(
  tx: Queries,
  contract: Contract,
  found: Map<string, Column>,
): Promise<{ why: string; statement: string } | undefined> {
  const others = contract.fields.flatMap((field) => {
    const [there, wanted] = [found.get(field.column)?.type, lexicalOf(field).column]
    if (there === undefined || holds(there, wanted) || isSameByCast(there, wanted)) return []
    return [`${identifier(field.column)} is ${there}, not ${wanted}`]
  })
  if (others.length > 0 && !(await isEmpty(tx, contract))) {
    const why = `: ${others.join(', ')}, and a cast would not read its rows as the contract does`
    return { why, statement: makeAnew(contract) }
  }
  const cures = await curesOf(tx, contract, found)
  if (cures.length === 0) return undefined
  return { why: '', statement: `ALTER TABLE ${tableOf(contract)} ${cures.join(', ')};` }
}

async function curesOf(
  tx: Queries,
  contract: Contract,
  found: Map<string, Column>,
): Promise<string[]> {
  const cures: string[] = []
  for (const field of contract.fields) {
    const wanted = lexicalOf(field).column
    const column = found.get(field.column)
    const name = identifier(field.column)
    if (!column) cures.push(`ADD COLUMN ${name} ${wanted}`)
    else if (!holds(column.type, wanted)) {
      cures.push(`ALTER COLUMN ${name} TYPE ${wanted} USING ${name}::${wanted}`)
    }
  }
  if (!found.has('_object_id')) cures.push('ADD COLUMN _object_id bigint')
  const names = new Set(contract.fields.map((field) => field.column))
  for (const [name, { filled }] of found) {
    if (!names.has(name) && !filled) cures.push(`ALTER COLUMN ${identifier(name)} DROP NOT NULL`)
  }
  if (contract.load === 'upsert' && !(await hasKey(tx, contract))) {
    const kind = (await hasPrimaryKey(tx, contract)) ? 'UNIQUE' : 'PRIMARY KEY'
    cures.push(`ADD ${kind} (${keyOf(contract).join(', ')})`)
  }
  return cures
}

/** Whether every value of the wanted type is kept exactly by a column of the type that is there. */
function holds(there: string, wanted: string): boolean {
  const type = there
    .replace(/^timestamp without time zone$/, 'timestamp')
    .replace(/^timestamp with time zone$/, 'timestamptz')
    .replace(/^time without time zone$/, 'time')
  if (type === wanted) return true
  if (wanted === 'text') return type === 'character varying'
  if (wanted === 'bigint') return type === 'numeric'
  const [, precision, scale] = /^numeric\((\d+),(\d+)\)$/.exec(wanted) ?? []
  if (precision === undefined) return false
  const [, p, s] = /^numeric(?:\((\d+),(\d+)\))?$/.exec(type) ?? []
  if (p === undefined) return type === 'numeric'
  return Number(s) >= Number(scale) && Number(p) - Number(s) >= Number(precision) - Number(scale)
}

async function hasPrimaryKey(tx: Queries, contract: Contract): Promise<boolean> {
  const sql = 'SELECT 1 FROM pg_index WHERE indrelid = to_regclass($1) AND indisprimary'
  return (await tx.query(sql, [tableOf(contract)])).length > 0
}

/** Whether no row stands in the table. */
export async function isEmpty(tx: Queries, contract: Contract): Promise<boolean> {
  return (await tx.query(`SELECT 1 FROM ${tableOf(contract)} LIMIT 1`)).length === 0
}

/** A unique index that ON CONFLICT can name. */
async function hasKey(tx: Queries, contract: Contract): Promise<boolean> {
  const rows = await tx.query(
    `SELECT (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) AS names
     FROM pg_index i
     WHERE indrelid = to_regclass($1) AND indisunique AND indisvalid
       AND indpred IS NULL AND indexprs IS NULL`,
    [tableOf(contract)],
  )
  const wanted = keyOf(contract).toSorted().join()
  return rows.some((row) => (row.names as string[]).map(identifier).toSorted().join() === wanted)
}
