import type { Dialect } from './dialect.ts'

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

/** A dialect as bytes; -1 where there is no escape. */
export interface Marks {
  delimiter: number
  quote: number
  escape: number
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

export function marksOf(dialect: Dialect): Marks {
  return {
    delimiter: dialect.delimiter.charCodeAt(0),
    quote: dialect.quote.charCodeAt(0),
    escape: dialect.escape?.charCodeAt(0) ?? -1,
    skipInitialSpace: dialect.skipInitialSpace,
  }
}

/** Lines that have neither cells nor quotes: NDJSON. */
export const lines: Marks = { delimiter: -1, quote: -1, escape: -1, skipInitialSpace: false }

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
  const { delimiter, quote } = marks
  shape.cells = 1
  shape.innerLines = 0
  shape.unusual = false
  let at = start
  let cellStart = start
  while (at < limit) {
    const byte = bytes[at]!
    if (byte === delimiter) {
      shape.cells++
      at++
      cellStart = at
      if (marks.skipInitialSpace && bytes[at] === 32) shape.unusual = true
    } else if (byte === LF) {
      return ended(shape, at, at + 1)
    } else if (byte === CR) {
      if (at + 1 >= limit && !last) break
      return ended(shape, at, bytes[at + 1] === LF && at + 1 < limit ? at + 2 : at + 1)
    } else if (byte === quote && opens(bytes, cellStart, at, marks)) {
      const close = closingQuote(bytes, at + 1, limit, last, marks, shape)
      if (close < 0) return close === NEEDS_MORE ? 'more' : 'broken-quote'
      at = close
    } else {
      if (byte === quote) shape.unusual = true
      if (byte === marks.escape) {
        shape.unusual = true
        at++
      }
      at++
    }
  }
  return last ? ended(shape, limit, limit) : 'more'
}

function ended(shape: Shape, end: number, next: number): 'record' {
  shape.end = end
  shape.next = next
  return 'record'
}

/** A quote opens a quoted cell only as its first byte (or behind the spaces that are skipped). */
function opens(bytes: Uint8Array, cellStart: number, at: number, marks: Marks): boolean {
  if (at === cellStart) return true
  if (!marks.skipInitialSpace) return false
  for (let i = cellStart; i < at; i++) if (bytes[i] !== 32) return false
  return true
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
  const { delimiter, quote } = marks
  const doubled = marks.escape < 0
  let at = from
  while (at < limit) {
    const byte = bytes[at]!
    if (byte === quote) {
      const next = at + 1 < limit ? bytes[at + 1]! : -1
      if (next < 0) return last ? at + 1 : NEEDS_MORE
      if (next === delimiter || next === LF || next === CR) return at + 1
      if (next !== quote || !doubled) return BROKEN
      at += 2
    } else {
      if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) shape.innerLines++
      if (byte === marks.escape) {
        shape.unusual = true
        at++
      }
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
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  const delimiter = String.fromCharCode(marks.delimiter)
  const quote = String.fromCharCode(marks.quote)
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (marks.skipInitialSpace) while (text[at] === ' ') at++
    const cell = text[at] === quote ? quotedCell(text, at, marks) : bareCell(text, at, marks)
    cells.push(cell.content)
    at = cell.next
    if (text[at] !== delimiter || at >= text.length) return cells
    at++
  }
}

function quotedCell(text: string, start: number, marks: Marks) {
  const quote = String.fromCharCode(marks.quote)
  let content = ''
  let at = start + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === marks.escape) at++
    else if (code === marks.quote && (marks.escape >= 0 || text[at + 1] !== quote)) break
    else if (code === marks.quote) at++
    content += text[at] ?? ''
    at++
  }
  return { content, next: at + 1 }
}

function bareCell(text: string, start: number, marks: Marks) {
  let content = ''
  let at = start
  while (at < text.length && text.charCodeAt(at) !== marks.delimiter) {
    if (text.charCodeAt(at) === marks.escape) at++
    content += text[at] ?? ''
    at++
  }
  return { content, next: at }
}
