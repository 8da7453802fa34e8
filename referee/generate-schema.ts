import { type Kind, makeKeyKind, makeKind, type Properties } from './generate-types.ts'
import type { Random } from './random.ts'

/** A field of a generated schema: its descriptor, and where its literals come from. */
export interface Column {
  name: string
  kind: Kind
  field: Properties
  /** Literals that fit, the bounds among them. */
  pool: string[]
  /** Whether every row must have a value of its own. */
  distinct: boolean
  /** Whether it is of the primary key. */
  key: boolean
  /** Texts that mean no value; without any, every row has one. */
  missing: string[]
  /** Where the values of a parent are to be taken from. */
  parent?: Column
}

/** A generated resource's schema: what the descriptor says, and the columns behind it. */
export interface Schema {
  name: string
  columns: Column[]
  descriptor: Properties
}

const names = ['id', 'name', 'Total', 'a b', 'straße', 'x,y', 'say "it"', 'n-1', 'value', 'kind']
const more = ['at', 'ref', 'note', 'Ünïcode', 'select', 'x;y', '日付', 'a.b', 'k2', 'last']

/**
 * @param parents schemas that its foreign keys may point to
 * @param version of the standard: v2 has properties that v1 has not
 */
export function makeSchema(
  random: Random,
  name: string,
  parents: Schema[],
  version: 1 | 2,
): Schema {
  const width = random.int(1, 12)
  const missing = makeMissing(random, version)
  const columns = random
    .shuffled([...names, ...more])
    .slice(0, width)
    .map((one) => makeColumn(random, one, missing?.values ?? [''], version))
  const descriptor: Properties = { fields: columns.map((one) => one.field) }
  if (missing) descriptor.missingValues = missing.given
  if (random.chance(0.5)) addPrimaryKey(random, columns, descriptor, version)
  if (random.chance(0.15)) addUniqueKeys(random, columns, descriptor)
  if (random.chance(0.35)) addForeignKey(random, { name, columns, descriptor }, parents)
  return { name, columns, descriptor }
}

function makeMissing(random: Random, version: 1 | 2) {
  if (random.chance(0.5)) return undefined
  const values = random.pick([
    [''],
    ['', 'NA'],
    ['-'],
    ['n/a', '-99', ''],
    ['null'],
    ['', 'NaN'],
    [],
  ])
  const labelled = version === 2 && values.length > 0 && random.chance(0.4)
  const given = labelled
    ? values.map((value, i) => (i === 0 ? { value } : { value, label: `why ${i}` }))
    : values
  return { values, given }
}

function makeColumn(random: Random, name: string, missing: string[], version: 1 | 2): Column {
  const kind = makeKind(random)
  const untyped = kind.type === 'any' && random.chance(0.5)
  const field: Properties = { name, ...(untyped ? {} : { type: kind.type }), ...kind.properties }
  if (random.chance(0.2)) Object.assign(field, { title: `The ${name}`, unknown: { a: 1 } })
  const own = random.chance(0.08) ? random.pick([['?'], ['', '.'], []]) : undefined
  if (own) field.missingValues = own
  const pool = Array.from({ length: random.int(3, 12) }, () => kind.good(random))
  const column = { name, kind, field, pool, distinct: false, key: false, missing: own ?? missing }
  if (random.chance(0.35)) constrain(random, column, version)
  return column
}

/** Bounds are values of the pool, so that rows stand at the exact bounds, too. */
function constrain(random: Random, column: Column, version: 1 | 2): void {
  const { kind, pool, field } = column
  const constraints: Properties = {}
  if (random.chance(0.4)) constraints.required = true
  if (random.chance(0.25) && kind.type !== 'list') {
    constraints.enum = [...new Set(pool.slice(0, random.int(1, pool.length)))]
  }
  if (['string', 'array', 'object', 'list'].includes(kind.type)) {
    if (random.chance(0.3)) constraints.minLength = random.int(0, 2)
    if (random.chance(0.3)) constraints.maxLength = random.int(2, 9)
  }
  if (kind.type === 'string' && random.chance(0.3)) {
    constraints.pattern = random.pick(['[a-z].*', '\\w+', '.{2,5}', 'a.*|l.*|k\\d+', '[^,]*'])
  }
  keepFitting(column, constraints)
  if (kind.type === 'object' && random.chance(0.2)) {
    constraints.jsonSchema = { type: 'object', properties: { a: { type: 'integer' } } }
  }
  if (kind.order) addBounds(random, column, constraints, version)
  const bools = constraints.enum && random.chance(0.3)
  if (bools && kind.type === 'integer' && Object.keys(kind.properties).length === 0) {
    constraints.enum = (constraints.enum as string[]).map(Number)
  }
  if (kind.nth && random.chance(0.1)) {
    constraints.unique = true
    column.distinct = true
    delete constraints.enum
  }
  if (Object.keys(constraints).length > 0) field.constraints = constraints
}

