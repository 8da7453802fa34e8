import type { Contract } from '../core/contract/contract.ts'
import { listed, mark } from './words.ts'

/** What is not the default of how a text is cut into cells, and of how its header is read. */
export function dialectWords({ dialect, fieldsMatch }: Contract): string[] {
  const { delimiter, quote, escape: escapeChar, doubleQuote, commentChar, commentRows } = dialect
  const told: [boolean, string][] = [
    [delimiter !== ',', `Cells are parted by ${mark(delimiter)}.`],
    [quote === '', 'Nothing is quoted.'],
    [quote !== '' && quote !== '"', `Cells are quoted by ${mark(quote)}.`],
    [quote !== '' && !doubleQuote, 'A quote ends its cell, always: none is doubled.'],
    [escapeChar !== undefined, `${mark(escapeChar ?? '')} takes the next character as it is.`],
    [dialect.skipInitialSpace, 'Spaces before a cell are no part of it.'],
    [commentChar !== undefined, `A row that begins with ${mark(commentChar ?? '')} is a comment.`],
    [
      commentRows.length > 0,
      `${rows(commentRows)} ${commentRows.length > 1 ? 'are no records' : 'is no record'}.`,
    ],
  ]
  const header = dialect.header ? headerWords({ dialect, fieldsMatch }) : [headerless]
  return [...told.flatMap(([isSo, sentence]) => (isSo ? [sentence] : [])), ...header]
}

const headerless = 'There is no header: cells are the fields, in their order.'

const matches: Record<Contract['fieldsMatch'], string> = {
  exact: 'The header has all the fields, in their order, and no more.',
  equal: 'The header has all the fields, in any order, and no more.',
  subset: 'The header has all the fields, in any order; other columns are passed over.',
  superset: 'The header may lack fields, which are null then, and has no other columns.',
  partial:
    'The header has one of the fields at least: those that it lacks are null, and other columns ' +
    'are passed over.',
}

function headerWords({ dialect, fieldsMatch }: Pick<Contract, 'dialect' | 'fieldsMatch'>) {
  const { headerRows, headerJoin, caseSensitiveHeader } = dialect
  const join = headerJoin === '' ? 'nothing between them' : `${mark(headerJoin)} between them`
  const joined = headerRows.length > 1 ? `, with ${join}` : ''
  const isFirst = headerRows.length === 1 && headerRows[0] === 1
  const place = `The header is ${rows(headerRows).toLowerCase()}${joined}.`
  const anyCase = 'Capital and small letters of the header are one.'
  return [
    ...(isFirst ? [] : [place]),
    matches[fieldsMatch],
    ...(caseSensitiveHeader ? [] : [anyCase]),
  ]
}

function rows(numbers: number[]): string {
  return `Row${numbers.length > 1 ? 's' : ''} ${listed(numbers.map(String))}`
}
