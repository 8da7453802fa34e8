import { parseDialect } from '../contract/dialect.ts'
import { Refused } from '../errors.ts'
import { CR, cellsOf, LF, type Marks, marksOf, newShape, scanRecord } from '../text/record.ts'

/** As much of Table Dialect as is told apart here; what is not given is the standard's default. */
export interface FoundDialect {
  delimiter?: string
  quoteChar?: string
  escapeChar?: string
  skipInitialSpace?: boolean
  commentChar?: string
  header?: boolean
  headerRows?: number[]
  commentRows?: number[]
}

/** A dialect, and the cells of the sample's first records in it, as latin-1. */
export interface Cut {
  dialect: FoundDialect
  records: string[][]
}

/** In the order in which they are preferred where several fit as well. */
export const delimiters = [',', ';', '\t', '|']

/** So many records are looked at for what their cells are; all of the sample for their widths. */
const LOOKED_AT = 1000

/**
 * The dialect in which most records of a sample have one width, its first record too: a sniffer
 * that guesses from single characters is not asked. The widest of those that fit as well is taken.
 *
 * @param bytes the beginning of a text, in an encoding that has ASCII's bytes for ASCII
 * @param last whether it is all of the text
 * @param delimiter where it is known
 * @throws Refused where none fits, saying what the best one found
 */
export function inferTable(bytes: Buffer, last: boolean, delimiter?: string): Cut {
  if (bytes.length === 0) throw new Refused('source-error: the object is empty')
  const marks = delimiter === undefined ? delimiters : [delimiter]
  const tries = candidates(bytes, marks).map((dialect) => attempt(bytes, last, dialect))
  const best = chosen(tries)
  const { records, dialect } = best
  const first = recordsOf(bytes, last, best)
  const quoted = quotesOf(first, dialect) ?? spacesOf(first, dialect)
  if (records === 0 || !quoted) return { dialect, records: first }
  const other = attempt(bytes, last, quoted)
  if (other.width !== best.width || other.fit < best.fit) return { dialect, records: first }
  return { dialect: quoted, records: recordsOf(bytes, last, other) }
}

/** How a sample comes apart in one dialect. */
interface Attempt {
  dialect: FoundDialect
  marks: Marks
  records: number
  /** Cells of the first record, and of most. */
  first: number
  width: number
  narrowest: number
  widest: number
  /** The share of records that have that width. */
  fit: number
}

function candidates(bytes: Buffer, marks: string[]): FoundDialect[] {
  const has = (text: string) => bytes.includes(text)
  return marks.flatMap((delimiter) => {
    const base = delimiter === ',' ? {} : { delimiter }
    // What begins no cell quotes none: `"'a'"` is a cell in `"`.
    const before = [delimiter, '\n', '\r']
    const isQuote = bytes[0] === APOSTROPHE || before.some((one) => has(`${one}'`))
    const single = isQuote ? [{ ...base, quoteChar: "'" }] : []
    const spaced = has(`${delimiter} "`) ? [{ ...base, skipInitialSpace: true }] : []
    const escaped = has('\\"') ? [{ ...base, escapeChar: '\\' }] : []
    const remarked = bytes[0] === HASH || has('\n#') ? [{ ...base, commentChar: '#' }] : []
    return [base, ...escaped, ...spaced, ...single, ...remarked]
  })
}

const HASH = 35
const APOSTROPHE = 39

/** What cuts a text in that dialect. */
export function marksFor(dialect: FoundDialect): Marks {
  const at = { file: 'the dialect found', path: [] }
  return marksOf(parseDialect({ ...dialect }, undefined, at), 'latin-1')
}

function attempt(bytes: Buffer, last: boolean, dialect: FoundDialect): Attempt {
  const marks = marksFor(dialect)
  const widths = new Map<number, number>()
  let [records, first] = [0, 0]
  for (const { cells } of shapesOf(bytes, last, marks, dialect)) {
    records++
    if (records === 1) first = cells
    widths.set(cells, (widths.get(cells) ?? 0) + 1)
  }
  const whole = [...widths].filter(([width]) => width > 0)
  const [width, count] = whole.toSorted(([a, x], [b, y]) => y - x || b - a)[0] ?? [0, 0]
  const all = whole.map(([cells]) => cells)
  const range = { narrowest: Math.min(...all), widest: Math.max(...all) }
  return { dialect, marks, records, first, width, ...range, fit: count / Math.max(1, records) }
}

/** Every record that is neither blank nor a comment; of a broken one, `cells` is 0. */
function* shapesOf(bytes: Buffer, last: boolean, marks: Marks, { commentChar }: FoundDialect) {
  const shape = newShape()
  for (let at = 0; at < bytes.length; ) {
    const state = scanRecord(bytes, at, bytes.length, last, marks, shape)
    if (state === 'more' && !last && at > 0) return
    if (state !== 'record') {
      at = nextLine(bytes, at)
      yield { start: at, end: at, cells: 0 }
      continue
    }
    const isComment = commentChar !== undefined && bytes[at] === HASH
    if (shape.end > at && !isComment) yield { start: at, end: shape.end, cells: shape.cells }
    at = shape.next
  }
}

