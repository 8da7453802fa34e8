import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contract } from '../contract/contract.ts'
import { Busy, Refused } from '../errors.ts'
import { validate } from '../judge/validate.ts'
import type { Lake } from '../lake.ts'
import { type RowError, rejectsTable } from '../rejects.ts'
import type { KeptRecord } from './kept.ts'
import { type MendedRow, replayText, rowsOfReplay } from './mends.ts'
import { replayContract, replayKey } from './replay.ts'

/** From mended rows to the one replay object of their source. */

/** A row that was not taken. */
export interface Stay {
  /** Of the file; undefined where the row is of the ledger, or of an earlier replay. */
  line: number | undefined
  record: number
  errors: RowError[]
}

export interface Mending {
  /** The replay object that holds what went, now or before; undefined where there is none. */
  key: string | undefined
  /** Rows of these that are in it since now. */
  went: number
  /** Rows of these that were in it before, as they are. */
  there: number
  stay: Stay[]
  /** Rows that stand as they were rejected. */
  same: number
}

/** Whose rejects are mended. */
export interface Source {
  object: string
  version: string
  contract: Contract
  labels: string[]
  /** Of these, what is no field by the contract of today, and may not be passed over. */
  strange: string[]
  kept: Map<number, Pick<KeptRecord, 'record' | 'line' | 'text' | 'errors'>>
}

/** A row to be put, with its line in the file. */
export type Row = MendedRow & { at: number | undefined }

/** Another process that mends the same object comes between: so often it is tried again. */
const TRIES = 20

/**
 * Merges rows by a conditional PUT: what another process has put meanwhile is merged anew. A row
 * that went before, and is rejected beside the new ones, gives way to them.
 *
 * @param mending what is told of the rows that are not among these
 * @throws Busy where others mend the same object again and again
 */
export async function putMended(
  lake: Lake,
  source: Source,
  fresh: Map<number, Row>,
  mending: Mending,
): Promise<Mending> {
  const { object, version, contract } = source
  if (fresh.size === 0) return mending
  const key = replayKey(contract, object)
  for (let i = 0; i < TRIES; i++) {
    const held = await lake.store.get(key)
    const before = held && (await rowsOfReplay(held.body, key))
    // Rows of another version are void, and go.
    const old = before?.version === version ? before.rows : []
    const merged = new Map<number, Row>(old.map((row) => [row.record, { ...row, at: undefined }]))
    for (const [record, row] of fresh) merged.set(record, row)
    const { rows, stay } = await judged(lake, source, key, [...merged.values()], fresh)
    const columns = columnsOf(source, rows)
    const taken = rows.filter(({ record }) => fresh.has(record))
    const stood = new Map(old.map(({ record, cells }) => [record, cells]))
    const isThere = ({ record, cells }: Row) => isSame(stood.get(record), cells, columns)
    const there = taken.filter(isThere).length
    const went = taken.length - there
    const done = { ...mending, went, there, stay: [...mending.stay, ...stay] }
    if (rows.length === 0) return done
    const body = replayText({ object, version }, columns, rows)
    if (held?.body.equals(body)) return { ...done, key }
    const when = held ? { ifMatch: held.version.etag } : { ifNoneMatch: true as const }
    if (await lake.store.put(key, body, when)) return { ...done, key }
  }
  throw new Busy(`${key}: others mend the same object again and again; try later`)
}

/** Whether cells, by label, would be written as those that stand there. */
function isSame(
  before: MendedRow['cells'] | undefined,
  cells: MendedRow['cells'],
  columns: string[],
): boolean {
  if (before === undefined) return false
  return columns.every((label) => (before.get(label) ?? '') === (cells.get(label) ?? ''))
}

/** The object's own columns, and those of fields that somebody has filled. */
function columnsOf({ labels, contract }: Source, rows: MendedRow[]): string[] {
  const own = labels.filter((label) => label !== '')
  const more = contract.fields
    .map(({ name }) => name)
    .filter((name) => !own.includes(name) && rows.some(({ cells }) => cells.get(name)))
  return [...own, ...more]
}

/** Takes out what the contract rejects, the new rows first, until nothing is. */
async function judged(
  lake: Lake,
  source: Source,
  key: string,
  merged: Row[],
  fresh: Map<number, Row>,
): Promise<{ rows: Row[]; stay: Stay[] }> {
  const stay: Stay[] = []
  let rows = merged.toSorted((a, b) => a.record - b.record)
  while (rows.length > 0) {
    const wrong = await rejectedOf(lake, source, key, rows)
    const isOut = ({ record }: Row) => wrong.has(record) && fresh.has(record)
    const isOutNow = rows.some(isOut) ? isOut : ({ record }: Row) => wrong.has(record)
    const out = rows.filter(isOutNow)
    if (out.length === 0) break
    for (const { at, record } of out) stay.push({ line: at, record, errors: wrong.get(record)! })
    rows = rows.filter((row) => !isOutNow(row))
  }
  return { rows, stay }
}

/** By the source's record: what the stages would say of each row that they would reject. */
async function rejectedOf(
  lake: Lake,
  source: Source,
  key: string,
  rows: Row[],
): Promise<Map<number, RowError[]>> {
  const body = replayText(source, columnsOf(source, rows), rows)
  return lake.withScratch(body.length, async (folder, duck) => {
    const path = join(folder, 'mended.csv')
    await writeFile(path, body)
    const contract = replayContract(source.contract)
    try {
      const { rejects } = await validate({ duck, contract, path, key, folder }, async (select) => {
        await duck.run(`CREATE OR REPLACE TEMP TABLE mended AS ${select}`)
        const [[count] = []] = await duck.all('SELECT count(*) FROM mended')
        return Number(count)
      })
      const found = rejects
        ? await duck.all(`SELECT record, errors FROM ${rejectsTable(rejects)}`)
        : []
      return new Map(
        found.map(([at, errors]) => [rows[Number(at) - 1]!.record, JSON.parse(String(errors))]),
      )
    } catch (error) {
      // The header, or the whole, is not what the contract of today takes.
      if (!(error instanceof Refused)) throw error
      return new Map(
        rows.map(({ record }) => [record, [{ rule: 'refused', message: error.message }]]),
      )
    } finally {
      await duck.run('DROP TABLE IF EXISTS mended')
    }
  })
}
