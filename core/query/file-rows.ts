import type { Contract } from '../contract/contract.ts'
import type { Column, Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { fileLiteral, identifier, literal } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'

/** Rows of Parquet files that may have been written under several contracts. */
export interface FileRows {
  /** The rows of all files. */
  select: string
  /** Of the columns. */
  names: string[]
  /** The same rows, and the place of each one's file among all in a column of a free name. */
  withPlace(column: string): string
}

/** What a dataset's files have: text for times (Spark refuses Parquet's). */
export function contractColumns({ fields }: Contract): Column[] {
  return fields.map((field) => {
    return { name: field.name, type: field.type === 'time' ? 'VARCHAR' : lexicalOf(field).type }
  })
}

/**
 * The columns that are expected, then those that only older files have. What a file has not is
 * NULL in its rows; `exact` refuses that, and other types than the expected.
 *
 * @param dataset for messages
 * @throws Refused where a column has several types: any common one would change values
 */
export async function fileRows(
  duck: Duck,
  dataset: string,
  paths: string[],
  expected: Column[],
  exact = false,
): Promise<FileRows> {
  const filled = await filledOf(duck, paths)
  const found = await typesOf(duck, filled)
  const known = new Set(expected.map(({ name }) => name.toLowerCase()))
  const more = exact ? [] : [...found].filter(([name]) => !known.has(name))
  const parts = [
    ...expected.map(({ name, type }) => {
      const there = found.get(name.toLowerCase())
      const types = [...new Set([...(there?.types ?? []), ...(exact ? [type] : [])])]
      if (types.length > 1) throw clash(dataset, name, types)
      if (exact && filled.length > 0 && there?.files !== filled.length) throw lack(dataset, name)
      return { name, sql: there ? identifier(name) : `NULL::${type}` }
    }),
    ...more.map(([, { name, types }]) => {
      if (types.length > 1) throw clash(dataset, name, types)
      return { name, sql: identifier(name) }
    }),
  ]
  const names = parts.map(({ name }) => name)
  const columns = parts.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(', ')
  return {
    names,
    select: filled.length > 0 ? `SELECT ${columns} FROM ${reader(filled)}` : emptySelect(expected),
    withPlace: (column) => withPlace(column, columns, names, filled),
  }
}

function reader(paths: string[], option = ''): string {
  return `read_parquet([${list(paths)}], union_by_name = true, hive_partitioning = false${option})`
}

/** By DuckDB's own column for it, unless the data have one of that name, which would hide it. */
function withPlace(column: string, columns: string, names: string[], paths: string[]): string {
  if (!names.some((name) => name.toLowerCase() === 'file_index')) {
    return `SELECT ${columns}, file_index AS ${column} FROM ${reader(paths)}`
  }
  const path = freeName('path', [...names, column])
  return `SELECT ${columns}, list_position([${list(paths)}], ${path}) AS ${column}
    FROM ${reader(paths, `, filename = '${path}'`)}`
}

/** A column of our own beside columns of the data. */
export function freeName(name: string, taken: string[]): string {
  const isTaken = taken.some((other) => other.toLowerCase() === name)
  return isTaken ? freeName(`_${name}`, taken) : name
}

/** Of no row, and the right types. */
export function emptySelect(columns: Column[]): string {
  return `SELECT ${typed(columns, 'NULL')} WHERE false`
}

/** Of the right types, and an error as soon as anybody asks for its rows. */
export function failingSelect(columns: Column[], message: string): string {
  const fails = `error(${literal(message)})`
  // A constant NULL, or a row from nowhere, could be reasoned away before the error is met.
  return `SELECT ${typed(columns, fails)} FROM range(1) one(row) WHERE ${fails} IS NULL OR row > 1`
}

function typed(columns: Column[], value: string): string {
  return columns.map(({ name, type }) => `${value}::${type} AS ${identifier(name)}`).join(', ')
}

/** Fences have no row, and the types of a later contract. */
async function filledOf(duck: Duck, paths: string[]): Promise<string[]> {
  if (paths.length === 0) return []
  const rows = await duck.all(`SELECT file_name FROM parquet_file_metadata([${list(paths)}])
    WHERE num_rows > 0`)
  const filled = new Set(rows.map(([path]) => path))
  return paths.filter((path) => filled.has(path))
}

const list = (paths: string[]) => paths.map(fileLiteral).join(', ')

type Found = Map<string, { name: string; types: string[]; files: number }>

/** By the name in small letters, as names do not see case; in the order of the first file's. */
async function typesOf(duck: Duck, paths: string[]): Promise<Found> {
  if (paths.length === 0) return new Map()
  const rows = await duck.all(`SELECT min(name), string_agg(DISTINCT duckdb_type, '/'),
      count(DISTINCT file_name)::INTEGER
    FROM parquet_schema([${list(paths)}]) WHERE duckdb_type IS NOT NULL
    GROUP BY lower(name) ORDER BY min(column_id), lower(name)`)
  return new Map(
    rows.map(([name, types, files]) => {
      const entry = { name: String(name), types: String(types).split('/'), files: Number(files) }
      return [entry.name.toLowerCase(), entry]
    }),
  )
}

function clash(dataset: string, name: string, types: string[]): Refused {
  const both = types.toSorted().join(' in some of its files, ')
  return new Refused(
    `${dataset}: ${JSON.stringify(name)} is ${both} in others: its contract was changed. ` +
      'What was written under the earlier one has to be given anew, or another name',
  )
}

function lack(dataset: string, name: string): Refused {
  return new Refused(
    `${dataset}: older files have no ${JSON.stringify(name)}: it was described anew, and what ` +
      'was closed before cannot be added to. Give what is described anew another name',
  )
}
