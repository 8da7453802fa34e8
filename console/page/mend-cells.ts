import type { MendRow } from '../shapes.ts'

/**
 * The cells of a record as they are sent to be replayed. One that nobody touched stays as it came,
 * to the byte; those behind the last column stay out.
 *
 * @param changed what was written, by the place of its cell
 */
export function mendedCells(
  cells: MendRow['cells'],
  changed: Record<number, string>,
): MendRow['cells'] {
  return cells.flatMap(({ label, value }, at) => {
    const written = changed[at]
    if (label === '') return []
    if (written === undefined) return { label, value }
    // A browser makes a line feed of every line end; the record has its own.
    const isCrlf = /\r\n/.test(value) && !/(?<!\r)\n/.test(value)
    return { label, value: isCrlf ? written.replaceAll(/\r?\n/g, '\r\n') : written }
  })
}
