import type { Dialect } from '../contract/dialect.ts'
import type { RowError } from '../rejects.ts'
import { cellsOf, marksOf, newShape, scanRecord } from '../text/record.ts'

/** Of these, no cells are known: their bytes are no record, or no text, or were cut. */
const uncut = new Set(['quote-error', 'encoding-error', 'too-long', 'source-error'])

/**
 * The cells of a kept reject, decoded, as many as it has.
 *
 * @param text the record as it was kept
 * @returns undefined where it cannot be cut
 */
export function keptCells(
  text: string,
  errors: Pick<RowError, 'rule'>[],
  dialect: Dialect,
): string[] | undefined {
  if (errors.some(({ rule }) => uncut.has(rule))) return undefined
  const bytes = Buffer.from(text)
  const marks = marksOf(dialect, 'utf-8')
  const shape = newShape()
  const state = scanRecord(bytes, 0, bytes.length, true, marks, shape)
  if (state !== 'record' || shape.next < bytes.length) return undefined
  const cells = cellsOf(bytes, 0, shape.end, marks)
  return cells.map((cell) => Buffer.from(cell, 'latin1').toString('utf8'))
}
