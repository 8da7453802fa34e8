import { open } from 'node:fs/promises'
import type { Contract } from './contract.ts'
import type { Dialect } from './dialect.ts'
import { Refused } from './errors.ts'
import type { Field } from './field.ts'
import type { PlainText } from './plain-text.ts'
import { cellsOf, marksOf, newShape, scanRecord } from './record.ts'

/** How the object's cells lie: which field each is, and where the records begin. */
export interface Layout {
  /** The contract's fields in the order of the object's cells. */
  fields: Field[]
  /** Bytes of the text before the first record. */
  start: number
  /** Lines before the first record. */
  lines: number
  /** Whether the header is one plain line, which DuckDB may skip by itself. */
  plain: boolean
}

/** A header, or the sample that shows its width, is looked for in so many first bytes. */
const HEAD = 4 << 20

/**
 * Reads the header and matches it against the contract.
 *
 * @throws Refused with every header error: `missing-label`, `extra-label`, `incorrect-label`,
 *   `blank-label`, `duplicate-label`, `blank-header`, `source-error` for an empty object
 */
export async function readLayout(text: PlainText, contract: Contract): Promise<Layout> {
  const { bytes, all } = await head(text)
  if (bytes.length === 0) throw new Refused('source-error: the object is empty')
  const { dialect } = contract
  if (!dialect.header) return { fields: contract.fields, start: text.bom, lines: 0, plain: true }
  const sample = readSample(bytes, all, dialect)
  const first = sample[0]
  if (!first) throw new Refused('blank-header: the header is broken, or longer than 4 MiB')
  const labels = first.labels.map((cell) => decode(cell, text))
  checkWidth(sample, dialect)
  return {
    fields: matched(labels, contract),
    start: text.bom + first.next,
    lines: first.lines,
    plain: first.lines === 1 && !first.labels.some((cell) => /[\r\n]/.test(cell)),
  }
}

async function head(text: PlainText): Promise<{ bytes: Buffer; all: boolean }> {
  if (text.bytes) return { bytes: text.bytes.subarray(text.bom), all: true }
  await using file = await open(text.path)
  const { size } = await file.stat()
  const length = Math.min(HEAD, size)
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, text.bom)
  return { bytes: buffer.subarray(0, bytesRead), all: text.bom + bytesRead === size }
}

type Sampled = { labels: string[]; width: number; next: number; lines: number }

/** Up to a hundred records: the header and what says how wide the table is. */
function readSample(bytes: Buffer, all: boolean, dialect: Dialect): Sampled[] {
  const marks = marksOf(dialect)
  const shape = newShape()
  const sample: Sampled[] = []
  for (let at = 0; at < bytes.length && sample.length < 100; at = shape.next) {
    if (scanRecord(bytes, at, bytes.length, all, marks, shape) !== 'record') break
    // Of the header its labels are wanted, of the others only how wide they are.
    const labels = at === 0 ? cellsOf(bytes, at, shape.end, marks) : []
    const width = shape.end === at ? 0 : shape.cells
    sample.push({ labels, width, next: shape.next, lines: shape.innerLines + 1 })
  }
  return sample
}

/** Cells are bytes yet: UTF-8 or latin-1. */
function decode(cell: string, text: PlainText): string {
  return text.encoding === 'latin-1' ? cell : Buffer.from(cell, 'latin1').toString('utf8')
}

/**
 * A first line far narrower or wider than what follows is a title or a comment, not a header, even
 * if its words fit; the referee looks for the header below it, we refuse to guess. Far is more than
 * a tenth of the mean width of the first hundred records (frictionless, `Detector.detect_dialect`).
 */
function checkWidth(sample: Sampled[], dialect: Dialect): void {
  if (dialect.headerDeclared) return
  const widths = sample.map((record) => record.width)
  const mean = roundHalfEven(widths.reduce((sum, width) => sum + width, 0) / widths.length)
  const drift = Math.max(roundHalfEven(mean * 0.1), 1)
  if (Math.abs(widths[0]! - mean) <= drift || !widths.some((w) => Math.abs(w - mean) <= drift))
    return
  throw new Refused(
    `incorrect-label: the header has ${widths[0]} labels, and the records have about ${mean} ` +
      'cells; mend the file, or say `dialect: {header: true}` to have each record judged',
  )
}

/** Python's round(), which the rule above is written in. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function matched(labels: string[], contract: Contract): Field[] {
  const { fields, dialect } = contract
  const same = (a: string, b: string) =>
    dialect.caseSensitiveHeader ? a === b : a.toLowerCase() === b.toLowerCase()
  const errors =
    contract.fieldsMatch === 'exact'
      ? exactErrors(labels, fields, same)
      : equalErrors(labels, fields, same)
  if (errors.length > 0) throw new Refused(errors.join('; '))
  if (contract.fieldsMatch === 'exact') return fields
  return labels.map((label) => fields.find((field) => same(field.name, label))!)
}

type Same = (a: string, b: string) => boolean

function exactErrors(labels: string[], fields: Field[], same: Same): string[] {
  const errors: string[] = []
  for (let i = 0; i < Math.max(labels.length, fields.length); i++) {
    const label = labels[i]
    const name = fields[i]?.name
    const where = `label ${i + 1}`
    if (label === undefined) errors.push(`missing-label: ${where} ${quoted(name)} is not there`)
    else if (name === undefined) errors.push(`extra-label: ${where} ${quoted(label)} is no field`)
    else if (label === '')
      errors.push(`blank-label: ${where} is blank; ${quoted(name)} is expected`)
    else if (!same(label, name)) {
      errors.push(`incorrect-label: ${where} is ${quoted(label)}; ${quoted(name)} is expected`)
    }
  }
  return errors
}

function equalErrors(labels: string[], fields: Field[], same: Same): string[] {
  const errors: string[] = []
  for (const [i, label] of labels.entries()) {
    const where = `label ${i + 1}`
    if (labels.findIndex((other) => same(other, label)) < i) {
      errors.push(`duplicate-label: ${where} ${quoted(label)} stands there before`)
    } else if (!fields.some((field) => same(field.name, label))) {
      errors.push(`extra-label: ${where} ${quoted(label)} is no field`)
    }
  }
  for (const { name } of fields) {
    if (!labels.some((label) => same(label, name))) {
      errors.push(`missing-label: field ${quoted(name)} is not in the header`)
    }
  }
  return errors
}

function quoted(text: string | undefined): string {
  return JSON.stringify(text)
}
