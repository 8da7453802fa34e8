import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Contract } from '../contract/contract.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { MEMBER, partitionValue } from '../judge/plan.ts'
import { WIDE } from '../limit.ts'
import { identifier, literal } from '../names.ts'
import { errorShape, rejectsTable } from '../rejects.ts'
import { lexicalOf } from '../types/lexical.ts'

/** Typed Parquet by DuckDB, types as in the contract. */

/** One file written locally, and the Hive folders that it belongs in: `year=2026/month=01`. */
export interface Written {
  path: string
  folder: string
}

/**
 * Writes the rows of a SELECT (columns by field name) below `folder`.
 *
 * @param metadata more options of COPY: what goes into the footers
 * @returns the number of rows; no row, no file
 * @throws Refused where a value is too long to be the name of a folder
 */
export async function writeRows(
  duck: Duck,
  select: string,
  contract: Contract,
  folder: string,
  metadata = '',
): Promise<number> {
  mkdirSync(folder, { recursive: true })
  const options = `${optionsOf(contract)}${metadata}`
  if (contract.partitionBy.length === 0) {
    const path = join(folder, 'data.parquet')
    return duck.run(`COPY (${select}) TO ${literal(path)} (${options})`)
  }
  return writeParts(duck, select, { by: [], contract, folder, options })
}

/**
 * Writes the rows of many objects, those of each into files of its own.
 *
 * @param select rows with the column MEMBER: the number of the object that each is of
 * @returns the number of rows
 * @throws Refused as `writeRows` does
 */
export async function writeMembers(
  duck: Duck,
  select: string,
  contract: Contract,
  folder: string,
): Promise<number> {
  mkdirSync(folder, { recursive: true })
  const options = optionsOf(contract)
  return writeParts(duck, select, { by: [MEMBER], contract, folder, options })
}

/** The files that `writeMembers` wrote of one object; none, where it has no row. */
export function filesOfMember(folder: string, nth: number, contract: Contract): Written[] {
  const own = join(folder, `${MEMBER}=${nth}`)
  return existsSync(own) ? filesBelow(own, contract) : []
}

function optionsOf({ compression, fields }: Contract): string {
  return `FORMAT parquet, COMPRESSION ${compression}, ${sizes(fields)}`
}

/** Of what a COPY into folders is made. */
interface Parts {
  /** Columns of the SELECT that make folders above those of the contract. */
  by: string[]
  contract: Contract
  folder: string
  options: string
}

/**
 * The folders get names of ours, and theirs in the lake: DuckDB leaves a partition's column out of
 * the files, and a field of the contract must stay in.
 */
async function writeParts(duck: Duck, select: string, parts: Parts): Promise<number> {
  const { by, folder, options } = parts
  const { partitionBy } = parts.contract
  const values = partitionBy.map((one, i) => `${partitionValue(one)} AS _partition_${i}`)
  const names = [...by, ...partitionBy.map((_, i) => `_partition_${i}`)]
  try {
    return await duck.run(`COPY (SELECT ${['*', ...values].join(', ')} FROM (${select}))
      TO ${literal(folder)} (${options}, PARTITION_BY (${names.join(', ')}), OVERWRITE_OR_IGNORE)`)
  } catch (error) {
    if (!(error instanceof Error) || !/File name too long/i.test(error.message)) throw error
    throw new Refused('too-long: a value of partitionBy is too long for the name of a folder')
  }
}

/** Options of COPY that bound the memory of a table of these columns. */
export function sizes(fields: unknown[]): string {
  const rows = `ROW_GROUP_SIZE ${groupSize(fields)}`
  // Each column of texts that are few takes so much for its dictionary: by default, a megabyte.
  return fields.length > WIDE ? `${rows}, STRING_DICTIONARY_PAGE_SIZE_LIMIT 65536` : rows
}

/**
 * Rows of a row group: DuckDB's own 122,880, or fewer for a table of more than 100 columns, as each
 * thread holds a group in memory. A multiple of its vectors of 2,048.
 */
function groupSize(fields: unknown[]): number {
  // Once a group of a wide table does not fit, DuckDB reads all of it from disk for each column.
  const cells = fields.length > WIDE ? 2_000 : 6_000
  const vectors = Math.floor(Math.min(60, cells / fields.length))
  return 2_048 * Math.max(1, vectors)
}

/** The files that `writeRows` wrote, of at least one row. */
export function writtenFiles(folder: string, contract: Contract): Written[] {
  if (contract.partitionBy.length === 0) {
    return [{ path: join(folder, 'data.parquet'), folder: '' }]
  }
  return filesBelow(folder, contract)
}

function filesBelow(folder: string, contract: Contract): Written[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => {
      const below = dirname(path.slice(folder.length + 1))
      return { path, folder: below === '.' ? '' : inLake(below, contract) }
    })
}

function inLake(below: string, { partitionBy }: Contract): string {
  const values = below.split('/').map((part) => part.slice(part.indexOf('=') + 1))
  return values.map((value, i) => `${encodeURIComponent(partitionBy[i]!.name)}=${value}`).join('/')
}

/** Rejects of a row group: each may have a hundred errors, and DuckDB holds them all in memory. */
const REJECTS = 8_192

/** Quarantine: each reject with its object, its place, its bytes and its errors. */
export async function writeRejects(
  duck: Duck,
  rejects: string,
  object: { key: string; etag: string },
  path: string,
): Promise<void> {
  await duck.run(`COPY (SELECT ${literal(object.key)} AS object, ${literal(object.etag)} AS version,
      record, line, unhex(raw) AS raw, text, from_json(errors, '${errorShape}') AS errors
    FROM ${rejectsTable(rejects)})
    TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${REJECTS})`)
}

/** A fence: a Parquet file of the dataset's schema, or quarantine's, that has no row. */
export async function emptyFile(
  duck: Duck,
  contract: Contract | 'quarantine',
  folder: string,
): Promise<Buffer> {
  const columns =
    contract === 'quarantine'
      ? `NULL::VARCHAR AS object, NULL::VARCHAR AS version, NULL::BIGINT AS record,
         NULL::BIGINT AS line, NULL::BLOB AS raw, NULL::VARCHAR AS text,
         from_json('[]', '${errorShape}') AS errors`
      : contract.fields
          .map((field) => {
            const type = field.type === 'time' ? 'VARCHAR' : lexicalOf(field).type
            return `NULL::${type} AS ${identifier(field.name)}`
          })
          .join(', ')
  const name = contract === 'quarantine' ? 'fence-of-rejects' : 'fence-of-rows'
  const path = join(folder, `${name}.parquet`)
  await duck.run(`COPY (SELECT ${columns} LIMIT 0) TO ${literal(path)} (FORMAT parquet)`)
  return readFile(path)
}
