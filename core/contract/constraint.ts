import { literal } from '../names.ts'
import { lexicalOf } from '../types/lexical.ts'
import { holds } from '../types/predicate.ts'
import type { Contract } from './contract.ts'
import type { Field } from './field.ts'
import type { Lexical } from './form.ts'
import { jsonSchema } from './json-schema.ts'
import { re2Pattern } from './pattern.ts'

/** One thing that must hold of a record: SQL that is true or false, never NULL. */
export interface Check {
  rule: 'type-error' | 'constraint-error' | 'primary-key' | 'too-long'
  field: string
  /** The expression of the offending text. */
  text: string
  ok: string
  /** A cheaper expression, that holds for most records and never for one that `ok` does not. */
  quick?: string
  /** Where this is false, another check has told what is wrong, and this one says nothing. */
  given: string
  message: string
}

/**
 * All checks of one field.
 *
 * @param x the expression of its text, NULL where it is a missing value
 * @param v the expression of its value, NULL where the text has none
 */
export function checksOf(field: Field, contract: Contract, x: string, v: string): Check[] {
  const lexical = lexicalOf(field)
  const check = (rule: Check['rule'], ok: string, message: string): Check => {
    return { rule, field: field.name, text: x, ok, given: 'true', message }
  }
  const constraint = (name: string, ok: string, value: unknown): Check => {
    const message = `${name} is ${shortened(value)}`
    const given = lexical.exact(x, v)
    return { ...check('constraint-error', `(${v} IS NULL OR ${ok})`, message), given }
  }
  const checks: Check[] = []
  if (contract.primaryKey.includes(field.name)) {
    checks.push(check('primary-key', `${x} IS NOT NULL`, noPart))
  }
  if (field.required) {
    checks.push(check('constraint-error', `${x} IS NOT NULL`, 'required: the value is missing'))
  }
  const typed = lexical.value('x') !== 'x' || lexical.exact('x', 'v') !== 'true'
  if (typed) {
    const slow = `(${x} IS NULL OR (${v} IS NOT NULL AND ${lexical.exact(x, v)}))`
    const quick = lexical.plainly?.(x, v)
    const ok = quick ? `CASE WHEN ${quick} THEN true ELSE ${slow} END` : slow
    const told = check('type-error', ok, `expected ${lexical.expected}`)
    checks.push(quick ? { ...told, quick: `(${x} IS NULL OR (${quick}))` } : told)
  }
  if (isFolder(field, contract)) {
    const ok = `(${v} IS DISTINCT FROM '__HIVE_DEFAULT_PARTITION__')`
    checks.push(check('constraint-error', ok, 'the name of the folder of missing values'))
  }
  const longest = longestOf(field, contract)
  if (longest !== undefined) {
    const ok = `(${v} IS NULL OR strlen(url_encode(${v}::VARCHAR)) <= ${longest})`
    checks.push(check('too-long', ok, `as the name of a folder it has ${longest} bytes at most`))
  }
  const length = lengthOf(field, v)
  for (const { rule, value } of field.bounds) {
    const bound = member(lexical, value)
    checks.push(constraint(rule, isWithin(lexical, v, compare[rule], bound), value))
  }
  if (field.minLength !== undefined) {
    checks.push(constraint('minLength', `${length} >= ${field.minLength}`, field.minLength))
  }
  if (field.maxLength !== undefined) {
    checks.push(constraint('maxLength', `${length} <= ${field.maxLength}`, field.maxLength))
  }
  if (field.pattern !== undefined) {
    const ok = `regexp_full_match(${v}, ${literal(re2Pattern(field.pattern))})`
    checks.push(constraint('pattern', ok, field.pattern))
  }
  if (field.enum) {
    const same = lexical.same ?? ((value: string) => value)
    const members = field.enum.map((value) => same(member(lexical, value))).join(', ')
    checks.push(constraint('enum', `${same(v)} IN (${members})`, field.enum))
  }
  if (field.jsonSchema) {
    const { name, fits } = jsonSchema(field.jsonSchema)
    checks.push(constraint('jsonSchema', holds(name, fits, v), field.jsonSchema))
  }
  return checks
}

/** An enum may have thousands of members, and is told with each record that it rejects. */
function shortened(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= 1000 ? text : `${text.slice(0, 999).toWellFormed()}…`
}

const noPart = 'a part of the primary key is missing; every record needs one'

/** Bytes of all folders of a key together: what a key of 1,024 leaves beside the rest of it. */
const FOLDERS = 640

/**
 * A file is refused whole where a value of partitionBy is too long for the name of a folder (255
 * bytes); of a stream, whose records nobody can take back, the record is rejected.
 */
function longestOf(field: Field, contract: Contract): number | undefined {
  if (contract.keysOnce || !isFolder(field, contract)) return undefined
  const room = Math.min(250, Math.floor(FOLDERS / contract.partitionBy.length))
  return Math.max(1, room - encodeURIComponent(field.name).length - 2)
}

/** Whether its values are the names of folders, as they are. */
function isFolder(field: Field, { partitionBy }: Contract): boolean {
  const named = partitionBy.some(({ part, field: of }) => part === 'value' && of === field.name)
  return named && lexicalOf(field).type === 'VARCHAR'
}

/** What the contract itself gives as a value or pattern; `sql` is true where it is one. */
export function membersOf(
  field: Field,
): { field: string; name: string; value: string; sql: string }[] {
  const lexical = lexicalOf(field)
  const given = [
    ...field.bounds.map(({ rule, value }) => ({ name: rule as string, value })),
    ...(field.enum ?? []).map((value) => ({ name: 'enum', value })),
  ].map(({ name, value }) => {
    const [x, v] = [literal(value), member(lexical, value)]
    return {
      name,
      value,
      sql: `coalesce((${v}) IS NOT NULL AND ${lexical.exact(x, `(${v})`)}, false)`,
    }
  })
  if (field.pattern !== undefined) {
    const sql = `regexp_full_match('', ${literal(re2Pattern(field.pattern))}) IS NOT NULL`
    given.push({ name: 'pattern', value: field.pattern, sql })
  }
  return given.map((one) => ({ field: field.name, ...one }))
}

const compare = {
  minimum: '>=',
  maximum: '<=',
  exclusiveMinimum: '>',
  exclusiveMaximum: '<',
} as const

/** NaN is not comparable, so it is within no bounds; DuckDB would order it above everything. */
function isWithin({ type, ordered }: Lexical, v: string, operator: string, bound: string): string {
  const ok = ordered?.(v, operator, bound) ?? `${v} ${operator} ${bound}`
  return type === 'DOUBLE' ? `NOT isnan(${v}) AND ${ok}` : ok
}

/** A bound or a member of an enum, read as a cell would be. */
function member(lexical: Lexical, value: string): string {
  return lexical.value(literal(value))
}

/** Characters of text; members of an object, array or list. */
function lengthOf(field: Field, v: string): string {
  if (['array', 'list'].includes(field.type)) return `json_array_length(${v})`
  // A name that stands twice in an object is one member of it, in Postgres, too.
  if (field.type === 'object') return `len(list_distinct(json_keys(${v})))`
  return `length(${v})`
}
