import { literal } from './names.ts'

/** A type that a column may have, with the marks and the format that its values are written in. */
export interface Form {
  type: string
  format?: string
  decimalChar?: string
  groupChar?: string
  trueValues?: string[]
  falseValues?: string[]
  /** What no value of it lacks: spares DuckDB candidates, and decides nothing. */
  like: RegExp
  /** A regular expression of DuckDB that every value must match, where the type takes more. */
  all?: string
  /** One that some value must match: what can be read in two ways is no evidence of either. */
  some?: string
}

/**
 * The forms that are tried, from the narrowest.
 *
 * @param delimiter of the file's cells: a comma within a cell is a decimal comma where it is no
 *   delimiter; elsewhere `"1,5"` may be a list
 */
export function formsFor(delimiter: string): Form[] {
  const commas = delimiter === ',' ? [] : decimalCommas
  return [...plain, ...grouped, ...commas, ...days, ...moments]
}

const plain: Form[] = [
  {
    type: 'boolean',
    like: /^(true|false)$/i,
    // A boolean of words: 0 and 1 are numbers until somebody says otherwise.
    ...{ trueValues: ['true', 'True', 'TRUE'], falseValues: ['false', 'False', 'FALSE'] },
  },
  { type: 'integer', like: /^[-+\d\s]+$/ },
  { type: 'number', like: /\d|^NaN$|INF$/ },
  { type: 'date', like: /^\d+-\d+-\d+$/ },
  { type: 'datetime', like: /^\d+-\d+-.*\d:/ },
  { type: 'time', like: /^\d+:\d+/ },
  { type: 'object', like: /^\s*\{/ },
  { type: 'array', like: /^\s*\[/ },
]

/** `1,234` alone may be one and a bit: some value has a second comma, or a point behind it. */
const grouped: Form[] = [
  {
    ...{ type: 'integer', groupChar: ',', like: /^-?\d{1,3}(,?\d{3})*$/ },
    ...{ all: '-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)', some: '.*,.*,.*' },
  },
  {
    ...{ type: 'number', groupChar: ',', like: /^-?[\d,]+(\.\d+)?$/ },
    ...{ all: '-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\\.[0-9]+)?', some: '.*,.*[,.].*' },
  },
]

/** `1,234` alone may be a thousand and more: of some value the comma cannot group digits. */
const decimalCommas: Form[] = [
  {
    ...{ type: 'number', decimalChar: ',', like: /^-?\d+(,\d+)?$/ },
    ...{ all: '-?[0-9]+(,[0-9]+)?', some: '.*,([0-9]{1,2}|[0-9]{4,})|-?(0|[0-9]{4,}),.*' },
  },
  {
    ...{ type: 'number', decimalChar: ',', groupChar: '.', like: /^-?[\d.]+(,\d+)?$/ },
    all: '-?([0-9]+|[0-9]{1,3}(\\.[0-9]{3})+)(,[0-9]+)?',
    some: '.*\\..*,.*|.*,([0-9]{1,2}|[0-9]{4,})|-?(0|[0-9]{4,}),.*',
  },
]

/** Beyond twelve it is the day. A year that stands first is followed by the month. */
const orders = [
  { order: '%d-%m-%Y', like: '\\d{1,2}-\\d{1,2}-\\d{4}', some: '(1[3-9]|[23][0-9])\\D.*' },
  { order: '%m-%d-%Y', like: '\\d{1,2}-\\d{1,2}-\\d{4}', some: '\\d+\\D(1[3-9]|[23][0-9])\\D.*' },
  { order: '%Y-%m-%d', like: '\\d{4}-\\d{1,2}-\\d{1,2}', some: '.*' },
]
const marks = ['/', '.', '-']

const days = marks.flatMap((mark) =>
  orders.map(({ order, like, some }): Form => {
    const form = RegExp(`^${like.replaceAll('-', `\\${mark}`)}$`)
    return { type: 'date', format: order.replaceAll('-', mark), like: form, some }
  }),
)

const moments = days.flatMap((day): Form[] =>
  ['%H:%M', '%H:%M:%S'].map((time) => {
    const clock = time.replaceAll(/%./g, '\\d{1,2}')
    const like = RegExp(`${day.like.source.slice(0, -1)} ${clock}$`)
    return { ...day, type: 'datetime', format: `${day.format} ${time}`, like }
  }),
)

/** What of a form a contract says. */
export function propertiesOf({ type, format, decimalChar, groupChar }: Form) {
  const given = Object.entries({ format, decimalChar, groupChar })
  return { type, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) }
}

/** A condition that holds of a column `x` where its values, those `which`, have the form. */
export function heldBy({ all, some }: Form, x: string, which: string): string {
  const match = (form: string) => `regexp_full_match(${x}, ${literal(form)})`
  const each = all === undefined ? 'true' : `coalesce(bool_and(${match(all)}) ${which}, false)`
  const one = some === undefined ? 'true' : `coalesce(bool_or(${match(some)}) ${which}, false)`
  return `${each} AND ${one}`
}
