import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Form, Table } from './round-trip.fixture.ts'

/** Writes random tables (round-trip.fixture.ts) as a person's program would. */

/** The resource's descriptor, and its file. */
export function written({ kinds, rows, form }: Table): { resource: object; file: Buffer } {
  const fields = [{ name: 'id', type: 'integer' }, ...kinds.map(({ field }, i) => named(field, i))]
  const labels = ['id', ...kinds.map((_, i) => `f${i}`)]
  const records = rows.map((row, i) => {
    return [String(i), ...row.map((value) => value?.cell ?? form.missing.at(-1)!)]
  })
  const ordered = [...(form.header ? [labels] : []), ...records].map((cells) => {
    if (form.match === 'exact') return cells
    return form.match === 'equal' ? cells.toReversed() : ['more', ...cells.toReversed()]
  })
  const lines = ordered.flatMap((cells) => {
    const line = cells.map((cell) => cellOf(cell, form)).join(form.delimiter)
    return form.commentChar === undefined ? [line] : [`${form.commentChar} a comment`, line]
  })
  const text = lines.join(form.lineEnd) + (form.lastEnd ? form.lineEnd : '')
  return { resource: resourceOf(fields, form), file: packed(encoded(text, form), form) }
}

function named(field: object, i: number): object {
  return { name: `f${i}`, ...field }
}

function resourceOf(fields: object[], form: Form): object {
  const { delimiter, quote, escapeChar, header, commentChar, missing, match, encoding } = form
  return {
    name: 't',
    path: `t.csv${form.packing}`,
    encoding,
    dialect: {
      ...{ delimiter, quoteChar: quote, header },
      ...(escapeChar === undefined ? {} : { escapeChar, doubleQuote: false }),
      ...(commentChar === undefined ? {} : { commentChar }),
    },
    schema: { fields, missingValues: missing, fieldsMatch: match },
  }
}

/** Quoted where it has to be, or always. */
function cellOf(
  cell: string,
  { delimiter, quote, escapeChar, quoteAll, commentChar }: Form,
): string {
  const marks = [delimiter, quote, escapeChar, commentChar, '\n', '\r', ' ']
  const must = marks.some((mark) => mark !== undefined && cell.includes(mark))
  if (!must && !quoteAll) return cell
  const inner =
    escapeChar === undefined
      ? cell.replaceAll(quote, quote + quote)
      : cell.replaceAll(escapeChar, escapeChar + escapeChar).replaceAll(quote, escapeChar + quote)
  return quote + inner + quote
}

function encoded(text: string, { encoding }: Form): Buffer {
  if (encoding === 'latin-1' || encoding === 'windows-1252') return Buffer.from(text, 'latin1')
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'utf-8-sig') return Buffer.from(`\ufeff${text}`)
  const little = Buffer.from(`\ufeff${text}`, 'utf16le')
  return encoding === 'utf-16' ? little : Buffer.from(text, 'utf16le').swap16()
}

function packed(bytes: Buffer, { packing }: Form): Buffer {
  if (packing === '.gz') return gzipSync(bytes)
  return packing === '.zst' ? zstdCompressSync(bytes) : bytes
}
