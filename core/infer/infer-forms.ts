import { literal } from '../names.ts'

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
  /** Whether it is tried of a column, too, that begins empty. */
  late?: true
  /** How files are written that have such a value. */
  shows?: Custom
  /** Where every value can be read in two ways: the form of each. */
  readings?: Reading[]
}

/** What is before the decimals; what of a date stands first. */
export type Custom = 'point' | 'comma' | 'day first' | 'month first'

/** One of two ways to read a value: the custom of the file that it would be of. */
interface Reading {
  custom: Custom
  /** The custom, as a clause. */
  where: string
  form: Form
}

/**
 * The forms that are tried, from the narrowest.
 *
 * @param delimiter of the file's cells: a comma within a cell is a decimal comma where it is no
 *   delimiter; elsewhere `"1,5"` may be a list
 */
export function formsFor(delimiter: string): Form[] {
  const commas = delimiter === ',' ? quotedCommas : decimalCommas
  return [...plain, ...grouped, ...commas, twofoldComma, ...days, ...moments, ...twofoldDays]
}

/** One point and three digits behind it: of a number, or of a thousand and more. */
const twofoldPoint: Form = {
  ...{ type: 'number', like: /^\s*-?\d+(\.\d{3})?\s*$|^NaN$|INF$/, late: true },
  ...{ all: twofold('\\.'), some: '.*\\..*' },
  readings: [
    {
      ...{ custom: 'comma', where: 'its point groups thousands' },
      form: { type: 'integer', groupChar: '.', like: /./ },
    },
    { custom: 'point', where: 'its point begins decimals', form: { type: 'number', like: /./ } },
  ],
}

/** The same of a comma. */
const twofoldComma: Form = {
  ...{ type: 'number', decimalChar: ',', like: /^\s*-?\d+(,\d{3})?\s*$/ },
  ...{ all: twofold(','), some: '.*,.*' },
  readings: [
    {
      ...{ custom: 'point', where: 'its comma groups thousands' },
      form: { type: 'integer', groupChar: ',', like: /./ },
    },
    {
      ...{ custom: 'comma', where: 'its comma begins decimals' },
      form: { type: 'number', decimalChar: ',', like: /./ },
    },
  ],
}

/** No group of thousands begins with a zero: `0.125` has one reading. */
function twofold(mark: string): string {
  return `\\s*-?([0-9]+|[1-9][0-9]{0,2}${mark}[0-9]{3})\\s*|NaN|-?INF`
}

const plain: Form[] = [
  {
    type: 'boolean',
    like: /^(true|false)$/i,
    // A boolean of words: 0 and 1 are numbers until somebody says otherwise.
    ...{ trueValues: ['true', 'True', 'TRUE'], falseValues: ['false', 'False', 'FALSE'] },
  },
  { type: 'integer', like: /^[-+\d\s]+$/ },
  twofoldPoint,
  { type: 'number', like: /\d|^NaN$|INF$/, some: '.*\\..*', late: true, shows: 'point' },
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
    ...{ type: 'integer', groupChar: ',', like: /^-?\d{1,3}(,?\d{3})*$/, shows: 'point' },
    ...{ all: '-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)', some: '.*,.*,.*' },
  },
  {
    ...{ type: 'number', groupChar: ',', like: /^-?[\d,]+(\.\d+)?$/, shows: 'point' },
    ...{ all: '-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\\.[0-9]+)?', some: '.*,.*[,.].*' },
  },
  // Three points in each would be an address of the internet: some value has two.
  {
    ...{ type: 'integer', groupChar: '.', like: /^-?\d{1,3}(\.?\d{3})*$/, shows: 'comma' },
    ...{ all: '-?([0-9]+|[0-9]{1,3}(\\.[0-9]{3})+)', some: '[^.]*\\.[^.]*\\.[^.]*' },
  },
]

/** `1,234` alone may be a thousand and more: of some value the comma cannot group digits. */
const decimalCommas: Form[] = [
  {
    ...{ type: 'number', decimalChar: ',', like: /^-?\d+(,\d+)?$/, shows: 'comma' },
    ...{ all: '-?[0-9]+(,[0-9]+)?', some: '.*,([0-9]{1,2}|[0-9]{4,})|-?(0|[0-9]{4,}),.*' },
  },
  {
    ...{ type: 'number', decimalChar: ',', groupChar: '.', like: /^-?[\d.]+(,\d+)?$/ },
    ...{ all: '-?([0-9]+|[0-9]{1,3}(\\.[0-9]{3})+)(,[0-9]+)?', shows: 'comma' },
    some: '.*\\..*,.*|.*,([0-9]{1,2}|[0-9]{4,})|-?(0|[0-9]{4,}),.*',
  },
]

/** Where a comma ends cells, `"1,5"` may be a list; `"1.234,5"` is none. */
const quotedCommas: Form[] = [{ ...decimalCommas[1]!, some: '.*\\..*,.*' }]

/** Beyond twelve it is the day. A year that stands first is followed by the month. */
const orders: { order: string; like: string; some: string; shows?: Custom }[] = [
  {
    ...{ order: '%d-%m-%Y', like: '\\d{1,2}-\\d{1,2}-\\d{4}', shows: 'day first' },
    some: '(1[3-9]|[23][0-9])\\D.*',
  },
  {
    ...{ order: '%m-%d-%Y', like: '\\d{1,2}-\\d{1,2}-\\d{4}', shows: 'month first' },
    some: '\\d+\\D(1[3-9]|[23][0-9])\\D.*',
  },
  { order: '%Y-%m-%d', like: '\\d{4}-\\d{1,2}-\\d{1,2}', some: '.*' },
]
const marks = ['/', '.', '-']

const days = marks.flatMap((mark) =>
  orders.map(({ order, like, some, shows }): Form => {
    const form = RegExp(`^${like.replaceAll('-', `\\${mark}`)}$`)
    const format = order.replaceAll('-', mark)
    return { type: 'date', format, like: form, some, ...(shows && { shows }) }
  }),
)

const moments = days.flatMap((day): Form[] =>
  ['%H:%M', '%H:%M:%S'].map((time) => {
    const clock = time.replaceAll(/%./g, '\\d{1,2}')
    const like = RegExp(`${day.like.source.slice(0, -1)} ${clock}$`)
    return { ...day, type: 'datetime', format: `${day.format} ${time}`, like }
  }),
)

/** Of days and months up to twelve nobody knows which is which. */
const twofoldDays = [...days, ...moments].flatMap((form): Form[] => {
  if (form.shows !== 'day first') return []
  const { some: _, shows: __, ...dayFirst } = form
  const format = dayFirst.format!.replace(/^%d(.)%m/, '%m$1%d')
  const monthFirst = { ...dayFirst, format }
  const readings: Reading[] = [
    { custom: 'day first', where: 'the day stands first', form: dayFirst },
    { custom: 'month first', where: 'the month stands first', form: monthFirst },
  ]
  return [{ ...dayFirst, readings }]
})

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
