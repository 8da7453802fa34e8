import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Quarantine, StreamReject } from '../commit/quarantine.ts'
import type { Contract } from '../contract/contract.ts'
import { type Dialect, recordsOnly } from '../contract/dialect.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { validateText } from '../judge/validate.ts'
import { csvRow, rejectsTable, shown, verbatim } from '../rejects.ts'
import type { Layout } from '../text/header.ts'
import { beginningOf, type PlainText } from '../text/plain-text.ts'
import { TextFile } from '../text/text-file.ts'
import type { JsonRow } from './batch.ts'
import type { Chunk } from './chunk.ts'
import { cellsOfRecord, isErrors } from './json-record.ts'

/** Records of a stream, of one dataset and one form, that are judged as one text. */
export type Group =
  | { kind: 'csv'; contract: Contract; layout: Layout; parts: ChunkPart[] }
  | { kind: 'json'; contract: Contract; rows: GivenRow[] }

/** A chunk of CSV, and the Kinesis record that brought it. */
export interface ChunkPart {
  sequence: string
  chunk: Chunk
}

/** A JSON record; of a published object, the chunk that brought it, and its number there. */
export type GivenRow = JsonRow & { chunk?: Chunk; number?: number }

export interface Judging {
  duck: Duck
  group: Group
  /** An own folder, and an own name for the table of accepted rows. */
  folder: string
  table: string
  quarantine: Quarantine
  /** Told of every reject, for the counts of its chunk. */
  rejected: (reject: StreamReject, chunk: Chunk | undefined) => void
}

/**
 * Judges a group by the one plan: its accepted rows fill the table, the others go to quarantine,
 * with their places in the object or the stream.
 *
 * @returns how many were accepted
 * @throws Refused where the contract itself cannot be used
 */
