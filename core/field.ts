import { type FieldDescriptor, where } from './descriptor.ts'
import { Refused } from './errors.ts'
import { postgresName } from './names.ts'

/**
 * What the contract says of one field. Bounds and enum members are lexical forms, not yet values.
 */
export interface Field {
  name: string
  /** The name of its column in Postgres; Parquet has `name` itself. */
  column: string
  type: FieldType
  /** `any` takes more lexical forms than the default one. */
  format: 'default' | 'any'
  /** Precision and scale where the type is kept as an exact decimal. */
  decimal: [number, number] | undefined
  trueValues: string[]
  falseValues: string[]
  required: boolean
  unique: boolean
  enum: string[] | undefined
  bounds: { rule: Bound; value: string }[]
  minLength: number | undefined
  maxLength: number | undefined
  pattern: string | undefined
}

const types = [
  'string',
  'integer',
  'number',
  'boolean',
  'date',
  'datetime',
  'time',
  'year',
  'object',
  'array',
  'any',
] as const
type FieldType = (typeof types)[number]

const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const
type Bound = (typeof bounds)[number]

const lengths = ['minLength', 'maxLength']
const ordered = ['required', 'unique', 'enum', ...bounds]

/** The constraints that the standard gives each type. */
const constraintsOf: Record<FieldType, string[]> = {
  string: ['required', 'unique', 'enum', 'pattern', ...lengths],
  integer: ordered,
  number: ordered,
  boolean: ['required', 'unique', 'enum'],
  date: ordered,
  datetime: ordered,
  time: ordered,
  year: ordered,
  object: ['required', 'unique', 'enum', ...lengths],
  array: ['required', 'unique', 'enum', ...lengths],
  any: ['required', 'unique', 'enum'],
}

/** Of the standard, not built yet, with the value that changes nothing. */
const unbuilt: Record<string, unknown> = {
  groupChar: '',
  decimalChar: '.',
  bareNumber: true,
  missingValues: undefined,
  arrayItem: undefined,
  categories: undefined,
}

type Where = { file: string; path: (string | number)[] }

/**
 * Table Schema's field (https://datapackage.org/standard/table-schema/#field).
 *
 * @throws Refused for a type, format or constraint that is not built, or does not fit the type
 */
export function parseField(found: FieldDescriptor, at: Where): Field {
  const type = known(found, at)
  const given = found.constraints
  for (const name of Object.keys(given)) {
    if (constraintsOf[type].includes(name)) continue
    refuse(at, ['constraints', name], given[name], `${constraintsOf[type].join(', ')} (${type})`)
  }
  const field: Field = {
    name: found.name,
    column: postgresName(found.name),
    type,
    format: found.format === 'any' ? 'any' : 'default',
    decimal: decimalOf(found, type, at),
    trueValues: found.trueValues ?? ['true', 'True', 'TRUE', '1'],
    falseValues: found.falseValues ?? ['false', 'False', 'FALSE', '0'],
    required: given.required ?? false,
    unique: given.unique ?? false,
    enum: given.enum?.map(lexical),
    bounds: bounds.flatMap((rule) => {
      const value = given[rule]
      return value === undefined ? [] : [{ rule, value: lexical(value) }]
    }),
    minLength: given.minLength,
    maxLength: given.maxLength,
    pattern: given.pattern,
  }
  return field
}

function known(found: FieldDescriptor, at: Where): FieldType {
  const type = types.find((name) => name === found.type)
  if (!type)
    return refuse(at, ['type'], found.type, `${types.join(', ')} (others are not built yet)`)
  for (const [name, harmless] of Object.entries(unbuilt)) {
    const value = found[name]
    if (value === undefined || value === harmless) continue
    refuse(at, [name], value, 'nothing else than the default (not built yet)')
  }
  const temporal = ['date', 'datetime', 'time', 'year'].includes(type)
  if (found.format !== 'default' && !(found.format === 'any' && temporal)) {
    refuse(at, ['format'], found.format, temporal ? 'default, any' : 'default (others come later)')
  }
  return type
}

/** A decimal as the contract asks for it; or 38 digits for integers whose bounds pass 64 bits. */
function decimalOf(found: FieldDescriptor, type: FieldType, at: Where): Field['decimal'] {
  const asked = found.sluice.decimal
  if (asked && type !== 'number') refuse(at, ['sluice', 'decimal'], asked, 'only on a number')
  if (asked && asked[1] > asked[0]) {
    refuse(at, ['sluice', 'decimal'], asked, '[precision, scale] with scale ≤ precision')
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

/** A constraint's member in the lexical form that a cell would have; objects as JSON. */
function lexical(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.stringify(value)
}

function refuse(at: Where, path: string[], found: unknown, allowed: string): never {
  const place = where([...at.path, ...path])
  throw new Refused(`${at.file}: ${place}: found ${JSON.stringify(found)}; allowed: ${allowed}`)
}
