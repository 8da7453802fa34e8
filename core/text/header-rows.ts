import type { Dialect } from '../contract/dialect.ts'
import { Refused } from '../errors.ts'
import { type Comments, commentsOf, isComment } from './comments.ts'
import { CR, cellsOf, LF, type Marks, marksOf, newShape, scanRecord } from './record.ts'
import { type ByteEncoding, decode } from './text-encoding.ts'

/** The header of a text, and where its records begin. */
export interface HeaderRows {
  labels: string[]
  /** Bytes, lines and rows before the first record. */
  next: number
  lines: number
  rows: number
  /** Whether it is the first line of the text, and nothing but it. */
  plain: boolean
}

/** A row at the beginning of a text; `next` and `lines` are those behind it. */
interface Row {
  at: number
  end: number
  next: number
  lines: number
  width: number
  isComment: boolean
}

/** So many rows show how wide the table is. */
const SAMPLE = 100

/**
 * Reads the rows that `headerRows` names. Those that are comments are left out; where that leaves
 * none, the header is the first row behind them that is no comment.
 *
 * @param bytes the beginning of the text, without a byte order mark; `all`: it is the whole
 * @throws Refused where there is no such row, or where the first one cannot be the header
 */
export function readHeaderRows(
  bytes: Buffer,
  all: boolean,
  dialect: Dialect,
  encoding: ByteEncoding,
): HeaderRows {
  const marks = marksOf(dialect, encoding)
  const rows = readRows(bytes, all, marks, dialect, commentsOf(dialect, encoding))
  const last = dialect.headerRows.at(-1)!
  const named = dialect.headerRows.filter((row) => rows[row - 1]?.isComment === false)
  const first = rows.findIndex(({ isComment }, i) => i >= last && !isComment) + 1
  const chosen = named.length > 0 ? named : [first]
  const end = rows[Math.max(last, chosen.at(-1)!) - 1]
  if (first === 0 && named.length === 0) throw new Refused(missing)
  if (!end) throw new Refused(missing)
  if (!dialect.headerDeclared) checkWidth(rows.filter((row) => !row.isComment))
  const lists = chosen.map((row) => {
    const { at, end } = rows[row - 1]!
    const cells = cellsOf(bytes, at, end, marks).map((cell) =>
      decode(Buffer.from(cell, 'latin1'), encoding),
    )
    // Blanks around a label are no matter (see labels.ts), but those that join two of them are.
    return dialect.headerRows.length > 1 ? cells.map((cell) => cell.trim()) : cells
  })
  const labels = joined(lists, dialect.headerJoin)
  const plain = end === rows[0] && end.lines === 1 && !labels.some((cell) => /[\r\n]/.test(cell))
  return { labels, next: end.next, lines: end.lines, rows: rows.indexOf(end) + 1, plain }
}

const missing = 'blank-header: the header is not there, is broken, or is longer than 4 MiB'

/** A hundred rows, or as many as are needed to have the header. */
function readRows(
  bytes: Buffer,
  all: boolean,
  marks: Marks,
  dialect: Dialect,
  comments: Comments | undefined,
): Row[] {
  const shape = newShape()
  const rows: Row[] = []
  const last = dialect.headerRows.at(-1)!
  let lines = 0
  let isFound = false
  for (let at = 0; at < bytes.length && (rows.length < SAMPLE || !isFound); ) {
    const state = scanRecord(bytes, at, bytes.length, all, marks, shape)
    if (state === 'more') break
    const isBroken = state === 'broken-quote'
    const line = isBroken ? lineAt(bytes, at) : shape
    const record = { bytes, at, end: line.end, isBroken }
    const isOne = comments !== undefined && isComment(comments, rows.length + 1, record, marks)
    if (isBroken && !isOne) break
    lines += isBroken ? 1 : shape.innerLines + 1
    const width = line.end === at ? 0 : shape.cells
    rows.push({ at, end: line.end, next: line.next, lines, width, isComment: isOne })
    isFound ||= rows.length >= last && !isOne
    at = line.next
  }
  return rows
}

function lineAt(bytes: Buffer, at: number): { end: number; next: number } {
  let end = at
  while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
  const isBoth = bytes[end] === CR && bytes[end + 1] === LF
  return { end, next: Math.min(bytes.length, end + (isBoth ? 2 : 1)) }
}

/**
 * A row above the last one goes on with its last cell where it is shorter, as the standard's
 * example has it (https://datapackage.org/standard/table-dialect/#headerRows), unless that one is
 * blank; a label that is repeated in the row below stands once, as with the referee.
 */
function joined(rows: string[][], join: string): string[] {
  const width = Math.max(...rows.map((row) => row.length))
  const full = rows.map((row, i) => {
    if (i === rows.length - 1 || !row.at(-1)) return row
    return [...row, ...Array<string>(width - row.length).fill(row.at(-1)!)]
  })
  return Array.from({ length: width }, (_, i) => {
    const cells = full.flatMap((row) => (i < row.length ? [row[i]!] : []))
    return cells.filter((cell, at) => at === 0 || cell !== cells[at - 1]).join(join)
  })
}

/**
 * A first line far narrower or wider than what follows is a title or a comment, not a header, even
 * if its words fit; the referee looks for the header below it, we refuse to guess. Far is more than
 * a tenth of the mean width of the first hundred records (frictionless, `Detector.detect_dialect`).
 */
function checkWidth(rows: Row[]): void {
  const widths = rows.slice(0, SAMPLE).map((row) => row.width)
  const mean = roundHalfEven(widths.reduce((sum, width) => sum + width, 0) / widths.length)
  const drift = Math.max(roundHalfEven(mean * 0.1), 1)
  if (Math.abs(widths[0]! - mean) <= drift || !widths.some((w) => Math.abs(w - mean) <= drift))
    return
  throw new Refused(
    `incorrect-label: the header has ${widths[0]} labels, and the records have about ${mean} ` +
      'cells; mend the file, say `dialect: {headerRows: [2]}` where the header is row 2, or say ' +
      '`dialect: {header: true}` to have each record judged',
  )
}

/** Python's round(), which the rule above is written in. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