export async function judgeGroup(judging: Judging): Promise<number> {
  const { duck, group, folder, table, quarantine } = judging
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'text')
  const { text, layout, contract, placeOf, early, records } =
    group.kind === 'csv' ? await csvText(group, path) : await jsonText(group, path)
  // DuckDB would take a first character that looks like a byte order mark for one.
  const task = { duck, contract, folder, places: text.bom > 0 }
  text.bom = 0
  const { accepted, rejects, ...verdict } = await validateText(
    task,
    text,
    layout,
    async (select) => {
      await duck.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${select}`)
      const [[rows] = []] = await duck.all(`SELECT count(*) FROM ${table}`)
      return Number(rows)
    },
  )
  if (verdict.records !== records) {
    throw new Refused(`it has ${verdict.records} records, and says that it has ${records}`)
  }
  for (const { reject, chunk } of early) {
    judging.rejected(reject, chunk)
    await quarantine.add(reject)
  }
  if (!rejects) return accepted
  for await (const [record, raw, text, errors] of duck.rows(
    `SELECT record, raw, text, errors FROM ${rejectsTable(rejects)}`,
  )) {
    const { chunk, ...place } = placeOf(Number(record) - 1)
    const read = { raw: Buffer.from(raw as string, 'hex'), text: text as string }
    const reject = { ...read, ...place, errors: JSON.parse(errors as string) }
    judging.rejected(reject, chunk)
    await quarantine.add(reject)
  }
  return accepted
}

/** Every part of a group as a reject: JSON record by record, a chunk of CSV as one. */
export function refusedWhole(group: Group, message: string) {
  const errors = [{ rule: 'source-error', message }]
  if (group.kind === 'json') {
    return group.rows.map((row) => {
      const reject: StreamReject = { ...placeIn(row), ...asStood(row.raw, row.chunk), errors }
      return { reject, chunk: row.chunk, records: 1 }
    })
  }
  return group.parts.map(({ chunk, sequence }) => {
    const { object, version, records, text } = chunk
    const { record, line } = records[0]!
    const reject: StreamReject = { object, version, record, line, sequence, raw: text, errors }
    return { reject, chunk, records: records.length }
  })
}

type Found = Omit<StreamReject, 'raw' | 'errors'> & { raw?: Buffer; chunk?: Chunk }

/** Bytes of a chunk as they stood in its object, and for the eye; others as they came. */
export function asStood(bytes: Buffer, chunk: Chunk | undefined) {
  if (!chunk) return { raw: bytes, text: shown(bytes, 'utf-8') }
  return { raw: verbatim(bytes, chunk.utf16), text: shown(bytes, chunk.encoding) }
}

interface Text {
  text: PlainText
  layout: Layout
  /** The contract as the text has it: without a header, of no whole object. */
  contract: Contract
  /** How many there should be. */
  records: number
  /** Where the nth record of the text came from. */
  placeOf: (index: number) => Found
  /** What is rejected before it is text: kept once the contract has proved to be usable. */
  early: { reject: StreamReject; chunk: Chunk | undefined }[]
}

async function csvText(group: Group & { kind: 'csv' }, path: string): Promise<Text> {
  const { contract, layout, parts } = group
  const file = await TextFile.create(path)
  const starts: number[] = []
  let records = 0
  for (const { chunk } of parts) {
    starts.push(records)
    records += chunk.records.length
    await file.write(chunk.text)
  }
  await file.close()
  const { encoding, utf16 } = parts[0]!.chunk
  const text = { path, encoding, utf16: utf16 ?? undefined }
  const placeOf = (index: number): Found => {
    const at = starts.findLastIndex((start) => start <= index)
    const { sequence, chunk } = parts[at]!
    const { record, line } = chunk.records[index - starts[at]!]!
    return { object: chunk.object, version: chunk.version, record, line, sequence, chunk }
  }
  return {
    text: { ...text, ...beginningOf(path, encoding) },
    layout,
    contract: ofStream(contract, parts[0]!.chunk.dialect ?? contract.dialect),
    records,
    placeOf,
    early: [],
  }
}

/** JSON as CSV of its lexical forms; what has none is rejected here. */
async function jsonText({ contract, rows }: Group & { kind: 'json' }, path: string): Promise<Text> {
  const taken: { row: GivenRow; cells: (string | null)[] }[] = []
  const early: Text['early'] = []
  for (const row of rows) {
    const cells = cellsOfRecord(row.record, contract)
    if (!isErrors(cells)) taken.push({ row, cells })
    else
      early.push({
        reject: { ...placeIn(row), ...asStood(row.raw, row.chunk), errors: cells },
        chunk: row.chunk,
      })
  }
  const none = unlike(taken.flatMap(({ cells }) => cells))
  const missing = contract.fields.map((field) => field.missingValues[0] ?? none)
  const file = await TextFile.create(path)
  for (const { cells } of taken) {
    await file.write(csvRow(cells.map((cell, i) => cell ?? missing[i]!)))
  }
  await file.close()
  const text = { path, encoding: 'utf-8' as const, utf16: undefined }
  const fields = contract.fields.map((field, i) => {
    return { ...field, missingValues: [...new Set([...field.missingValues, missing[i]!])] }
  })
  const placeOf = (index: number): Found => {
    const { row } = taken[index]!
    return {
      ...placeIn(row),
      ...asStood(row.raw, row.chunk),
      ...(row.chunk && { chunk: row.chunk }),
    }
  }
  return {
    text: { ...text, ...beginningOf(path, 'utf-8') },
    layout: { fields, start: 0, lines: 0, rows: 0, plain: true, drift: [] },
    contract: { ...ofStream(contract, comma), fields },
    records: taken.length,
    placeOf,
    early,
  }
}

function placeIn({ chunk, number, line, sequence, origin }: GivenRow) {
  const { object = null, version = null } = chunk ?? {}
  return { object, version, record: number ?? null, line, sequence, ...(origin && { origin }) }
}

/** A text that stands for null where the contract has none that does. */
function unlike(cells: (string | null)[]): string {
  let text = '\ue000null'
  while (cells.some((cell) => cell === text)) text += '\ue000'
  return text
}

const comma: Dialect = {
  ...{ ...recordsOnly, caseSensitiveHeader: true, delimiter: ',', quote: '"' },
  ...{ escape: undefined, doubleQuote: true, skipInitialSpace: false },
}

/** On a stream, keys and the ratio of rejects have no object to be looked at in. */
function ofStream(contract: Contract, dialect: Dialect): Contract {
  const whole = { keysOnce: false, maxRejectRatio: 1 }
  return { ...contract, dialect: { ...dialect, ...recordsOnly }, ...whole }
}
