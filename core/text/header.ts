import { open } from 'node:fs/promises'
import type { Contract } from '../contract/contract.ts'
import type { Field } from '../contract/field.ts'
import { matchLabels } from '../contract/labels.ts'
import { Refused } from '../errors.ts'
import { readHeaderRows } from './header-rows.ts'
import type { PlainText } from './plain-text.ts'

/** How the object's cells lie: which field each is, and where the records begin. */
export interface Layout {
  /** Which field each cell of a record is; undefined for one that no field names: passed over. */
  fields: (Field | undefined)[]
  /** Bytes of the text before the first record. */
  start: number
  /** Lines before the first record; and rows, comments among them. */
  lines: number
  rows: number
  /** Whether the header is one plain line, which DuckDB may skip by itself. */
  plain: boolean
  /** The header's labels, a name for each cell, where there is a header. */
  labels?: string[]
  /** What of the header was unexpected, and is allowed by `fieldsMatch`; each a sentence. */
  drift: string[]
}

/** A header, or the sample that shows its width, is looked for in so many first bytes. */
const HEAD = 4 << 20

/**
 * Reads the header and matches it against the contract.
 *
 * @throws Refused with every header error: `missing-label`, `extra-label`, `incorrect-label`,
 *   `blank-label`, `duplicate-label`, `unmatched-header`, `blank-header`; `source-error` for an
 *   empty object
 */
export async function readLayout(text: PlainText, contract: Contract): Promise<Layout> {
  const { bytes, all } = await head(text)
  if (bytes.length === 0) throw new Refused('source-error: the object is empty')
  const { dialect } = contract
  if (!dialect.header) return unnamed(text, contract)
  const { labels, next, lines, rows, plain } = readHeaderRows(bytes, all, dialect, text.encoding)
  return { ...matchLabels(labels, contract), labels, start: text.bom + next, lines, rows, plain }
}

/** Without a header there are no names to match by: cells are the fields in their order. */
function unnamed({ bom }: PlainText, { fields }: Contract): Layout {
  return { fields, start: bom, lines: 0, rows: 0, plain: true, drift: [] }
}

async function head(text: PlainText): Promise<{ bytes: Buffer; all: boolean }> {
  if (text.bytes) return { bytes: text.bytes.subarray(text.bom), all: true }
  await using file = await open(text.path)
  const { size } = await file.stat()
  const length = Math.min(HEAD, size)
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, text.bom)
  return { bytes: buffer.subarray(0, bytesRead), all: text.bom + bytesRead === size }
}
