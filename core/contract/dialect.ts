import { Refused } from '../errors.ts'
import { byteEncodingOf, type Encoding, encode } from '../text/text-encoding.ts'
import { type DialectDescriptor, where } from './descriptor.ts'

/** How the text of an object is cut into rows and cells. */
export interface Dialect {
  header: boolean
  /** Whether the descriptor says so itself, or left it open. */
  headerDeclared: boolean
  /** Rows of the file, from 1 and in their order; comments, blank ones and others count. */
  headerRows: number[]
  /** What stands between the labels of several header rows. */
  headerJoin: string
  caseSensitiveHeader: boolean
  /** What a row's first cell begins with where the row is a comment. */
  commentChar: string | undefined
  /** Rows of the file that are comments, counted as `headerRows` are. */
  commentRows: number[]
  /** One character or several. */
  delimiter: string
  /** One ASCII character; '' where nothing is quoted. */
  quote: string
  /** One ASCII character that takes its meaning from the next one. */
  escape: string | undefined
  /** Whether two quotes in a quoted cell are one. */
  doubleQuote: boolean
  skipInitialSpace: boolean
}

/** What a text has that is records and nothing else. */
export const recordsOnly = {
  ...{ header: false, headerDeclared: true, headerRows: [], headerJoin: ' ' },
  ...{ commentChar: undefined, commentRows: [] },
} satisfies Partial<Dialect>

type Where = { file: string; path: (string | number)[] }

/**
 * Table Dialect (https://datapackage.org/standard/table-dialect/) of a delimited text. Properties
 * of other formats are ignored, as it asks, and so is what it does not know. A `dialect` as
 * frictionless writes it, with the properties of CSV in a `csv` of their own and `headerCase`, is
 * read, too.
 *
 * @param at the path of the dialect in its file, for the message
 * @throws Refused for what cannot be
 */
export function parseDialect(
  found: DialectDescriptor | undefined,
  format: string | undefined,
  at: Where,
): Dialect {
  const given = { ...found?.csv, ...found }
  const headerRows = [...new Set(given.headerRows ?? [1])].toSorted((a, b) => a - b)
  const dialect: Dialect = {
    header: (given.header ?? true) && headerRows.length > 0,
    headerDeclared: isGiven(given.header) || isGiven(given.headerRows),
    headerRows,
    headerJoin: given.headerJoin ?? ' ',
    caseSensitiveHeader: given.caseSensitiveHeader ?? given.headerCase ?? true,
    commentChar: given.commentChar || undefined,
    commentRows: given.commentRows ?? [],
    delimiter: given.delimiter ?? (format === 'tsv' ? '\t' : ','),
    quote: given.quoteChar ?? '"',
    escape: given.escapeChar ?? undefined,
    doubleQuote: given.doubleQuote ?? true,
    skipInitialSpace: given.skipInitialSpace ?? false,
  }
  check(dialect, given.lineTerminator ?? '\r\n', at)
  // The quote before a quote is what doubling is.
  if (dialect.escape !== dialect.quote) return dialect
  return { ...dialect, escape: undefined, doubleQuote: true }
}

/** The texts that mean no value beside a schema's own: one, or none. */
export function nullSequenceOf(found: DialectDescriptor | undefined): string[] {
  const sequence = found?.nullSequence ?? found?.csv?.nullSequence
  return sequence === null || sequence === undefined ? [] : [sequence]
}

/**
 * @param encoding of the resource
 * @throws Refused for marks that cannot be searched for in its bytes
 */
export function checkMarks(dialect: Dialect, encoding: Encoding, at: Where): void {
  const text = byteEncodingOf(encoding)
  const { delimiter, quote, escape: escapeChar = '', commentChar = '' } = dialect
  const marks = { delimiter, quoteChar: quote, escapeChar, commentChar }
  for (const [name, mark] of Object.entries(marks)) {
    if (encode(mark, text)) continue
    refuse(at, name, mark, `what ${encoding} has as bytes of its own; convert the file to utf-8`)
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function refuse(at: Where, name: string, value: unknown, allowed: string): never {
  const path = where([...at.path, name])
  throw new Refused(`${at.file}: ${path}: found ${JSON.stringify(value)}; allowed: ${allowed}`)
}

/** Line ends are seen in the text itself, so only what is none of them matters. */
function check(dialect: Dialect, lineTerminator: string, at: Where): void {
  const { delimiter, quote, escape: mark, commentChar = '' } = dialect
  const character = /^[^\n\r\0\x80-\uffff]$/
  if (!/^(\n|\r\n|\r)$/.test(lineTerminator)) {
    refuse(at, 'lineTerminator', lineTerminator, '\\n, \\r\\n, \\r (rows are lines)')
  }
  if (delimiter === '' || /[\n\r\0]/.test(delimiter)) {
    refuse(at, 'delimiter', delimiter, 'one character or several, without a line end or NUL')
  }
  if (quote !== '' && !character.test(quote)) {
    refuse(at, 'quoteChar', quote, "one ASCII character; '' where nothing is quoted")
  }
  if (mark !== undefined && !character.test(mark)) {
    refuse(at, 'escapeChar', mark, 'one ASCII character')
  }
  if (quote !== '' && delimiter.includes(quote)) {
    refuse(at, 'quoteChar', quote, 'a character that is not in the delimiter')
  }
  if (mark !== undefined && delimiter.includes(mark)) {
    refuse(at, 'escapeChar', mark, 'a character that is not in the delimiter')
  }
  if (/[\n\r\0]/.test(commentChar)) {
    refuse(at, 'commentChar', commentChar, 'characters without a line end or NUL')
  }
}
