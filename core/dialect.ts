import { type DialectDescriptor, where } from './descriptor.ts'
import { Refused } from './errors.ts'

/** How the text of an object is cut into records and cells. Characters are single and ASCII. */
export interface Dialect {
  header: boolean
  /** Whether the descriptor says so itself, or left it open. */
  headerDeclared: boolean
  caseSensitiveHeader: boolean
  delimiter: string
  quote: string
  /** A character before a quote, or undefined where a quote is doubled. */
  escape: string | undefined
  skipInitialSpace: boolean
}

export type Encoding = 'utf-8' | 'latin-1' | 'utf-16' | 'utf-16le' | 'utf-16be'

/** Of the standard, not built yet; the values are those that change nothing. */
const unbuilt: Record<string, unknown[]> = {
  headerRows: [1],
  headerJoin: [' '],
  commentRows: [],
  commentChar: [],
  nullSequence: [],
  sheetName: [],
  sheetNumber: [],
  itemType: [],
  itemKeys: [],
  property: [],
  table: [],
}

/**
 * Table Dialect (https://datapackage.org/standard/table-dialect/); `lineTerminator` and
 * `csvddfVersion` say nothing that we do not see for ourselves.
 *
 * @param at the path of the dialect in its file, for the message
 * @throws Refused for what is not built, or cannot be
 */
export function parseDialect(
  found: DialectDescriptor | string | undefined,
  format: string | undefined,
  at: { file: string; path: (string | number)[] },
): Dialect {
  const refuse = (name: string, value: unknown, allowed: string): never => {
    const path = where([...at.path, name])
    throw new Refused(`${at.file}: ${path}: found ${JSON.stringify(value)}; allowed: ${allowed}`)
  }
  if (typeof found === 'string') return refuse('', found, 'an object (a path is not built yet)')
  const given = found ?? {}
  for (const [name, harmless] of Object.entries(unbuilt)) {
    const value = given[name]
    if (value === undefined || value === null || harmless.some((same) => alike(value, same))) {
      continue
    }
    refuse(name, value, 'nothing else than the default (not built yet)')
  }
  const character = (name: 'delimiter' | 'quoteChar' | 'escapeChar', fallback?: string) => {
    const value = given[name] ?? fallback
    if (value === undefined || (/^[\t\x20-\x7e]$/.test(value) && !/[0-9A-Za-z]/.test(value)))
      return value
    return refuse(name, value, 'one ASCII character that is no letter or digit')
  }
  if (given.doubleQuote === false && given.escapeChar === undefined) {
    refuse('doubleQuote', false, 'true, or false with an escapeChar')
  }
  const dialect: Dialect = {
    header: given.header ?? true,
    headerDeclared: given.header !== undefined || given.headerRows !== undefined,
    caseSensitiveHeader: given.caseSensitiveHeader ?? true,
    delimiter: character('delimiter', format === 'tsv' ? '\t' : ',')!,
    quote: character('quoteChar', '"')!,
    escape: character('escapeChar'),
    skipInitialSpace: given.skipInitialSpace ?? false,
  }
  if (dialect.escape === dialect.quote) dialect.escape = undefined
  if (dialect.delimiter === dialect.quote) refuse('quoteChar', dialect.quote, 'not the delimiter')
  if (dialect.delimiter === dialect.escape)
    refuse('escapeChar', dialect.escape, 'not the delimiter')
  return dialect
}

function alike(value: unknown, same: unknown): boolean {
  return value === same || (Array.isArray(value) && value.length === 1 && value[0] === same)
}

const encodings: Record<string, Encoding> = {
  'utf-8': 'utf-8',
  'utf-8-sig': 'utf-8',
  utf8: 'utf-8',
  ascii: 'utf-8',
  'us-ascii': 'utf-8',
  'latin-1': 'latin-1',
  latin1: 'latin-1',
  'iso-8859-1': 'latin-1',
  'iso8859-1': 'latin-1',
  'utf-16': 'utf-16',
  utf16: 'utf-16',
  'utf-16le': 'utf-16le',
  'utf-16-le': 'utf-16le',
  'utf-16be': 'utf-16be',
  'utf-16-be': 'utf-16be',
}

/** @throws Refused for an encoding that is not built */
export function parseEncoding(found: string, file: string, path: (string | number)[]): Encoding {
  const encoding = encodings[found.toLowerCase().replaceAll('_', '-')]
  if (encoding) return encoding
  throw new Refused(
    `${file}: ${where(path)}: found ${JSON.stringify(found)}; allowed: utf-8, latin-1, utf-16`,
  )
}
