import { literal } from '../names.ts'
import { days, monthOf, months, shift, within } from '../types/calendar.ts'

/**
 * "Any parsable representation": those that can mean one day and one time only. `03/04/2020` can
 * mean two days, `5-Jan-20` too, and `10:11` alone is of no day: they are rejected. A month alone
 * is its first day, as in ISO 8601's calendar and in the data of the field. A name of a weekday is
 * passed over, as strptime does.
 */
export interface Lenient {
  /** An expression over the text `x` that yields the value, or NULL; never an error. */
  value: (x: string) => string
  /** What a person should write, for the message. */
  expected: string
}

export const anyDatetime: Lenient = {
  value: (x) => pieces(x, `(${within(instantOf('p'), ' 23:59:59.999999')})`),
  expected: 'a date and time that can be read in one way only, such as 2026-01-31 10:00',
}

/** A time of day would be cut, unless it is midnight. */
export const anyDate: Lenient = {
  value: (x) =>
    pieces(x, `CASE WHEN p.offset = '' AND ${timeOf('p.clock')} = 0 THEN ${dateOf('p.date')} END`),
  expected: 'a date that can be read in one way only, such as 2026-01-31 or 31 January 2026',
}

export const anyTime: Lenient = {
  value: (x) => `CASE WHEN regexp_full_match(${x}, ${literal(`(?i)${clock}`)})
    THEN (TIMESTAMP '2000-01-01' + to_microseconds(${timeOf(x)}))::TIME END`,
  expected: 'a time such as 10:00 or 10:00:00.5 or 10 pm, without an offset',
}

const tail = '(?::[0-5][0-9](?:\\.[0-9]{1,6}0*)?)?'
const half = `(?:0?[1-9]|1[0-2])(?::[0-5][0-9]${tail})? ?(?:[ap]m|[ap]\\.m\\.)`
const clock = `(?:${half}|(?:2[0-3]|[01]?[0-9]):[0-5][0-9]${tail})`
const offset = '(?:Z|UTC|GMT|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)'
const weekday = `(?:${days.replace(/([a-z]{3})([a-z]*) ?/g, '$1(?:$2)?|')}tues|thurs)`
const month = `(?:${months.replace(/([a-z]{3})([a-z]*) ?/g, '$1(?:$2)?|')}sept)\\.?`

/**
 * What `made` makes of the pieces `p.date`, `p.clock` and `p.offset` of the text, the last two of
 * them perhaps empty.
 */
function pieces(x: string, made: string): string {
  const spread = [
    [`^([0-9]{8})T?([0-9]{2})([0-9]{2})([0-9]{2})(${offset}?)$`, '\\1T\\2:\\3:\\4\\5'],
    [`^([0-9]{8})T([0-9]{2})([0-9]{2})(${offset}?)$`, '\\1T\\2:\\3\\4'],
    // As C's ctime and the command `date` write it, the year at the end.
    [
      `^(?:${weekday} )?(${month} +[0-9]{1,2}) (${clock})( ${offset})? ([0-9]{4})$`,
      '\\1 \\4 \\2\\3',
    ],
  ].reduce((text, [from, to]) => {
    return `regexp_replace(${text}, ${literal(`(?i)${from}`)}, ${literal(to!)})`
  }, x)
  const then = `(?:(?:T|,? +(?:at +)?)(${clock})(?: ?(${offset}))?)?`
  const form = literal(`(?i)^(?:${weekday},? +)?(.+?)${then}$`)
  return `list_transform([regexp_extract(${spread}, ${form}, ['date', 'clock', 'offset'])],
    lambda p: ${made})[1]`
}

function instantOf(p: string): string {
  const minutes = `CASE WHEN strlen(${p}.offset) = 3 THEN '00' ELSE '' END`
  const by = `CASE WHEN regexp_matches(${p}.offset, '^[+-]')
    THEN ${shift(`(${p}.offset || ${minutes})`)} ELSE 0 END`
  return `(${dateOf(`${p}.date`)}::TIMESTAMP + to_microseconds(${timeOf(`${p}.clock`)} - ${by}))`
}

