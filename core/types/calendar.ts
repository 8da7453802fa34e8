import { literal } from '../names.ts'

export type Kind = 'date' | 'time' | 'datetime'
type Part = (name: string) => string | undefined

/**
 * From the parts that a pattern has read to a date, a time or an instant: SQL that is NULL where
 * the calendar has none, and never an error.
 *
 * @param part the expression of the text that a directive has read; undefined where there is none
 */
export function made(kind: Kind, part: Part): string {
  const time = microseconds(part)
  if (kind === 'time') return `(TIMESTAMP '2000-01-01' + to_microseconds(${time}))::TIME`
  if (kind === 'date') return `CASE WHEN ${time} = 0 THEN ${dateOf(part)} END`
  const local = `(${dateOf(part)}::TIMESTAMP + to_microseconds(${time}))`
  const offset = part('z')
  if (offset === undefined) return local
  const utc = within(`(${local} - to_microseconds(${shift(offset)}))`, ' 23:59:59.999999')
  return `(${utc}) AT TIME ZONE 'UTC'`
}

/** Years of four digits from 0001. */
export function within(value: string, last = ''): string {
  return `CASE WHEN ${value} BETWEEN '0001-01-01' AND '9999-12-31${last}' THEN ${value} END`
}

const int = (text: string | undefined) => `TRY_CAST(${text} AS INTEGER)`

/** Of the first day of a year, days are counted on; of a month and day, the calendar must know. */
function dateOf(part: Part): string {
  const year = yearOf(part)
  const first = `TRY_CAST(printf('%04d-01-01', ${year}) AS DATE)`
  if (part('j')) return within(`(${first} + (${int(part('j'))} - 1))`)
  if (part('G')) return within(`(${first} + (${inIsoWeek(part, first)}))`)
  if (part('U') ?? part('W')) return within(`(${first} + (${inWeek(part, first)}))`)
  const name = part('b') ?? part('B')
  const month = name ? monthOf(name) : part('m') ? int(part('m')) : '1'
  const day = part('d') ? int(part('d')) : '1'
  return `TRY_CAST(printf('%04d-%02d-%02d', ${year}, ${month}, ${day}) AS DATE)`
}

/** From 1 on; of two digits, those up to 68 are of this century, as POSIX has it. */
function yearOf(part: Part): string {
  if (!part('y')) return `NULLIF(${int(part('Y') ?? part('G'))}, 0)`
  const y = int(part('y'))
  return `(${y} + CASE WHEN ${y} <= 68 THEN 2000 ELSE 1900 END)`
}

/** Days since the first of January, which is in the week of the 4th, or in the one before. */
function inIsoWeek(part: Part, first: string): string {
  return `7 * ${int(part('V'))} + ${weekday(part)} - 3 - isodow(${first} + 3)::INTEGER`
}

/** Days since the first of January. Its week is 0, but 1 where it is whole: so strptime counts. */
function inWeek(part: Part, first: string): string {
  const week = int(part('U') ?? part('W'))
  const [from, on] = part('U')
    ? [`dayofweek(${first})::INTEGER`, `((${weekday(part)} + 1) % 7)`]
    : [`(isodow(${first})::INTEGER - 1)`, weekday(part)]
  return `7 * (${week} - CASE WHEN ${week} > 0 AND ${from} = 0 THEN 1 ELSE 0 END) + ${on} - ${from}`
}

/** Monday is 0. */
function weekday(part: Part): string {
  const name = part('a') ?? part('A')
  if (name) return `(${placeOf(name, days)} - 1)`
  return part('w') ? `((${int(part('w'))} + 6) % 7)` : `(${int(part('u'))} - 1)`
}

/** Of a month's name, or its first three letters. */
export function monthOf(name: string): string {
  return placeOf(name, months)
}

function placeOf(name: string, names: string): string {
  const list = shortened(names).split(' ').map(literal).join(', ')
  return `list_position([${list}], lower(left(${name}, 3)))`
}

/** Since midnight; of the 60th second there is none. */
function microseconds(part: Part): string {
  const number = (name: string) => (part(name) ? `${int(part(name))}` : '0')
  const noon = `CASE WHEN lower(${part('p')}) = 'pm' THEN 12 ELSE 0 END`
  const hour = part('I') ? `(${number('I')} % 12 + ${noon})` : number('H')
  const second = part('S') ? `CASE WHEN ${number('S')} < 60 THEN ${number('S')} END` : '0'
  const fraction = part('f') ? int(`rpad(${part('f')}, 6, '0')`) : '0'
  return `(((${hour} * 60 + ${number('M')}) * 60 + ${second}) * 1000000::BIGINT + ${fraction})`
}

/** Microseconds of an offset: colons everywhere or nowhere, and less than a day. */
export function shift(z: string): string {
  const digits = `replace(substr(${z}, 2), ':', '')`
  const piece = (at: number) => int(`'0' || substr(${digits}, ${at}, 2)`)
  const fraction = int(`rpad(substr(${digits}, 8), 6, '0')`)
  const seconds = `((${piece(1)} * 60 + ${piece(3)}) * 60 + ${piece(5)})`
  const even = '[+-]([01][0-9]|2[0-3])([0-9]{2}([0-9]{2}.*)?|:[0-9]{2}(:[0-9]{2}.*)?)'
  return `CASE WHEN ${z} = 'Z' THEN 0 WHEN regexp_full_match(${z}, '${even}')
    THEN (${seconds} * 1000000::BIGINT + ${fraction})
      * CASE WHEN starts_with(${z}, '-') THEN -1 ELSE 1 END END`
}

/** As names of a list: by their first three letters. */
export const months =
  'january february march april may june july august september october november december'
export const days = 'monday tuesday wednesday thursday friday saturday sunday'

export function shortened(names: string): string {
  return names.replace(/([a-z]{3})[a-z]*/g, '$1')
}
