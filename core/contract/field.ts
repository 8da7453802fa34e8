import { Refused } from '../errors.ts'
import { postgresName } from '../names.ts'
import type { Kind } from '../types/calendar.ts'
import { where } from './descriptor.ts'
import type { FieldDescriptor } from './field-descriptor.ts'
import { jsonSchema } from './json-schema.ts'
import { faultOf } from './strptime.ts'

/**
 * What the contract says of one field. Bounds and enum members are lexical forms, not yet values.
 */
export interface Field {
  name: string
  /** The name of its column in Postgres; Parquet has `name` itself. */
  column: string
  type: FieldType
  /** `default`, `any`, a pattern of strptime, or one of the type's own; `fmt:` is cut off. */
  format: string
  /** Precision and scale where the type is kept as an exact decimal. */
  decimal: [number, number] | undefined
  /** The field's own, else the schema's. */
  missingValues: string[]
  trueValues: string[]
  falseValues: string[]
  required: boolean
  unique: boolean
  /** Those of `enum`, else of `categories`. */
  enum: string[] | undefined
  bounds: { rule: Bound; value: string }[]
  minLength: number | undefined
  maxLength: number | undefined
  pattern: string | undefined
  decimalChar: string
  /** Empty where digits are not grouped. */
  groupChar: string
  bareNumber: boolean
  /** What separates the items of a list. */
  delimiter: string
  itemType: ItemType
  jsonSchema: Record<string, unknown> | undefined
}

const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const
type Bound = (typeof bounds)[number]

const all = ['required', 'unique', 'enum']
const lengths = ['minLength', 'maxLength']
const ordered = [...all, ...bounds]

/** The constraints that the standard gives each type; of a list it says nothing: its length. */
const constraintsOf = {
  string: [...all, 'pattern', ...lengths],
  integer: ordered,
  number: ordered,
  boolean: all,
  object: [...all, ...lengths, 'jsonSchema'],
  array: [...all, ...lengths, 'jsonSchema'],
  list: [...all, ...lengths],
  date: ordered,
  time: ordered,
  datetime: ordered,
  year: ordered,
  yearmonth: ordered,
  duration: ordered,
  geopoint: all,
  geojson: all,
  any: all,
}
type FieldType = keyof typeof constraintsOf
const types = Object.keys(constraintsOf) as FieldType[]

const patterns = ['default', 'any', 'a pattern of strptime, such as %d/%m/%Y']
/** Formats beside `default`, which every type has. */
const formatsOf: Partial<Record<FieldType, string[]>> = {
  string: ['default', 'email', 'uri', 'binary', 'uuid'],
  date: patterns,
  time: patterns,
  datetime: patterns,
  year: ['default', 'any'],
  geopoint: ['default', 'array', 'object'],
  geojson: ['default', 'topojson'],
}

const items = ['string', 'integer', 'boolean', 'number', 'datetime', 'date', 'time'] as const
type ItemType = (typeof items)[number]

/** What the standard says of a field that says nothing. */
export const defaults = {
  format: 'default',
  decimal: undefined,
  trueValues: ['true', 'True', 'TRUE', '1'],
  falseValues: ['false', 'False', 'FALSE', '0'],
  decimalChar: '.',
  groupChar: '',
  bareNumber: true,
  delimiter: ',',
} satisfies Partial<Field>

type Where = { file: string; path: (string | number)[] }

/**
 * Table Schema's field (https://datapackage.org/standard/table-schema/#field).
 *
 * @param missingValues the schema's, which the field's own replace
 * @throws Refused for a type, format, property or constraint that is none, or does not fit the type
 */
export function parseField(found: FieldDescriptor, missingValues: string[], at: Where): Field {
  const type = oneOf(types, found.type, at, ['type'])
  const given = found.constraints
  for (const name of Object.keys(given)) {
    if (constraintsOf[type].includes(name)) continue
    refuse(at, ['constraints', name], given[name], `${constraintsOf[type].join(', ')} (${type})`)
  }
  return {
    name: found.name,
    column: postgresName(found.name),
    type,
    format: formatOf(found, type, at),
    decimal: decimalOf(found, type, at),
    missingValues: found.missingValues ?? missingValues,
    trueValues: found.trueValues ?? defaults.trueValues,
    falseValues: found.falseValues ?? defaults.falseValues,
    required: given.required ?? false,
    unique: given.unique ?? false,
    enum: membersOf(found, type, at)?.map((value) => lexical(value, found, type)),
    bounds: bounds.flatMap((rule) => {
      const value = given[rule]
      return value === undefined ? [] : [{ rule, value: lexical(value, found, type) }]
    }),
    minLength: given.minLength,
    maxLength: given.maxLength,
    pattern: given.pattern,
    ...marksOf(found, type, at),
    delimiter: found.delimiter ?? defaults.delimiter,
    itemType: oneOf(items, found.itemType ?? 'string', at, ['itemType']),
    jsonSchema: schemaOf(found, at),
  }
}

