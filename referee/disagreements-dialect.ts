import type { Case, Disagreement } from './disagreements.ts'

/** Of the text below the cells: quotes, nulls, comments, the header's rows. */

const dialectOf = ({ resource }: Case) => (resource.dialect ?? {}) as Record<string, unknown>

/** Whether one of Sluice's records within the lines of the referee's row has such an error. */
function hasWithin({ difference, sluice }: Case, rule: string): boolean {
  const { line, until } = difference
  if (line === undefined) return false
  return sluice.rows.some(
    (row) => row.line >= line && row.line <= (until ?? line) && hasRule(row.errors, rule),
  )
}

const hasRule = (errors: { rule: string }[], wanted: string) =>
  errors.some(({ rule }) => rule === wanted)

export const ofDialects: Disagreement[] = [
  {
    id: 'quotes',
    whose: 'referee',
    sentence:
      'This property specifies a character to use for quoting in case the `delimiter` needs to ' +
      'be used inside a data cell. … If true, two consecutive quotes are interpreted as one.',
    section: 'Table Dialect: quoteChar, doubleQuote (as RFC 4180, 5 to 7)',
    // A quote that is not closed, or text behind it, has no reading: it takes the rest as a cell.
    explains: (one) => one.rule === 'quote-error' || hasWithin(one, 'quote-error') || inside(one),
  },
  {
    id: 'header-that-is-blank',
    whose: 'referee',
    sentence: 'If `true` the first row in the file MUST be interpreted as a header row, not data.',
    section: 'Table Dialect: header',
    // Where the header's row is empty, it checks no label, and takes the fields by their order.
    explains: (one) =>
      one.rule === 'refused' &&
      /(blank|missing|incorrect|duplicate)-(header|label)/.test(one.note) &&
      one.referee.labels.length === 0 &&
      dialectOf(one).header !== false,
  },
  {
    id: 'header-with-a-broken-quote',
    whose: 'referee',
    sentence: 'If true, two consecutive quotes are interpreted as one.',
    section: 'Table Dialect: doubleQuote',
    explains: ({ rule, note, referee }) =>
      rule === 'refused' && /is broken/.test(note) && /["'\n]/.test(referee.labels.join()),
  },
  {
    id: 'nothing-but-comments',
    whose: 'referee',
    sentence: 'This property specifies what rows have to be omitted from the data.',
    section: 'Table Dialect: commentRows',
    // It says that the source is empty; there is a file, without a record in it.
    explains: (one) =>
      one.rule === 'source-error' &&
      one.note === 'the source is empty' &&
      dialectOf(one).header === false &&
      one.sluice.rows.length === 0,
  },
]

/** Whether the line lies within a row of the referee that swallowed an unclosed quote's lines. */
function inside(one: Case): boolean {
  const { line } = one.difference
  if (line === undefined || one.rule !== 'row' || one.side !== 'sluice') return false
  return one.referee.rows.some(({ lines }) => {
    const [from, to] = lines
    if (from >= line || to < line) return false
    return hasWithin(
      { ...one, difference: { ...one.difference, line: from, until: to } },
      'quote-error',
    )
  })
}
