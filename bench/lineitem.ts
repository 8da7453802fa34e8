import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'

/** What is loaded: rows in the shape of TPC-H's lineitem, made by DuckDB, the same on every run. */
export interface Data {
  rows: number
  /** Of a hundred rows, so many are bad, in one of the ways of `mistakes`, by turns. */
  bad?: number
  gzip?: boolean
}

/** What is wrong in a bad row. */
export const mistakes = [
  'a bad integer',
  'a price of too many decimals',
  'a date that is none',
  'a missing cell',
  'an extra cell',
]

/** A field's name and its type in the contract; a number has two decimals. */
export type Column = [name: string, type: string]

/** The fields, their types in the contract and in DuckDB, and the SQL of row `i`. */
const fields: [name: string, type: string, duck: string, sql: string][] = [
  ['l_orderkey', 'integer', 'BIGINT', 'i // 4 + 1'],
  ['l_partkey', 'integer', 'BIGINT', '(i * 7919) % 200000 + 1'],
  ['l_suppkey', 'integer', 'BIGINT', '(i * 104729) % 10000 + 1'],
  ['l_linenumber', 'integer', 'BIGINT', 'i % 4 + 1'],
  ['l_quantity', 'number', 'DECIMAL(12,2)', money('hash(i) % 50 + 1')],
  ['l_extendedprice', 'number', 'DECIMAL(12,2)', money('hash(i + 1) % 10000000 / 100')],
  ['l_discount', 'number', 'DECIMAL(12,2)', money('hash(i + 2) % 11 / 100')],
  ['l_tax', 'number', 'DECIMAL(12,2)', money('hash(i + 3) % 9 / 100')],
  ['l_returnflag', 'string', 'VARCHAR', oneOf(4, ['A', 'N', 'R'])],
  ['l_linestatus', 'string', 'VARCHAR', oneOf(5, ['O', 'F'])],
  ['l_shipdate', 'date', 'DATE', day(6)],
  ['l_commitdate', 'date', 'DATE', day(7)],
  ['l_receiptdate', 'date', 'DATE', day(8)],
  [
    'l_shipinstruct',
    'string',
    'VARCHAR',
    oneOf(9, ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN']),
  ],
  [
    'l_shipmode',
    'string',
    'VARCHAR',
    oneOf(10, ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB']),
  ],
  [
    'l_comment',
    'string',
    'VARCHAR',
    "'comment ' || hash(i + 11) % 1000000000 || ' about ' || hash(i + 12) % 100000",
  ],
]

export const columns = fields.map(([name, type]): Column => [name, type])

export const fieldNames = columns.map(([name]) => name)

/** DuckDB's types of the fields, for a typed `read_csv`. */
export const duckTypes = Object.fromEntries(fields.map(([name, , type]) => [name, type]))

/** How many of the rows hold. */
export function goodRows({ rows, bad = 0 }: Data): number {
  return rows - Math.floor(rows / 100) * bad - Math.min(rows % 100, bad)
}

/** SQL over row `i`: the place among `mistakes` of what is wrong with it; NULL where nothing is. */
export function mistakeOf(bad: number): string {
  return `CASE WHEN i % 100 < ${bad} THEN (i // 100 + i) % ${mistakes.length} END`
}

export function fileName({ rows, bad, gzip }: Data): string {
  return `lineitem-${rows}${bad ? `-${bad}-bad` : ''}.csv${gzip ? '.gz' : ''}`
}

/** @returns the path of the data's file in `folder`, made where it is not there yet */
export async function makeData(folder: string, data: Data): Promise<string> {
  const path = join(folder, fileName(data))
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  await writeRows(path, data)
  return path
}

/** Rows `from` and on, at `path`. */
export async function writeRows(path: string, data: Data, from = 0): Promise<void> {
  const { bad } = data
  const cells = fields.map(([name, , , sql]) => (bad ? spoilt(name, sql, bad) : sql))
  // One column that holds the whole line, so that a line may have too few or too many cells; its
  // name is the header.
  const line = `concat_ws(',', ${cells.join(', ')})`
  const duck = await openDuck()
  try {
    await duck.run('SET preserve_insertion_order = true')
    await duck.run(`COPY (SELECT ${line} AS "${fieldNames.join(',')}"
      FROM range(${from}, ${from + data.rows}) t(i))
      TO ${literal(path)} (FORMAT csv, HEADER, DELIMITER '|', QUOTE ''
        ${data.gzip ? ', COMPRESSION gzip' : ''})`)
    await duck.run('SET preserve_insertion_order = false')
  } finally {
    duck.close()
  }
}

/** The package `bench`: lineitem without a key, and with one; each has its folder of CSVs. */
export function writeContract(lake: string, resources = standard): void {
  const folder = join(lake, 'bronze', 'bench')
  for (const { name } of resources) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'datapackage.json'), JSON.stringify({ name: 'bench', resources }))
}

/** @param more the schema's keys, and our own settings */
export function resource(
  name: string,
  of: Column[],
  { schema = {}, sluice = {} }: { schema?: object; sluice?: object } = {},
) {
  const described = of.map(([name, type]) => ({
    name,
    type,
    ...(type === 'number' ? { sluice: { decimal: [12, 2] } } : {}),
  }))
  return {
    name,
    path: `${name}/0.csv`,
    schema: { fields: described, ...schema },
    sluice: { files: `${name}/*`, ...sluice },
  }
}

const standard = [
  resource('lineitem', columns),
  resource('keyed', columns, { schema: { primaryKey: ['l_orderkey', 'l_linenumber'] } }),
]

/** The cell of data with bad rows. A NULL leaves no cell. */
function spoilt(name: string, sql: string, bad: number): string {
  const where: Record<string, [mistake: number, cell: string]> = {
    l_partkey: [0, "'12x'"],
    l_extendedprice: [1, "'12.345'"],
    l_shipdate: [2, "'1995-02-30'"],
    l_shipmode: [3, 'NULL'],
    l_comment: [4, "'a comment,and a cell more'"],
  }
  const found = where[name]
  if (!found) return sql
  const [mistake, cell] = found
  return `CASE WHEN (${mistakeOf(bad)}) = ${mistake} THEN ${cell} ELSE (${sql})::VARCHAR END`
}

function money(sql: string): string {
  return `(${sql})::DECIMAL(12,2)`
}

function oneOf(seed: number, values: string[]): string {
  return `[${values.map(literal).join(', ')}][(hash(i + ${seed}) % ${values.length})::BIGINT + 1]`
}

function day(seed: number): string {
  return `DATE '1992-01-01' + (hash(i + ${seed}) % 2500)::INT`
}
