import type { Dialect } from '../contract/dialect.ts'
import { firstCellOf, type Marks } from './record.ts'
import { type ByteEncoding, encode } from './text-encoding.ts'

/**
 * Rows that are no records: those whose first cell begins with `commentChar` (quoted or not, as the
 * referee has it), and those of `commentRows`.
 */
export interface Comments {
  /** What a first cell begins with; empty for none. */
  char: Buffer
  rows: Set<number>
}

/** @returns undefined for a dialect without comments */
export function commentsOf(dialect: Dialect, encoding: ByteEncoding): Comments | undefined {
  const { commentChar = '', commentRows } = dialect
  if (commentChar === '' && commentRows.length === 0) return undefined
  return { char: encode(commentChar, encoding) ?? Buffer.alloc(0), rows: new Set(commentRows) }
}

/**
 * @param row from 1, counted over all rows of the file
 * @param isBroken a line with a broken quote: where its first cell ends is not known
 */
export function isComment(
  { char, rows }: Comments,
  row: number,
  record: { bytes: Buffer; at: number; end: number; isBroken: boolean },
  marks: Marks,
): boolean {
  if (rows.has(row)) return true
  const { bytes, end, isBroken } = record
  let { at } = record
  if (marks.skipInitialSpace) while (at < end && bytes[at] === 32) at++
  if (char.length === 0 || at === end) return false
  const first = bytes[at]
  const isMarked = first === marks.quote || first === marks.escape
  if (isMarked ? isBroken : first !== char[0]) return false
  return firstCellOf(bytes, at, end, marks).startsWith(char.toString('latin1'))
}
