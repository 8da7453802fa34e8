import type { Properties } from './generate-types.ts'
import type { Random } from './random.ts'

/** How rows become the text and the bytes of a file, and what the descriptor says of it. */
export interface Form {
  dialect: Properties
  encoding: string | undefined
  /** Bytes before the text. */
  mark: boolean
  lineEnd: '\n' | '\r\n' | '\r' | 'mixed'
  packed: '' | '.gz' | '.zst'
  lastLineEnd: boolean
}

export function makeForm(random: Random): Form {
  const encodings = ['utf-8', 'iso-8859-1', 'windows-1252', 'utf-16', 'utf-16le', 'utf-16be']
  const plain = random.chance(0.75)
  return {
    dialect: random.chance(0.45) ? {} : makeDialect(random),
    encoding: plain ? random.pick([undefined, 'utf-8']) : random.pick(encodings),
    mark: random.chance(0.1),
    lineEnd: random.pick(['\n', '\n', '\r\n', '\n', '\r\n', random.pick(['\r', 'mixed', '\n'])]),
    packed: random.chance(0.1) ? random.pick(['.gz', '.gz', '.zst']) : '',
    lastLineEnd: random.chance(0.85),
  }
}

function makeDialect(random: Random): Properties {
  const some = <T>(part: number, name: string, values: T[]) =>
    random.chance(part) ? { [name]: random.pick(values) } : {}
  const dialect: Properties = {
    ...some(0.6, 'delimiter', [';', '|', '\t', ',', ':', '~']),
    ...some(0.2, 'quoteChar', ["'", '"']),
    ...some(0.1, 'header', [false, true]),
    ...some(0.1, 'headerRows', [[1], [2], [1, 2], [3], [2, 3]]),
    ...some(0.15, 'commentChar', ['#', '//', '%']),
    ...some(0.1, 'commentRows', [[2], [3, 5], [4]]),
    ...some(0.15, 'nullSequence', ['\\N', 'NULL', '-']),
    ...some(0.1, 'skipInitialSpace', [true, false]),
    ...some(0.1, 'lineTerminator', ['\n', '\r\n']),
    ...some(0.1, 'doubleQuote', [true]),
  }
  if (dialect.headerRows) Object.assign(dialect, some(0.5, 'headerJoin', ['-', ' ', '']))
  // The standard has an escape and quotes exclude each other, and a quote that is not doubled.
  if (random.chance(0.12)) {
    dialect.escapeChar = '\\'
    if (random.chance(0.5)) dialect.doubleQuote = false
  }
  return dialect
}

/**
 * @param labels the header's cells; lines above it and comments are made here
 * @returns the bytes of a file
 */
export function write(random: Random, form: Form, labels: string[], rows: string[][]): Buffer {
  const { dialect } = form
  const all = [...headOf(random, dialect, labels), ...rows.map((row) => lineOf(dialect, row))]
  for (const row of (dialect.commentRows as number[] | undefined) ?? []) {
    if (row <= all.length) all.splice(row - 1, 0, 'a remark')
  }
  if (typeof dialect.commentChar === 'string') {
    const head = all.length - rows.length
    const where = random.int(random.chance(0.9) ? head : 0, all.length)
    all.splice(where, 0, `${dialect.commentChar} a remark`)
  }
  const ends = { '\n': ['\n'], '\r\n': ['\r\n'], '\r': ['\r'], mixed: ['\n', '\r\n'] }[form.lineEnd]
  const text = all.map((line) => line + random.pick(ends)).join('')
  const cut = form.lastLineEnd ? text : text.replace(/(\r\n|\n|\r)$/, '')
  return encode(cut, form)
}

function headOf(random: Random, dialect: Properties, labels: string[]): string[] {
  if (dialect.header === false) return []
  const numbers = (dialect.headerRows as number[] | undefined) ?? [1]
  const last = numbers.at(-1)!
  return Array.from({ length: last }, (_, i) => {
    if (numbers.length > 1 && i + 1 === numbers[0]) return lineOf(dialect, groups(random, labels))
    if (i + 1 === last || numbers.includes(i + 1)) return lineOf(dialect, labels)
    return lineOf(dialect, ['a title'])
  })
}

/** The upper of two header rows; the lower one alone then seldom makes the fields' names. */
function groups(random: Random, labels: string[]): string[] {
  return random.chance(0.5) ? [''] : labels.map(() => 'group')
}

function lineOf(dialect: Properties, cells: string[]): string {
  const delimiter = (dialect.delimiter as string | undefined) ?? ','
  const space = dialect.skipInitialSpace ? ' ' : ''
  const line = cells.map((cell) => quoted(cell, dialect, delimiter)).join(delimiter + space)
  const alone = cells.length === 1 && line === ''
  return alone ? '""'.replaceAll('"', (dialect.quoteChar as string) ?? '"') : line
}

function quoted(cell: string, dialect: Properties, delimiter: string): string {
  const quote = (dialect.quoteChar as string | undefined) ?? '"'
  const escaper = dialect.escapeChar as string | undefined
  const comment = (dialect.commentChar as string | undefined) ?? '\0'
  const special = [delimiter, quote, '\n', '\r', ...(escaper ? [escaper] : [])]
  const needs = special.some((one) => cell.includes(one)) || cell.startsWith(comment)
  const spaced = dialect.skipInitialSpace && cell.startsWith(' ')
  if (!needs && !spaced) return cell
  if (!escaper) return quote + cell.replaceAll(quote, quote + quote) + quote
  const safe = cell.replaceAll(escaper, escaper + escaper)
  return quote + safe.replaceAll(quote, escaper + quote) + quote
}

function encode(text: string, { encoding, mark }: Form): Buffer {
  const name = encoding ?? 'utf-8'
  const marked = mark || name === 'utf-16' ? `\ufeff${text}` : text
  if (name === 'utf-8') return Buffer.from(marked)
  if (!name.startsWith('utf-16')) return Buffer.from(narrow(text), 'latin1')
  const little = Buffer.from(marked, 'utf16le')
  return name === 'utf-16be' ? little.swap16() : little
}

function narrow(text: string): string {
  return [...text].map((char) => (char.codePointAt(0)! > 0xff ? '?' : char)).join('')
}