function schemaOf(found: FieldDescriptor, at: Where): Field['jsonSchema'] {
  const { jsonSchema: schema } = found.constraints
  try {
    if (schema) jsonSchema(schema)
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    refuse(at, ['constraints', 'jsonSchema'], schema, `a JSON Schema (${told})`)
  }
  return schema
}

function oneOf<T extends string>(names: readonly T[], found: string, at: Where, path: string[]): T {
  return names.find((name) => name === found) ?? refuse(at, path, found, names.join(', '))
}

/** The oldest version of the standard wrote `fmt:` before a pattern. */
function formatOf(found: FieldDescriptor, type: FieldType, at: Where): string {
  const format = found.format.replace(/^fmt:/, '')
  const known = formatsOf[type] ?? ['default']
  if (known.includes(format)) return format
  const pattern = known === patterns && format.includes('%')
  const fault = pattern ? faultOf(type as Kind, format) : `${known.join(', ')} (${type})`
  if (fault !== undefined) refuse(at, ['format'], found.format, fault)
  return format
}

/** A decimal as the contract asks for it; or 38 digits for integers whose bounds pass 64 bits. */
function decimalOf(found: FieldDescriptor, type: FieldType, at: Where): Field['decimal'] {
  const asked = found.sluice.decimal
  const path = ['sluice', 'decimal']
  if (asked && type !== 'number' && type !== 'integer') {
    refuse(at, path, asked, 'only on a number or an integer')
  }
  if (asked && type === 'integer' && asked[1] > 0) refuse(at, path, asked, '[precision, 0]')
  if (asked && asked[1] > asked[0]) {
    refuse(at, path, asked, '[precision, scale] with scale ≤ precision')
  }
  if (asked) return asked
  const beyond = bounds.some((rule) => {
    const value = found.constraints[rule]
    return value !== undefined && /^[+-]?\d{19,}$/.test(String(value)) && !fits64(String(value))
  })
  return type === 'integer' && beyond ? [38, 0] : undefined
}

function fits64(digits: string): boolean {
  const value = BigInt(digits.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value
}

/** How digits are marked; a mark that could be a part of a number alone is none. */
function marksOf(found: FieldDescriptor, type: FieldType, at: Where) {
  const numeric = type === 'number' || type === 'integer'
  const decimalChar = (type === 'number' && found.decimalChar) || '.'
  const groupChar = (numeric && found.groupChar) || ''
  for (const name of ['decimalChar', 'groupChar'] as const) {
    if (!numeric || !/[-+\deE]/.test(found[name] ?? '')) continue
    refuse(at, [name], found[name], 'characters other than digits, signs and e')
  }
  if (type === 'number' && decimalChar === groupChar) {
    refuse(at, ['groupChar'], groupChar, 'another than the decimalChar')
  }
  return { decimalChar, groupChar, bareNumber: !numeric || (found.bareNumber ?? true) }
}

/** The members of `enum`, which must be among the `categories`, or these. */
function membersOf(found: FieldDescriptor, type: FieldType, at: Where): unknown[] | undefined {
  const { enum: members } = found.constraints
  const { categories } = found
  if (categories && type !== 'string' && type !== 'integer') {
    refuse(at, ['categories'], categories, 'only on a string or an integer')
  }
  const known = categories?.map(String)
  for (const [i, member] of (members ?? categories ?? []).entries()) {
    const path = members ? ['constraints', 'enum', i] : ['categories', i]
    if (known && !known.includes(String(member))) refuse(at, path, member, known.join(', '))
    if ((type === 'string' || type === 'any') && typeof member !== 'string') {
      refuse(at, path, member, 'text, in quotes')
    }
  }
  return members ?? categories
}

/** A constraint's member in the lexical form that a cell would have; objects as JSON. */
function lexical(value: unknown, found: FieldDescriptor, type: FieldType): string {
  if (typeof value === 'string') return value
  if (type === 'boolean' && typeof value === 'boolean') {
    const [form] = (value ? found.trueValues : found.falseValues) ?? []
    return form ?? String(value)
  }
  if (type === 'number') return String(value).replace('.', found.decimalChar ?? '.')
  if (Array.isArray(value) && type === 'list') return value.join(found.delimiter ?? ',')
  if (Array.isArray(value) && type === 'geopoint' && found.format === 'default') {
    return value.join(',')
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.stringify(value)
}

function refuse(at: Where, path: Where['path'], found: unknown, allowed: string): never {
  const place = where([...at.path, ...path])
  throw new Refused(
    `${at.file}: ${place}: found ${JSON.stringify(found).slice(0, 200)}; allowed: ${allowed}`,
  )
}
