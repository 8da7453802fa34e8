import { cellsOf, type Marks, newShape, scanRecord } from '../text/record.ts'
import { type Cut, delimiters, inferTable, isData, marksFor, nextLine } from './infer-dialect.ts'

/** So many rows are looked at for a header; and so many below it for what its columns hold. */
const ABOVE = 20
const BELOW = 200
/** Of the records below a header, so many have its width. */
const AGREE = 0.8

/**
 * The dialect of a text, and where its header stands: below a line `sep=;`, as Excel writes it, and
 * below titles, where these are clear.
 *
 * @param bytes the beginning of a text, in an encoding that has ASCII's bytes for ASCII
 * @param last whether it is all of the text
 * @throws Refused where no dialect fits, saying what the best one found
 */
export function inferDialect(bytes: Buffer, last: boolean): Cut {
  const [line, , mark] =
    /^("?)sep=([^\r\n"])\1(\r\n|\r|\n)/i.exec(bytes.toString('latin1', 0, 12)) ?? []
  const from = line?.length ?? 0
  const titles = titlesIn(bytes.subarray(from), last, mark === undefined ? delimiters : [mark])
  const start = from + (titles?.start ?? 0)
  const rows = (line === undefined ? 0 : 1) + (titles?.rows ?? 0)
  const cut = inferTable(bytes.subarray(start), last, titles?.delimiter ?? mark)
  return rows === 0 ? cut : { ...cut, dialect: { ...cut.dialect, headerRows: [rows + 1] } }
}

/** What stands above a table, and how much of what follows has the table's width. */
interface Titles {
  delimiter: string
  /** Of the header: bytes before it, and rows. */
  start: number
  rows: number
  share: number
  width: number
}

/** Undefined where the first row is the header, or it is not clear which is. */
function titlesIn(bytes: Buffer, last: boolean, marks: string[]): Titles | undefined {
  const tables = marks.map((delimiter) => tableOf(bytes, last, delimiter))
  const titles = tables.flatMap((table) => titlesOf(bytes, table) ?? [])
  const [best] = titles.toSorted((a, b) => b.share - a.share || b.width - a.width)
  if (!best) return undefined
  // A table that begins with the first row, as another delimiter has it, is the plainer reading.
  const isPlain = tables.some(({ delimiter, rows, share, width }) => {
    const isTable = width > 1 && rows[0]?.cells === width
    return delimiter !== best.delimiter && isTable && share >= best.share
  })
  return isPlain ? undefined : best
}

interface Row {
  start: number
  end: number
  /** 0 where it is blank, -1 where a quote is broken. */
  cells: number
}

/** A text as one delimiter cuts it. */
interface Table {
  delimiter: string
  marks: Marks
  /** The first rows, blank ones too. */
  rows: Row[]
  /** Records by their cells. */
  widths: Map<number, number>
  /** Cells of most records, and the share of them that have so many. */
  width: number
  share: number
}

function tableOf(bytes: Buffer, last: boolean, delimiter: string): Table {
  const marks = marksFor({ delimiter })
  const shape = newShape()
  const rows: Row[] = []
  const widths = new Map<number, number>()
  for (let at = 0; at < bytes.length; ) {
    const state = scanRecord(bytes, at, bytes.length, last, marks, shape)
    if (state === 'more' && !last) break
    const isWhole = state === 'record'
    const cells = isWhole ? (shape.end === at ? 0 : shape.cells) : -1
    if (rows.length < ABOVE + BELOW) rows.push({ start: at, end: shape.end, cells })
    if (cells !== 0) widths.set(cells, (widths.get(cells) ?? 0) + 1)
    at = isWhole ? shape.next : nextLine(bytes, at)
  }
  const [[width, count] = [0, 0]] = [...widths].toSorted(([v, a], [w, b]) => b - a || w - v)
  return { delimiter, marks, rows, widths, width, share: count / Math.max(1, sumOf(widths)) }
}

/**
 * Titles are rows with cells in half of the columns at most, and the first row that is full, with
 * labels that differ, is the header. It must be seen to be one: a blank row stands above it, or a
 * column has a word above numbers, or what is above it is not even cut, and all below agrees.
 */
function titlesOf(bytes: Buffer, { rows, width, widths, ...table }: Table): Titles | undefined {
  const cells = ({ start, end }: Row) => cellsOf(bytes, start, end, table.marks)
  const filled = (row: Row) =>
    row.cells === 0 ? 0 : cells(row).filter((cell) => cell.trim() !== '').length
  const isHeader = (row: Row) => row.cells === width && isFull(cells(row))
  const at = rows.slice(0, ABOVE).findIndex(isHeader)
  const above = rows.slice(0, Math.max(0, at))
  if (width < 2 || above.length === 0) return undefined
  if (!above.every((row) => row.cells >= 0 && 2 * filled(row) <= width)) return undefined
  if (above.some((row) => bytes[row.start] === HASH)) return undefined
  const share = shareBelow(widths, width, above)
  const below = rows.slice(at, at + BELOW).filter((row) => row.cells === width)
  if (share === undefined || share < AGREE || below.length < 3) return undefined
  const [header = [], ...records] = below.map(cells)
  const isClear =
    filled(above.at(-1)!) === 0 ||
    header.some((label, i) =>
      isWordAbove(
        label,
        records.map((record) => record[i] ?? ''),
      ),
    ) ||
    (width > 2 && share === 1 && above.every((row) => row.cells <= 1))
  // In latin-1, a character beyond ASCII begins with a letter, whatever the text's encoding is.
  const isWords = header.some((label) => /\p{L}/u.test(label))
  if (!isClear || !isWords || isData([header, ...records])) return undefined
  const { start } = rows[at]!
  return { delimiter: table.delimiter, start, rows: at, share, width }
}

const HASH = 35

function isFull(cells: string[]): boolean {
  const labels = cells.map((cell) => cell.trim())
  const isLabel = (label: string) => label !== '' && !/[^\P{Cc}\t\f\v\u0080-\u009f]/u.test(label)
  return labels.every(isLabel) && new Set(labels).size === labels.length
}

/** Of the records that are not above the header, its own left out. */
function shareBelow(widths: Map<number, number>, width: number, above: Row[]): number | undefined {
  const of = (which: (row: Row) => boolean) => above.filter(which).length
  const all = sumOf(widths) - of(({ cells }) => cells > 0) - 1
  const wide = (widths.get(width) ?? 0) - of(({ cells }) => cells === width) - 1
  return all > 0 ? wide / all : undefined
}

function sumOf(widths: Map<number, number>): number {
  return [...widths.values()].reduce((sum, n) => sum + n, 0)
}

/** Whether a label, letters and no digit, stands above values of digits and marks alone. */
function isWordAbove(label: string, values: string[]): boolean {
  const given = values.filter((value) => value.trim() !== '')
  const digits = given.filter((value) => /^[\s\d.,:;/+-]*\d[\s\d.,:;/+-]*$/.test(value))
  const isWord = /\p{L}/u.test(label) && !/\d/.test(label)
  return isWord && given.length > 1 && digits.length >= AGREE * given.length
}
