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
    id: 'null-sequence',
    whose: 'referee',
    sentence: 'This property specifies the null sequence, for example, `\\N`.',
    section: 'Table Dialect: nullSequence',
    // It knows the property's name, and does nothing with it.
    explains: (one) => {
      const { nullSequence } = dialectOf(one)
      return typeof nullSequence === 'string' && one.difference.cells.includes(nullSequence)
    },
  },
  {
    id: 'label-with-blanks',
    whose: 'referee',
    sentence: 'The data source MUST have exactly the same fields as defined in the `fields` array.',
    section: 'Table Schema: fieldsMatch',
    // It takes blanks around a label off.
    explains: ({ side, rule, note }) =>
      side === 'sluice' && rule === 'refused' && /label \d+( is)? "(\s[^"]*|[^"]*\s)"/.test(note),
  },
  {
    id: 'header-that-is-blank',
    whose: 'referee',
    sentence: 'If `true` the first row in the file MUST be interpreted as a header row, not data.',
    section: 'Table Dialect: header',
    // Where the header's row is empty, it checks no label, and takes the fields by their order.
    explains: (one) =>
      one.rule === 'refused' && one.referee.labels.length === 0 && dialectOf(one).header !== false,
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
    id: 'comment-above-the-header',
    whose: 'referee',
    sentence:
      "This property specifies what rows have to be omitted from the data based on the row's " +
      'first characters.',
    section: 'Table Dialect: commentChar, commentRows',
    // Where a comment stands in the header's row, it takes no header, and the header for data.
    explains: (one) => {
      const { commentChar, commentRows } = dialectOf(one)
      const { line } = one.difference
      const above = one.side === 'referee' && one.rule === 'row' && (commentChar || commentRows)
      return Boolean(above) && one.sluice.rows.every((row) => row.line > line!)
    },
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
  {
    id: 'unhashable',
    whose: 'referee',
    sentence: 'If `true`, then all values for that field MUST be unique within the data file',
    section: 'Table Schema: unique, primaryKey, foreignKeys (Fields: all)',
    // It puts values into a set of Python, which has no lists and objects, and breaks off.
    explains: ({ rule, note, side }) =>
      side === 'referee' && rule === 'fault' && note.startsWith("TypeError: unhashable type: '"),
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
