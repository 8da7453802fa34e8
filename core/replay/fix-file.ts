import { createReadStream } from 'node:fs'
import { Refused } from '../errors.ts'
import { type CsvRow, csvRows } from '../text/csv-rows.ts'

/**
 * The file that rejects are mended in, and the form of replay objects: the columns of the data by
 * their labels, and before them columns of ours that say which reject a row mends:
 *
 *     _object,_version,_record,_line,_errors,_raw,order_id,total
 *
 * Where data have a name of ours, ours get more underscores than any of theirs: `__object`.
 */
export interface FixFile {
  /** The data's columns, in their order. */
  labels: string[]
  rows: AsyncIterable<FixRow>
}

export interface FixRow {
  /** Of the file, from 1. */
  line: number
  object: string
  version: string
  /** Of the object, from 1, as it stands in the file; NaN for what is no number. */
  record: number
  /** Of the object's line, as it stands in the file. */
  source: number
  /** What was told of it; undefined where the column was taken out. */
  errors: string | undefined
  /** The data's cells, as many as there are labels. */
  cells: string[]
  /** Cells behind the last column, as a record has them that had too many. */
  beyond: string[]
}

const own = ['object', 'version', 'record', 'line', 'errors', 'raw'] as const
type Own = (typeof own)[number]
/** Of a replay object: what a person was told is not kept. */
export const provenance = own.slice(0, 4)

/** Our columns' names beside data with these labels. */
export function ownColumns(names: readonly Own[], labels: string[]): string[] {
  const longest = underscoresOf(labels.map(ownName))
  return names.map((name) => '_'.repeat(longest + 1) + name)
}

function ownName(label: string): { underscores: number; name: Own } | undefined {
  const [, underscores = '', name] = /^(_+)([a-z]+)$/i.exec(label) ?? []
  const found = own.find((one) => one === name?.toLowerCase())
  return found && { underscores: underscores.length, name: found }
}

/** The most of all; a hostile header has more columns than a call takes arguments. */
function underscoresOf(names: ReturnType<typeof ownName>[]): number {
  return names.reduce((most, one) => Math.max(most, one?.underscores ?? 0), 0)
}

/**
 * Reads a file as an editor has left it: a byte order mark or none, a comma, semicolon or tab, any
 * line end. Its rows can be read once.
 *
 * @throws Refused for a column of ours that is not there, for text that is no UTF-8, for a broken
 *   quote, for a first line that is no header
 */
export async function readFixFile(path: string): Promise<FixFile> {
  const text = textOf(createReadStream(path, { highWaterMark: 1 << 20 }), path)
  return fixFileOf(text, path)
}

/** The same of a text; `name` is for messages. */
export async function fixFileOf(text: AsyncIterable<string>, name: string): Promise<FixFile> {
  const pieces = text[Symbol.asyncIterator]()
  let start = ''
  while (!/[\r\n]/.test(start)) {
    const { value, done } = await pieces.next()
    if (done) break
    start += value
    if (start.length > LONGEST) throw new Refused(`${name}: its first line ${noHeader}`)
  }
  const all = (async function* () {
    yield start
    for (;;) {
      const { value, done } = await pieces.next()
      if (done) return
      yield value as string
    }
  })()
  const rows = csvRows(all, delimiterOf(start))[Symbol.asyncIterator]()
  const { value: header } = await rows.next()
  const columns = columnsOf((header as CsvRow | undefined)?.cells ?? [], name)
  const rest = { [Symbol.asyncIterator]: () => rows }
  return { labels: columns.labels, rows: rowsOf(rest, columns) }
}

/** Characters of a header; each piece that is still without its end is looked through once more. */
const LONGEST = 4 << 20

const noHeader =
  `has more than ${LONGEST.toLocaleString('en')} characters, so that it is no header: ` +
  'take the one that `sluice rejects <dataset> --csv` writes'

/** UTF-8 with or without its mark, in pieces. */
export async function* textOf(bytes: AsyncIterable<Buffer>, name: string): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const piece of bytes) yield decoder.decode(piece, { stream: true })
    yield decoder.decode()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new Refused(`${name} is not UTF-8: save it as "CSV UTF-8", as spreadsheets call it`)
  }
}

/** What stands behind a name of ours in the header; they are plain words. */
function delimiterOf(start: string): string {
  const [line = ''] = start.split(/[\r\n]/)
  return /(?:^|[,;\t"])_+object"?([,;\t])/i.exec(line)?.[1] ?? ','
}

interface Columns {
  at: Map<Own, number>
  labels: string[]
  data: number[]
  width: number
}

function columnsOf(header: string[], file: string): Columns {
  const names = header.map((label) => ownName(label.trim()))
  const longest = underscoresOf(names)
  const at = new Map<Own, number>()
  const data: number[] = []
  for (const [i, one] of names.entries()) {
    if (one?.underscores === longest && !at.has(one.name)) at.set(one.name, i)
    else data.push(i)
  }
  for (const name of ['object', 'version', 'record'] as const) {
    if (at.has(name)) continue
    throw new Refused(
      `${file} has no column ${'_'.repeat(Math.max(1, longest))}${name}: rows are told by it; ` +
        'take the header as `sluice rejects <dataset> --csv` writes it',
    )
  }
  return { at, data, labels: data.map((i) => header[i]!), width: header.length }
}

async function* rowsOf(rows: AsyncIterable<CsvRow>, columns: Columns): AsyncIterable<FixRow> {
  const { at, data, width } = columns
  for await (const { line, cells } of rows) {
    const of = (name: Own) => cells[at.get(name) ?? -1]
    const record = (of('record') ?? '').trim()
    yield {
      line,
      object: of('object') ?? '',
      version: of('version') ?? '',
      // A table that takes the column for one of decimals writes 12.0; 1.000 may be a thousand.
      record: /^\d{1,15}(\.0)?$/.test(record) ? Number(record) : Number.NaN,
      source: Number(of('line')),
      errors: at.has('errors') ? (of('errors') ?? '') : undefined,
      cells: data.map((i) => cells[i] ?? ''),
      beyond: cells.slice(width),
    }
  }
}
