import type { ColumnType, Kind } from './column-type.ts'
import { Refusal, unsupported } from './refusal.ts'

/** How numbers are wanted (ResultSetOptions). */
export interface NumberForms {
  decimals: 'STRING' | 'DOUBLE_OR_LONG'
  longs: 'LONG' | 'STRING'
}

/**
 * A value as the JSON of a Field (API_Field). Numbers are Postgres' own digits, which JSON keeps
 * whatever their size; JavaScript's SDK rounds those beyond 2^53 when it reads them.
 *
 * @throws Refusal for an array of arrays, and for an infinite date or time
 */
export function fieldOf(type: ColumnType, text: string | null, forms: NumberForms): string {
  if (text === null) return '{"isNull":true}'
  if (type.isArray) return `{"arrayValue":{${arrayOf(type, elementsOf(text))}}}`
  const [member, value] = scalarOf(type, text, forms)
  return `{"${member}":${value}}`
}

/** A value of `formattedRecords`: plain JSON (data-api-json: numbers, booleans, else strings). */
export function plainOf(type: ColumnType, text: string | null): string {
  if (text === null) return 'null'
  if (type.isArray)
    return `[${elementsOf(text).map((each) => plainOf({ ...type, isArray: false }, each))}]`
  const [, value] = scalarOf(type, text, { decimals: 'DOUBLE_OR_LONG', longs: 'LONG' })
  return value
}

function scalarOf(type: ColumnType, text: string, forms: NumberForms): [string, string] {
  switch (type.kind) {
    case 'boolean':
      return ['booleanValue', String(text === 't')]
    case 'long':
      return forms.longs === 'LONG' ? ['longValue', text] : ['stringValue', quote(text)]
    case 'double':
      return ['doubleValue', number(text)]
    case 'decimal':
      if (forms.decimals === 'STRING') return ['stringValue', quote(text)]
      return [/^-?\d+$/.test(text) ? 'longValue' : 'doubleValue', number(text)]
    case 'blob':
      return ['blobValue', quote(Buffer.from(text.slice(2), 'hex').toString('base64'))]
    default:
      return ['stringValue', quote(formed(type, text))]
  }
}

const lists: Record<Kind, string> = {
  boolean: 'booleanValues',
  long: 'longValues',
  double: 'doubleValues',
  decimal: 'stringValues',
  string: 'stringValues',
  blob: 'stringValues',
}

function arrayOf(type: ColumnType, elements: (string | null)[]): string {
  const forms = { decimals: 'STRING', longs: 'LONG' } as const
  const values = elements.map((each) => (each === null ? 'null' : scalarOf(type, each, forms)[1]))
  return `"${lists[type.kind]}":[${values}]`
}

/** The elements of an array of one dimension as Postgres writes it: `[2:3]={a,"b c",NULL}`. */
function elementsOf(text: string): (string | null)[] {
  const inside = text.slice(text.indexOf('{') + 1, -1)
  const elements: (string | null)[] = []
  for (const [, quoted, plain] of inside.matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/gs)) {
    // data-api.differences: v2 gives no arrays of arrays. A brace in an element is quoted.
    if (plain?.startsWith('{')) throw unsupported('The result contains a multidimensional array.')
    elements.push(quoted?.replaceAll(/\\(.)/gs, '$1') ?? (plain === 'NULL' ? null : plain!))
  }
  return elements
}

/**
 * Times have no fraction, milliseconds or microseconds, whichever is enough; timestamptz is told
 * in UTC without saying so (a note of data-api-operations). An infinite one fails the call.
 */
function formed({ form }: ColumnType, text: string): string {
  if (form === undefined) return text
  if (text.endsWith('infinity')) throw new Refusal('InternalFailure', 500)
  if (form === 'date') return text
  const utc = form === 'timestamptz' ? inUtc(text) : text
  return utc.replace(/\.(\d+)/, (_, digits: string) => {
    const micros = digits.padEnd(6, '0')
    return `.${micros.endsWith('000') ? micros.slice(0, 3) : micros}`
  })
}

const zoned =
  /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/

function inUtc(text: string): string {
  const [, year, month, day, hour, minute, second, fraction, sign, ...offset] =
    zoned.exec(text) ?? []
  // Other eras and styles are left as they are.
  if (year === undefined) return text.replace(/\+00$/, '')
  const [hours, minutes, seconds] = offset.map((part) => Number(part ?? 0))
  const east = (hours! * 60 + minutes!) * 60 + seconds!
  const moment = new Date(0)
  moment.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  moment.setUTCHours(Number(hour), Number(minute), Number(second) + (sign === '-' ? east : -east))
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')}${fraction ?? ''}`
}

/** restJson1 writes as strings what JSON has no number for. */
function number(text: string): string {
  return /^(NaN|-?Infinity)$/.test(text) ? quote(text) : text
}

function quote(text: string): string {
  return JSON.stringify(text)
}
