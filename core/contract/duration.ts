import { type Lexical, matches } from './form.ts'

const n = '[0-9]{1,15}'
const seconds = `${n}(\\.[0-9]{1,12}0*)?S`
const days = `(${n}Y(${n}M)?(${n}D)?|${n}M(${n}D)?|${n}D)`
const clock = `(${n}H(${n}M)?(${seconds})?|${n}M(${seconds})?|${seconds})`
const form = `-?P(${days}(T${clock})?|T${clock})`

/**
 * Durations as XML Schema has them, kept as their text. A number has at most 15 digits, and a
 * fraction 12, so that they can be counted exactly.
 *
 * Two are one where they count the same months and seconds: P1Y is P12M, and P1D is PT24H. A month
 * is longer than 27 days, shorter than 32, and no more is known of it: a bound holds only where it
 * holds whenever the duration begins.
 * Forms and order: https://www.w3.org/TR/xmlschema-2/#duration
 */
export const duration: Lexical = {
  type: 'VARCHAR',
  column: 'text',
  value: (x) => `CASE WHEN ${matches(x, form)} THEN ${x} END`,
  exact: () => 'true',
  same: (v) => `(${monthsOf(v)} || ' ' || ${picoseconds(v)})`,
  ordered: (v, operator, w) => {
    const all = `len(list_filter(list_zip(${lengths(v)}, ${lengths(w)}),
      lambda pair: pair[1] ${operator[0]} pair[2])) = 4`
    if (!operator.endsWith('=')) return `(${all})`
    return `(${all} OR (${monthsOf(v)} = ${monthsOf(w)} AND ${picoseconds(v)} = ${picoseconds(w)}))`
  },
  expected: 'a duration such as P1Y2M3DT4H5M6.7S, with at most 15 digits each and 12 of fraction',
}

/** From these dates on the months of a duration are of every length that they can have. */
const beginnings = ['1696-09-01', '1697-02-01', '1903-03-01', '1903-07-01']

/** What it lasts from each of the dates on. The calendar begins anew after 4,800 months. */
function lengths(v: string): string {
  const months = monthsOf(v)
  const rest = `((${months} % 4800 + 4800) % 4800)`
  const all = beginnings.map((date) => {
    const [first, last] = [`DATE '${date}'`, `DATE '${date}' + to_months(${rest}::INTEGER)`]
    const whole = `(${months} - ${rest}) // 4800 * 146097`
    const days = `(${whole} + date_diff('day', ${first}, ${last}))`
    return `${days} * 86400000000000000 + ${picoseconds(v)}`
  })
  return `[${all.join(', ')}]`
}

const monthsOf = (v: string) => {
  return `(${sign(v)} * (12 * ${part(v, '([0-9]+)Y')} + ${part(v, 'P(?:[0-9]+Y)?([0-9]+)M')}))`
}

/** Of its days and its clock. */
function picoseconds(v: string): string {
  const hours = `24 * ${part(v, '([0-9]+)D')} + ${part(v, '([0-9]+)H')}`
  const minutes = `60 * (${hours}) + ${part(v, 'T(?:[0-9]+H)?([0-9]+)M')}`
  const whole = `60 * (${minutes}) + ${part(v, '([0-9]+)(?:[.][0-9]+)?S')}`
  const fraction = `rpad(left(regexp_extract(${v}, '[.]([0-9]+)', 1), 12), 12, '0')::HUGEINT`
  return `(${sign(v)} * ((${whole}) * 1000000000000 + ${fraction}))`
}

const part = (v: string, form: string) => `('0' || regexp_extract(${v}, '${form}', 1))::HUGEINT`
const sign = (v: string) => `CASE WHEN starts_with(${v}, '-') THEN -1 ELSE 1 END`
