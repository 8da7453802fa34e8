import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, posix } from 'node:path'
import { govern } from '../core/contract/catalog.ts'
import type { Contract, ForeignKey } from '../core/contract/contract.ts'
import { DataError, type Duck, openDuck } from '../core/duck/duckdb.ts'
import { Refused, UnsafeKey } from '../core/errors.ts'
import { validate } from '../core/judge/validate.ts'
import { openLake } from '../core/lake.ts'
import { identifier } from '../core/names.ts'
import { type RowError, rejectsTable } from '../core/rejects.ts'
import { checkKey, type ObjectStore } from '../core/store/object-store.ts'
import { lexicalOf } from '../core/types/lexical.ts'

/** A record as Sluice judged it; without errors it is accepted. */
export interface SluiceRow {
  record: number
  /** The line that it begins in, from 1. */
  line: number
  errors: RowError[]
}

/** Sluice's verdict on one file of a package. */
export interface SluiceFile {
  folder: string
  path: string
  /** Why the file is not taken at all. */
  refused: string | undefined
  /** What no verdict is: an error that Sluice does not expect. */
  fault?: string
  rows: SluiceRow[]
}

type Taken = { file: SluiceFile; contract: Contract; table: string; places: string }

/**
 * Judges files of one package as every stage does: the contract that governs the object, then
 * `validate`. Foreign keys, which Postgres checks, are checked here in DuckDB, against the accepted
 * rows of all the parent's files.
 *
 * @param lake the lake's folder; the package lies in its `bronze/`
 * @throws what comes of no file: a lake that cannot be read
 */
export async function judgePackage(
  lake: string,
  folder: string,
  paths: string[],
): Promise<SluiceFile[]> {
  const { store } = openLake(lake)
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-verdict-'))
  const duck = await openDuck(1)
  const taken: Taken[] = []
  try {
    const files: SluiceFile[] = []
    for (const path of paths) {
      const table = `taken_${taken.length}`
      const one = await judgeFile(store, duck, { folder, path, table, scratch })
      files.push(one.file)
      if (one.contract) taken.push({ ...one, table })
    }
    for (const child of taken) {
      try {
        await addOrphans(duck, child, taken)
      } catch (error) {
        child.file.fault = String(error)
      }
    }
    return files
  } finally {
    for (const { table } of taken) await duck.run(`DROP TABLE IF EXISTS ${table}`)
    duck.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

interface Place {
  folder: string
  path: string
  table: string
  scratch: string
}

async function judgeFile(store: ObjectStore, duck: Duck, place: Place) {
  const { folder, path, table, scratch } = place
  const file: SluiceFile = { folder, path, refused: undefined, rows: [] }
  // A path out of the package is no key of the lake, so that no stage ever sees such an object.
  const key = `bronze/${basename(folder)}/${posix.normalize(path)}`
  const local = join(folder, path)
  try {
    checkKey(posix.isAbsolute(path) ? path : key)
    const { contract, broken } = await govern(store, key)
    if (!contract) throw new Refused(broken ?? `no resource names ${key}`)
    if (!existsSync(local)) throw new Refused(`no object ${key}`)
    const own = mkdtempSync(join(scratch, 'file-'))
    const task = { duck, contract, path: local, key, folder: own, places: true }
    const verdict = await validate(task, (select) => keep(duck, table, select))
    const places = await placesOf(duck, table)
    const rows = await accepted(duck, table, places)
    file.rows.push(...rows, ...(await rejected(duck, verdict.rejects)))
    return { file, contract, places }
  } catch (error) {
    // A fault ends no run: it is told like a wrong verdict.
    const isRefusal = error instanceof Refused || error instanceof UnsafeKey
    if (isRefusal) file.refused = error.message
    else file.fault = String(error)
    return { file, contract: undefined }
  }
}

async function keep(duck: Duck, table: string, select: string): Promise<number> {
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${select}`)
  return Number((await duck.all(`SELECT count(*) FROM ${table}`))[0]![0])
}

/**
 * The last two columns, `record` and `line`: a field of such a name stands before them, so that
 * DuckDB gives them another one.
 */
async function placesOf(duck: Duck, table: string): Promise<string> {
  const columns = await duck.all(`SELECT column_name FROM (DESCRIBE ${table})`)
  return columns
    .slice(-2)
    .map(([name]) => identifier(String(name)))
    .join(', ')
}

async function accepted(duck: Duck, table: string, places: string): Promise<SluiceRow[]> {
  const rows = await duck.all(`SELECT ${places} FROM ${table}`)
  return rows.map(([record, line]) => ({ record: Number(record), line: Number(line), errors: [] }))
}

async function rejected(duck: Duck, path: string | undefined): Promise<SluiceRow[]> {
  if (path === undefined) return []
  const rows = await duck.all(`SELECT record, line, errors FROM ${rejectsTable(path)}`)
  return rows.map(([record, line, errors]) => ({
    record: Number(record),
    line: Number(line),
    errors: JSON.parse(errors as string) as RowError[],
  }))
}

/** Marks the accepted rows that point to no accepted row of a parent, as SQL has it. */
async function addOrphans(duck: Duck, child: Taken, all: Taken[]): Promise<void> {
  for (const key of child.contract.foreignKeys) {
    const parents = all.filter(({ contract }) => contract.dataset === key.dataset)
    for (const record of await orphansOf(duck, child, key, parents)) {
      const field = key.fields.join(', ')
      const row = child.file.rows.find((one) => one.record === record)
      row?.errors.push({ rule: 'foreign-key', field, message: `no such row in ${key.dataset}` })
    }
  }
}

async function orphansOf(duck: Duck, child: Taken, key: ForeignKey, parents: Taken[]) {
  const own = key.fields.map((name) => compared(child, 'c', name))
  const known = key.fields.map((name) => `c.${identifier(name)} IS NOT NULL`)
  const query = (cast: string) => {
    const absent = parents.map((parent) => {
      const theirs = key.columns.map((name) => compared(parent, 'p', name))
      const same = theirs.map((part, i) => `${part}${cast} = ${own[i]}${cast}`)
      return `NOT EXISTS (SELECT 1 FROM ${parent.table} p WHERE ${same.join(' AND ')})`
    })
    const wanted = [...known, ...absent].join(' AND ')
    return `SELECT ${child.places} FROM ${child.table} c WHERE ${wanted}`
  }
  try {
    return (await duck.all(query(''))).map(([record]) => Number(record))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return (await duck.all(query('::VARCHAR'))).map(([record]) => Number(record))
  }
}

/** A part of a key as Postgres compares it: JSON by its value, not by its text. */
function compared({ contract }: Taken, table: string, name: string): string {
  const column = `${table}.${identifier(name)}`
  const field = contract.fields.find((one) => one.name === name)
  return (field && lexicalOf(field).same?.(column)) ?? column
}
