import type { Dialect } from '../contract/dialect.ts'
import { type ByteEncoding, encode } from './text-encoding.ts'

/**
 * Where one CSV record ends, and what shape it has: RFC 4180, with any delimiter, quote and escape,
 * and every line end (LF, CRLF, CR). A quote inside an unquoted cell is itself; what follows a
 * closing quote must be a delimiter or a line end.
 *
 * Our own, and not csv-parse, because after a broken quote it must go on at the next line, because
 * it must tell bytes and lines of every record, and because it runs over every byte of a file that
 * has anything unusual: it takes a fifth of csv-parse's time, file
 * written included.
 */

export const LF = 10
export const CR = 13
const SPACE = 32

/** A dialect as bytes; -1 where there is no quote or escape. */
export interface Marks {
  /** Of every byte whether it may be anything but a part of a cell. */
  special: Uint8Array
  delimiter: number
  /** What follows that first byte, where a delimiter has several. */
  rest: Buffer | undefined
  quote: number
  escape: number
  doubleQuote: boolean
  skipInitialSpace: boolean
}

/** `more`: the record does not end within the bytes that are there. */
export type State = 'record' | 'more' | 'broken-quote'

/** What `scanRecord` found of a record; one object is used again and again. */
export interface Shape {
  /** Where the content ends, without its line end. */
  end: number
  /** Where the next record begins. */
  next: number
  cells: number
  /** Line ends inside the record, its own left out. */
  innerLines: number
  /** Whether the record has an escape, a quote in an unquoted cell, or a space to skip. */
  unusual: boolean
}

/** @param encoding one that has the delimiter, as `parseDialect` saw to */
export function marksOf(dialect: Dialect, encoding: ByteEncoding): Marks {
  const { delimiter, quote, escape: mark, doubleQuote, skipInitialSpace } = dialect
  const bytes = encode(delimiter, encoding) ?? Buffer.from(delimiter)
  return marksIn({
    delimiter: bytes[0]!,
    rest: bytes.length > 1 ? bytes.subarray(1) : undefined,
    quote: quote === '' ? -1 : quote.charCodeAt(0),
    escape: mark?.charCodeAt(0) ?? -1,
    doubleQuote,
    skipInitialSpace,
  })
}

function marksIn(marks: Omit<Marks, 'special'>): Marks {
  const special = new Uint8Array(256)
  const { delimiter, quote, escape: mark, skipInitialSpace } = marks
  for (const byte of [LF, CR, delimiter, quote, mark]) if (byte >= 0) special[byte] = 1
  if (skipInitialSpace) special[SPACE] = 1
  return { special, ...marks }
}

/** Lines that have neither cells nor quotes: NDJSON. */
export const lines: Marks = marksIn({
  ...{ delimiter: -1, rest: undefined, quote: -1, escape: -1 },
  ...{ doubleQuote: true, skipInitialSpace: false },
})

export function newShape(): Shape {
  return { end: 0, next: 0, cells: 0, innerLines: 0, unusual: false }
}

/**
 * Scans one record of `bytes` from `start`, where bytes up to `limit` are there, and `last` says
 * that none will follow. `shape` says more of a `record`.
 */
export function scanRecord(
  bytes: Uint8Array,
  start: number,
  limit: number,
  last: boolean,
  marks: Marks,
  shape: Shape,
): State {
  const { special, delimiter, rest, quote } = marks
  shape.cells = 1
  shape.innerLines = 0
  shape.unusual = false
  // A delimiter of several bytes is seen whole, or not at all.
  const until = rest === undefined || last ? limit : limit - rest.length
  let at = start
  let cellStart = start
  while (at < until) {
    const byte = bytes[at]!
    if (special[byte] === 0) {
      at++
    } else if (byte === SPACE && at === cellStart && marks.skipInitialSpace) {
      shape.unusual = true
      cellStart = ++at
    } else if (byte === delimiter && (rest === undefined || follows(bytes, at + 1, limit, rest))) {
      shape.cells++
      at += rest === undefined ? 1 : rest.length + 1
      cellStart = at
    } else if (byte === LF) {
      return ended(shape, at, at + 1)
    } else if (byte === CR) {
      if (at + 1 >= limit && !last) break
      return ended(shape, at, bytes[at + 1] === LF && at + 1 < limit ? at + 2 : at + 1)
    } else if (byte === quote && at === cellStart) {
      const close = closingQuote(bytes, at + 1, until, last, marks, shape)
      if (close < 0) return close === NEEDS_MORE ? 'more' : 'broken-quote'
      at = close
    } else if (byte === marks.escape) {
      at += escaped(bytes, at, limit, shape)
    } else {
      shape.unusual = true
      at++
    }
  }
  return last ? ended(shape, limit, limit) : 'more'
}