/** Where the line behind that of `from` begins. */
export function nextLine(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++
  return at + 1
}

function recordsOf(bytes: Buffer, last: boolean, { dialect, marks }: Attempt): string[][] {
  const records: string[][] = []
  for (const { start, end, cells } of shapesOf(bytes, last, marks, dialect)) {
    if (cells > 0) records.push(cellsOf(bytes, start, end, marks))
    if (records.length === LOOKED_AT) break
  }
  return records
}

function chosen(tries: Attempt[]): Attempt {
  const byFit = tries.toSorted((a, b) => b.fit - a.fit || b.width - a.width)
  const parted = byFit.filter(({ width }) => width > 1)
  const fitting = parted.find(({ first, width, fit }) => first === width && fit >= 0.5)
  if (fitting) return fitting
  // A first line apart from a table below it is no header; apart from prose, it heads one column.
  const table = parted.find(({ records, fit }) => records > 2 && fit >= 0.8)
  if (table) throw misfit(table)
  // A first line that is cut by any delimiter is a header of more than one label.
  const single = byFit.find(({ width, fit }) => width === 1 && fit >= 0.5)
  if (single && tries.every(({ first }) => first <= 1)) return single
  throw misfit(parted[0] ?? byFit[0]!)
}

function misfit({ dialect, records, first, width, narrowest, widest }: Attempt): Refused {
  const delimiter = JSON.stringify(dialect.delimiter ?? ',')
  if (widest <= 0) return new Refused('quote-error: every record has a broken quote')
  const spread = narrowest === widest ? `${widest}` : `${narrowest} to ${widest}`
  return new Refused(
    `no dialect fits: cut at ${delimiter}, which comes nearest, the first record has ${first} ` +
      `cells, most have ${width}, and all ${records} that were looked at ${spread}; ` +
      'where the header stands further down, say so: dialect: {headerRows: [2]}',
  )
}

/** Quoted by `'`: where no cell begins with `"`, and all cells of some column stand in `'`. */
function quotesOf(records: string[][], dialect: FoundDialect): FoundDialect | undefined {
  if (dialect.quoteChar || dialect.escapeChar) return undefined
  if (records.some((cells) => cells.some((cell) => cell.startsWith('"')))) return undefined
  const [, ...below] = records
  const quoted = below[0]?.some((_, i) => {
    const column = below.map((cells) => cells[i] ?? '').filter((cell) => cell !== '')
    return column.length > 0 && column.every((cell) => /^'.*'$/s.test(cell))
  })
  return quoted ? { ...dialect, quoteChar: "'" } : undefined
}

/** A space behind every delimiter is the writer's, and no part of the cells. */
function spacesOf(records: string[][], dialect: FoundDialect): FoundDialect | undefined {
  if (dialect.skipInitialSpace) return undefined
  const behind = records.flatMap(([, ...cells]) => cells).filter((cell) => cell !== '')
  const spaced = behind.length > 0 && behind.every((cell) => cell.startsWith(' '))
  return spaced ? { ...dialect, skipInitialSpace: true } : undefined
}

const number = /^\s*-?(0|[1-9][0-9]*)(\.[0-9]+)?\s*$/
const date = /^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+Z?)?$/
const year = /^[12][0-9]{3}$/

/**
 * Whether the first record is data: it has a number or a date where all that follow have one, too,
 * and nowhere a word above numbers. Years (columns named for them) and 1, 2, 3 are no such sign.
 */
export function isData([first, ...below]: string[][]): boolean {
  if (!first) return false
  const kinds = first.map((_, i) => kindOf(below.map((cells) => cells[i] ?? '')))
  const isOf = (cell: string, kind: RegExp | undefined) => kind?.test(cell) === true
  const stranger = first.some((cell, i) => cell !== '' && kinds[i] && !isOf(cell, kinds[i]))
  if (stranger) return false
  const counts = first.filter((cell) => /^[0-9]+$/.test(cell)).map(Number)
  const isCount = counts.length > 1 && counts.every((n, i) => i === 0 || n === counts[i - 1]! + 1)
  return first.some((cell, i) => {
    const kind = below.length > 0 ? kinds[i] : kindOf([cell])
    return isOf(cell, kind) && !year.test(cell) && !(isCount && /^[0-9]+$/.test(cell))
  })
}

function kindOf(cells: string[]): RegExp | undefined {
  const given = cells.filter((cell) => cell !== '')
  if (given.length === 0) return undefined
  return [number, date].find((kind) => given.every((cell) => kind.test(cell)))
}
