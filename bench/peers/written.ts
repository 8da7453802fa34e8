import { globSync } from 'node:fs'
import { join } from 'node:path'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { literal } from '../../core/names.ts'
import { type Column, mistakeOf, mistakes } from '../lineitem.ts'
import { type Fate, type Found, sameRows, WrongRows } from './compare.ts'

/** DuckDB's names of the types that a contract's fields have in Parquet. */
export const duckTypeOf: Record<string, string> = {
  integer: 'BIGINT',
  number: 'DECIMAL(12,2)',
  string: 'VARCHAR',
  date: 'DATE',
}

/** What Parquet should hold: the rows of a CSV. */
export interface Wanted {
  file: string
  rows: number
  columns: Column[]
  bad?: number | undefined
}

/**
 * Looks at all Parquet below a folder: the number of rows, types, compression; sums of a number and
 * an integer against those of clean data; what became of bad rows.
 *
 * @throws WrongRows where there is none, or clean data are not what the CSV holds
 */
export async function parquetBelow(folder: string, wanted: Wanted): Promise<Found> {
  if (!hasParquet(folder)) throw new WrongRows('Parquet: no file')
  const duck = await openDuck()
  try {
    const files = literal(join(folder, '**/*.parquet'))
    const source = `read_parquet(${files}, hive_partitioning = true)`
    const rows = Number((await duck.all(`SELECT count(*) FROM ${source}`))[0]?.[0])
    const notes = [
      ...(await otherTypes(duck, source, wanted.columns)),
      ...(await otherCompression(duck, files)),
    ]
    if (wanted.bad) return { rows, notes, fates: await fatesOf(duck, source, wanted) }
    sameRows(rows, wanted.rows, 'Parquet')
    await sameSums(duck, source, wanted)
    return { rows, notes }
  } finally {
    duck.close()
  }
}

/** Rows of all Parquet below a folder; 0 where there is none. */
export async function rowsBelow(folder: string): Promise<number> {
  if (!hasParquet(folder)) return 0
  const duck = await openDuck()
  try {
    const files = literal(join(folder, '**/*.parquet'))
    return Number((await duck.all(`SELECT count(*) FROM read_parquet(${files})`))[0]?.[0])
  } finally {
    duck.close()
  }
}

function hasParquet(folder: string): boolean {
  return globSync('**/*.parquet', { cwd: folder }).length > 0
}

async function otherTypes(duck: Duck, source: string, columns: Column[]): Promise<string[]> {
  const described = await duck.all(`DESCRIBE SELECT * FROM ${source}`)
  const found = new Map(described.map(([name, type]) => [String(name), String(type)]))
  const others = columns.flatMap(([name, kind]) => {
    const type = found.get(name) ?? 'nothing'
    return type === duckTypeOf[kind] ? [] : `${kind}s are written as ${type}`
  })
  return [...new Set(others)]
}

async function otherCompression(duck: Duck, files: string): Promise<string[]> {
  const all = await duck.all(`SELECT DISTINCT compression FROM parquet_metadata(${files})`)
  const others = all.map(([codec]) => String(codec)).filter((codec) => codec !== 'ZSTD')
  return others.map((codec) => `${codec.toLowerCase()} in the place of zstd`)
}

/** SQL of two sums that tell whether the values are the CSV's. */
export function sumsOf(columns: Column[]): string {
  const one = (kind: string) => columns.find(([, type]) => type === kind)?.[0]
  const [integer, number] = [one('integer'), one('number')]
  return `sum(${integer}::BIGINT)::VARCHAR, sum(${number}::DECIMAL(12,2))::VARCHAR`
}

/** What they should be. */
export async function sumsIn(file: string, columns: Column[]): Promise<string> {
  const duck = await openDuck(undefined, columns.length)
  try {
    return await textSums(duck, file, columns)
  } finally {
    duck.close()
  }
}

async function textSums(duck: Duck, file: string, columns: Column[]): Promise<string> {
  const text = `read_csv(${literal(file)}, all_varchar = true, header = true, delim = ',')`
  return String((await duck.all(`SELECT ${sumsOf(columns)} FROM ${text}`))[0])
}

async function sameSums(duck: Duck, source: string, { file, columns }: Wanted): Promise<void> {
  const wanted = await textSums(duck, file, columns)
  const found = String((await duck.all(`SELECT ${sumsOf(columns)} FROM ${source}`))[0])
  if (wanted !== found) throw new WrongRows(`Parquet: sums of columns are ${found}, not ${wanted}`)
}

/** In the order of `mistakes`: the cell that is bad, or that another one slipped into. */
const cells = ['l_partkey', 'l_extendedprice', 'l_shipdate', 'l_shipmode', 'l_comment']

/** The key tells which row of the data it was, and so what was wrong with it. */
async function fatesOf(duck: Duck, source: string, { bad = 0, rows }: Wanted): Promise<Fate[]> {
  const which = `(${mistakeOf(bad)})`
  const hasNull = `(${cells.map((cell) => `${cell} IS NULL`).join(' OR ')})`
  const cell = cells.map((name, at) => `WHEN ${at} THEN ${name}::VARCHAR`).join(' ')
  const wanted = await duck.all(
    `SELECT ${which} AS mistake, count(*) FROM range(${rows}) t(i)
      WHERE ${which} IS NOT NULL GROUP BY mistake ORDER BY mistake`,
  )
  const found = await duck.all(
    `SELECT ${which} AS mistake, count(*), count(*) FILTER (${hasNull}),
      min(CASE ${which} ${cell} END)
      FROM (SELECT *, (l_orderkey - 1) * 4 + l_linenumber - 1 AS i FROM ${source})
      WHERE ${which} IS NOT NULL GROUP BY mistake`,
  )
  return wanted.map(([at, all]) => {
    const [, written, nulled, example] = found.find(([other]) => other === at) ?? [at, 0, 0]
    const counts = { gone: Number(all) - Number(written), nulled: Number(nulled) }
    return {
      mistake: mistakes[Number(at)]!,
      rows: Number(all),
      ...counts,
      filled: Number(written) - Number(nulled),
      ...(example != null && { example: String(example) }),
    }
  })
}
