import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeRows, writtenFiles } from '../../core/commit/parquet.ts'
import type { Contract } from '../../core/contract/contract.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { Busy, Refused } from '../../core/errors.ts'
import { fileLiteral } from '../../core/names.ts'
import type { LocalCopy, ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'

/** Parquet files of one schema → one file with the same rows. */

/** Files that are fetched at a time. */
const LANES = 8

type Real = Map<ObjectVersion, { copy: LocalCopy; rows: number }>

/**
 * Opens the files that are still what they were, and finds those that have rows: no fences.
 *
 * @param copies gets what was opened, for the caller to release, whatever happens
 */
export async function openReal(
  { store, duck }: { store: ObjectStore; duck: Duck },
  files: ObjectVersion[],
  copies: Map<ObjectVersion, LocalCopy>,
): Promise<Real> {
  for (let at = 0; at < files.length; at += LANES) {
    const opening = files.slice(at, at + LANES).map(async (version) => {
      copies.set(version, await store.open(version))
    })
    for (const end of await Promise.allSettled(opening)) {
      if (end.status === 'rejected' && !(end.reason instanceof Busy)) throw end.reason
    }
  }
  const rows = await rowsOf(
    duck,
    [...copies.values()].map(({ path }) => path),
  )
  const all = [...copies].map(([version, copy]) => {
    return [version, { copy, rows: rows.get(copy.path) ?? 0 }] as const
  })
  return new Map(all.filter(([, one]) => one.rows > 0))
}

async function rowsOf(duck: Duck, paths: string[]): Promise<Map<string, number>> {
  if (paths.length === 0) return new Map()
  const found = await duck.all(`SELECT file_name, num_rows
    FROM parquet_file_metadata(${listOf(paths)})`)
  return new Map(found.map(([path, rows]) => [String(path), Number(rows)]))
}

/**
 * Writes all their rows into one file, values and schema unchanged.
 *
 * @param out a new folder
 * @throws Refused where their schemas differ from each other's or from the contract's, which the
 *   fences over them will have; Busy where one was changed meanwhile
 */
export async function mergeFiles(
  work: {
    duck: Duck
    contract: Contract
    folder: string
    fence: (key: string) => Promise<Buffer>
  },
  real: Real,
  out: string,
): Promise<{ path: string; rows: number }> {
  const { duck, folder } = work
  const all = [...real.values()]
  const paths = all.map(({ copy }) => copy.path)
  await mkdir(out, { recursive: true })
  const fence = join(out, 'fence.parquet')
  await writeFile(fence, await work.fence(`${folder}/any.parquet`))
  if (!(await isOneSchema(duck, [fence, ...paths]))) {
    throw new Refused('its files have other columns than the contract has now: it was changed')
  }
  // The rows of one folder stay in it. Its name is no column, whatever DuckDB would make of it.
  const contract = { ...work.contract, partitionBy: [] }
  const select = `FROM read_parquet(${listOf(paths)}, hive_partitioning = false)`
  await writeRows(duck, select, contract, join(out, 'rows'))
  for (const { copy } of all) await copy.verify()
  const path = writtenFiles(join(out, 'rows'), contract)[0]!.path
  const rows = (await rowsOf(duck, [path])).get(path) ?? 0
  const expected = all.reduce((sum, one) => sum + one.rows, 0)
  if (rows === expected) return { path, rows }
  throw new Error(`${folder}: ${expected} rows were read, and ${rows} written; nothing was changed`)
}

async function isOneSchema(duck: Duck, paths: string[]): Promise<boolean> {
  const [[schemas] = []] = await duck.all(`SELECT count(DISTINCT columns) FROM (
    SELECT md5(list((name, type, repetition_type, logical_type, duckdb_type)
      ORDER BY column_id)::VARCHAR) AS columns
    FROM parquet_schema(${listOf(paths)}) GROUP BY file_name)`)
  return Number(schemas) === 1
}

function listOf(paths: string[]): string {
  return `[${paths.map(fileLiteral).join(', ')}]`
}