/** What of the pool breaks a constraint stays out of most rows, where anything else is left. */
function keepFitting({ kind, pool }: Column, constraints: Properties): void {
  const { pattern, minLength = 0, maxLength = 9 } = constraints as Record<string, never>
  if (kind.type !== 'string') return
  const form = pattern === undefined ? /^/ : new RegExp(`^(?:${pattern})$`, 'u')
  const fits = pool.filter((one) => {
    const { length } = [...one]
    return form.test(one) && length >= minLength && length <= maxLength
  })
  if (fits.length > 0) pool.splice(0, pool.length, ...fits)
}

function addBounds(random: Random, column: Column, constraints: Properties, v: 1 | 2): void {
  const order = column.kind.order!
  const sorted = column.pool.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
  const plain = Object.keys(column.kind.properties).length === 0
  const isNumber = plain && ['integer', 'year'].includes(column.kind.type)
  const given = (text: string) => (isNumber && random.chance(0.6) ? Number(text) : text)
  const exclusive = v === 2 && random.chance(0.3)
  const [low, high] = exclusive ? ['exclusiveMinimum', 'exclusiveMaximum'] : ['minimum', 'maximum']
  if (random.chance(0.4)) constraints[low!] = given(sorted[0]!)
  if (random.chance(0.4)) constraints[high!] = given(sorted.at(-1)!)
}

function addPrimaryKey(random: Random, columns: Column[], descriptor: Properties, v: 1 | 2): void {
  const width = Math.min(columns.length, random.pick([1, 1, 1, 2, 3]))
  const key = random.shuffled(columns).slice(0, width)
  const first = key[0]!
  first.kind = makeKeyKind(random)
  for (const name of Object.keys(first.field)) if (name !== 'name') delete first.field[name]
  Object.assign(first.field, { type: first.kind.type, ...first.kind.properties })
  first.missing = (descriptor.missingValues as string[] | undefined) ? first.missing : ['']
  first.pool = Array.from({ length: 5 }, () => first.kind.good(random))
  first.distinct = true
  for (const one of key) one.key = true
  const named = key.map((one) => one.name)
  descriptor.primaryKey = width === 1 && (v === 1 || random.chance(0.5)) ? named[0] : named
}

function addUniqueKeys(random: Random, columns: Column[], descriptor: Properties): void {
  const width = Math.min(columns.length, random.int(1, 2))
  const key = random.shuffled(columns).slice(0, width)
  const distinct = columns.find((one) => one.distinct)
  if (distinct && random.chance(0.8)) key[0] = distinct
  descriptor.uniqueKeys = [[...new Set(key.map((one) => one.name))]]
}

/** To the primary key of a parent, or of itself, by fields of the same types. */
function addForeignKey(random: Random, child: Schema, parents: Schema[]): void {
  const parent = random.pick([...parents, child])
  const key = [parent.descriptor.primaryKey ?? []].flat() as string[]
  const free = child.columns.filter((one) => !one.distinct && !key.includes(one.name))
  if (key.length === 0 || free.length < key.length) return
  for (const [i, name] of key.entries()) {
    const target = parent.columns.find((one) => one.name === name)!
    const column = free[i]!
    const { constraints: _, name: __, missingValues: ___, ...type } = target.field
    for (const known of Object.keys(column.field)) if (known !== 'name') delete column.field[known]
    Object.assign(column.field, type)
    column.kind = target.kind
    column.parent = target
    column.missing = []
  }
  const fields = free.slice(0, key.length).map((one) => one.name)
  const single = fields.length === 1 && random.chance(0.5)
  const self = random.pick(['', undefined, child.name])
  const resource = parent === child ? self : parent.name
  const reference = {
    ...(resource === undefined ? {} : { resource }),
    fields: single ? key[0] : key,
  }
  child.descriptor.foreignKeys = [{ fields: single ? fields[0] : fields, reference }]
}