const [of, mark] = ['(?:st|nd|rd|th)?(?: of)?', '[-/, ]']

/** Forms, and which of the text's numbers are year and day; the month is a name. */
const named: [form: string, year: number, day: number | undefined][] = [
  [`[0-9]{1,2}${of}${mark}*${month}${mark}*[0-9]{4}`, 2, 1],
  [`${month}${mark}*[0-9]{1,2}${of}${mark}+[0-9]{4}`, 2, 1],
  [`[0-9]{4}${mark}?${month}${mark}?[0-9]{1,2}`, 1, 2],
  [`${month}${mark}*[0-9]{4}`, 1, undefined],
  [`[0-9]{4}${mark}?${month}`, 1, undefined],
]

/** Numbers alone: those that begin with the year; or where one of the first two is no month. */
function dateOf(t: string): string {
  const n = (i: number) => `TRY_CAST(regexp_extract_all(${t}, '[0-9]+')[${i}] AS INTEGER)`
  const cut = (at: number, length: number) => `TRY_CAST(substr(${t}, ${at}, ${length}) AS INTEGER)`
  const [a, b] = [n(1), n(2)]
  const dayFirst = `(${a} > 12 OR ${a} = ${b})`
  const either = [
    `CASE WHEN ${dayFirst} THEN ${b} WHEN ${b} > 12 THEN ${a} END`,
    `CASE WHEN ${dayFirst} THEN ${a} ELSE ${b} END`,
  ] as const
  const [name, one] = [monthOf(`regexp_extract(${t}, '[A-Za-z]{3,}')`), '[0-9]{1,2}']
  const forms: [form: string, year: string, month: string, day: string][] = [
    [`[0-9]{4}(-${one}-|/${one}/|\\.${one}\\.)${one}`, n(1), n(2), n(3)],
    ['[0-9]{8}', cut(1, 4), cut(5, 2), cut(7, 2)],
    ['[0-9]{4}[-/][0-9]{2}', n(1), n(2), '1'],
    [`${one}/[0-9]{4}`, n(2), n(1), '1'],
    [`(${one}-${one}-|${one}/${one}/|${one}\\.${one}\\.)[0-9]{4}`, n(3), ...either],
    ...named.map(([form, year, day]): [string, string, string, string] => {
      return [form, n(year), name, day ? n(day) : '1']
    }),
  ]
  const cases = forms.map(([form, year, month, day]) => {
    const iso = `printf('%04d-%02d-%02d', NULLIF(${year}, 0), ${month}, ${day})`
    return `WHEN regexp_full_match(${t}, ${literal(`(?i)${form}`)}) THEN ${iso}`
  })
  return `TRY_CAST(CASE ${cases.join('\n')} END AS DATE)`
}

/** Microseconds since midnight. */
function timeOf(clock: string): string {
  const piece = (form: string) =>
    `TRY_CAST('0' || regexp_extract(${clock}, '${form}', 1) AS INTEGER)`
  const pm = `CASE WHEN regexp_matches(${clock}, '[pP]') THEN 12 ELSE 0 END`
  const hour = piece('^([0-9]+)')
  const hours = `CASE WHEN regexp_matches(${clock}, '[aApP]') THEN ${hour} % 12 + ${pm}
    ELSE ${hour} END`
  const minutes = `(${hours}) * 60 + ${piece('^[0-9]+:([0-9]{2})')}`
  const seconds = `(${minutes}) * 60 + ${piece('^[0-9]+:[0-9]{2}:([0-9]{2})')}`
  const digits = `regexp_extract(${clock}, '[.]([0-9]{1,6})', 1)`
  const fraction = `TRY_CAST(rpad(${digits}, 6, '0') AS INTEGER)`
  return `((${seconds}) * 1000000::BIGINT + ${fraction})`
}
