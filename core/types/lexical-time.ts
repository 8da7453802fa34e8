import { anyDate, anyDatetime, anyTime, type Lenient } from '../contract/any-time.ts'
import { duration } from '../contract/duration.ts'
import type { Field } from '../contract/field.ts'
import { canonical, cast, type Lexical, matches } from '../contract/form.ts'
import { strptime } from '../contract/strptime.ts'
import type { Kind } from './calendar.ts'

/** The forms and values of a date, time, datetime, year, yearmonth or duration. */
export function temporal(field: Field): Lexical {
  switch (field.type) {
    case 'date':
      return formatted(field, date, anyDate)
    case 'datetime':
      return formatted(field, datetime, anyDatetime)
    case 'time':
      return formatted(field, time, anyTime)
    case 'yearmonth':
      return yearmonth
    case 'duration':
      return duration
    default:
      return year
  }
}

/** @param any the value of a text that has not the default form, and what may be written */
function formatted({ type, format }: Field, usual: Lexical, any: Lenient): Lexical {
  if (format === 'default') return usual
  if (format === 'any') {
    const value = (x: string) => {
      const v = usual.value(x)
      const is = `${v} IS NOT NULL AND ${usual.exact(x, v)}`
      return `CASE WHEN ${is} THEN ${v} ELSE ${any.value(x)} END`
    }
    return { ...usual, value, exact: () => 'true', expected: any.expected }
  }
  const { instant, value } = strptime(type as Kind, format)
  const own = { value, exact: () => 'true', expected: `a ${type} as ${format} (strptime)` }
  const { type: stored, column } = instant ? timestamptz : usual
  return { type: stored, column, ...own }
}

/** As DuckDB and Postgres spell it where they are asked. */
const timestamptz = { type: 'TIMESTAMP WITH TIME ZONE', column: 'timestamptz' }

const date: Lexical = {
  type: 'DATE',
  column: 'date',
  value: cast('DATE'),
  exact: (x, v) => `strlen(${x}) = 10 AND ${canonical(x, v)}`,
  plainly: (x, v) => `strlen(${x}) = 10 AND ${canonical(x, v)}`,
  expected: 'a date as YYYY-MM-DD',
}

/** Zeros beyond microseconds change nothing. The end of the day is 24:00:00, as in XML Schema. */
const clock = `(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6}0*)?|24:00:00(\\.0+)?)`

/**
 * An offset makes it an instant: it is kept as its time in UTC. Microseconds are kept; a finer
 * fraction would be cut, and is rejected. As the referee does, and Postgres writes, it may have a
 * space for the T, and an offset without minutes or colon. Years have four digits, from 0001.
 */
const datetime: Lexical = {
  type: 'TIMESTAMP',
  column: 'timestamp',
  value: (x) => `CASE WHEN strlen(${x}) <= 19 THEN TRY_CAST(${x} AS TIMESTAMP)
    ELSE TRY_CAST(${x} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END`,
  exact: (x, v) => `${matches(x, `[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]${clock}${offset}`)}
    AND ${v} BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'`,
  expected: 'a date and time as YYYY-MM-DDThh:mm:ss, with at most six digits of fraction',
}
const offset = '(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?'

/** Postgres' time and Parquet's text have no offset, so a form with one would lose it. */
const time: Lexical = {
  type: 'TIME',
  column: 'time',
  value: cast('TIME'),
  exact: (x) => matches(x, clock),
  expected: 'a time as hh:mm:ss, without an offset, and with at most six digits of fraction',
}

/** XML Schema's gYear without an offset, for which a number has no place; there is no year 0000. */
const digits = '([1-9][0-9]{3,14}|0[0-9]{2}[1-9]|0[0-9][1-9]0|0[1-9]00)'
const year: Lexical = {
  type: 'BIGINT',
  column: 'bigint',
  value: cast('BIGINT'),
  exact: (x) => matches(x, `-?${digits}`),
  expected: 'a year of at least four digits, such as 2026 or -0044',
}

/** XML Schema's gYearMonth, likewise. Each has one form, so that equal months are equal texts. */
const yearmonth: Lexical = {
  type: 'VARCHAR',
  column: 'text',
  value: (x) => `CASE WHEN ${matches(x, `-?${digits}-(0[1-9]|1[0-2])`)} THEN ${x} END`,
  exact: () => 'true',
  ordered: (v, operator, w) => `${monthOf(v)} ${operator} ${monthOf(w)}`,
  expected: 'a month as YYYY-MM',
}

const monthOf = (v: string) => {
  const parts = `'^(.*)-(..)$'`
  const [years, month] = [1, 2].map(
    (i) => `TRY_CAST(regexp_extract(${v}, ${parts}, ${i}) AS BIGINT)`,
  )
  return `(12 * ${years} + ${month})`
}