function follows(bytes: Uint8Array, at: number, limit: number, rest: Buffer): boolean {
  if (at + rest.length > limit) return false
  for (let i = 0; i < rest.length; i++) if (bytes[at + i] !== rest[i]) return false
  return true
}

/** How many bytes an escape and what it escapes have; a line end among them is none of a record. */
function escaped(bytes: Uint8Array, at: number, limit: number, shape: Shape): number {
  shape.unusual = true
  if (at + 1 < limit && endsLine(bytes, at + 1, limit)) shape.innerLines++
  return 2
}

/** Whether a line of the text ends with this byte: the CR of CRLF does not end it yet. */
function endsLine(bytes: Uint8Array, at: number, limit: number): boolean {
  return bytes[at] === LF || (bytes[at] === CR && (at + 1 >= limit || bytes[at + 1] !== LF))
}

function ended(shape: Shape, end: number, next: number): 'record' {
  shape.end = end
  shape.next = next
  return 'record'
}

const NEEDS_MORE = -1
const BROKEN = -2

/** The place behind the closing quote; or NEEDS_MORE, or BROKEN. */
function closingQuote(
  bytes: Uint8Array,
  from: number,
  limit: number,
  last: boolean,
  marks: Marks,
  shape: Shape,
): number {
  const { delimiter, rest, quote, doubleQuote } = marks
  const end = last || !rest ? limit : limit + rest.length
  let at = from
  while (at < limit) {
    const byte = bytes[at]!
    if (byte === marks.escape) at += escaped(bytes, at, limit, shape)
    else if (byte === quote) {
      const next = at + 1 < limit ? bytes[at + 1]! : -1
      if (next < 0) return last ? at + 1 : NEEDS_MORE
      if (next === LF || next === CR) return at + 1
      if (next === delimiter && (!rest || follows(bytes, at + 2, end, rest))) return at + 1
      if (next !== quote || !doubleQuote) return BROKEN
      at += 2
    } else {
      if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) shape.innerLines++
      at++
    }
  }
  return last ? BROKEN : NEEDS_MORE
}

/**
 * The cells of a record that `scanRecord` found whole, as their content's bytes in latin-1: every
 * character of the string is one byte.
 */
export function cellsOf(bytes: Uint8Array, start: number, end: number, marks: Marks): string[] {
  const text = latin1(bytes, start, end)
  const delimiter = delimiterOf(marks)
  const cells: string[] = []
  for (let at = 0; ; at += delimiter.length) {
    const cell = cellAt(text, at, marks, delimiter)
    cells.push(cell.content)
    at = cell.next
    if (at >= text.length || !text.startsWith(delimiter, at)) return cells
  }
}

/** The first of a record's cells alone. */
export function firstCellOf(bytes: Uint8Array, start: number, end: number, marks: Marks): string {
  return cellAt(latin1(bytes, start, end), 0, marks, delimiterOf(marks)).content
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

function delimiterOf({ delimiter, rest }: Marks): string {
  return String.fromCharCode(delimiter) + (rest?.toString('latin1') ?? '')
}

function cellAt(text: string, start: number, marks: Marks, delimiter: string) {
  let at = start
  if (marks.skipInitialSpace) while (text[at] === ' ') at++
  const isQuoted = text.charCodeAt(at) === marks.quote
  return isQuoted ? quotedCell(text, at, marks) : bareCell(text, at, marks, delimiter)
}

function quotedCell(text: string, start: number, marks: Marks) {
  let content = ''
  let at = start + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === marks.escape) at++
    else if (code === marks.quote) {
      if (!marks.doubleQuote || text.charCodeAt(at + 1) !== marks.quote) break
      at++
    }
    content += text[at] ?? ''
    at++
  }
  return { content, next: at + 1 }
}

function bareCell(text: string, start: number, marks: Marks, delimiter: string) {
  let content = ''
  let at = start
  while (at < text.length && !text.startsWith(delimiter, at)) {
    if (text.charCodeAt(at) === marks.escape) at++
    content += text[at] ?? ''
    at++
  }
  return { content, next: at }
}
