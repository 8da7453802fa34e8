import { Refused } from '../errors.ts'
import {
  type Outline,
  type SchemaDescriptor,
  type SettingsDescriptor,
  where,
} from './descriptor.ts'

/** Fields whose values must be those of a row elsewhere, or the row waits for it. */
export interface ForeignKey {
  fields: string[]
  /** The parent's dataset, `shop.customers`; or any table of the database, its schema and name. */
  dataset: string
  /** Fields of the parent; or, of a table outside the package, its columns as Postgres has them. */
  columns: string[]
  /** Whether the parent is no resource of the package (`sluice.references`). */
  external: boolean
}

/** What a resource says of its parents, and where it says so. */
export interface Referring {
  schema: SchemaDescriptor
  sluice: SettingsDescriptor
  outline: Outline
  dataset: string
  /** The dataset of a resource of the package. */
  datasetOf: (resource: string) => string
  at: { file: string; path: (string | number)[] }
}

/**
 * The parents of a resource, those within its package first.
 * Within it: https://datapackage.org/standard/table-schema/#foreignKeys
 *
 * @throws Refused for a resource, field, table or column that cannot be referred to
 */
export function foreignKeysOf(of: Referring): ForeignKey[] {
  const inside = of.schema.foreignKeys.map((key, i) => insideKey(of, key, i))
  return [...inside, ...of.sluice.references.map((key, i) => outsideKey(of, key, i))]
}

function insideKey(
  of: Referring,
  key: SchemaDescriptor['foreignKeys'][number],
  i: number,
): ForeignKey {
  const { resource, fields: columns } = key.reference
  const path = ['schema', 'foreignKeys', i]
  const own = resource === ''
  const parent = own ? undefined : of.outline.resources.find((other) => other.name === resource)
  if (!own && !parent) {
    const all = of.outline.resources.map((other) => other.name).join(', ')
    refuse(of, [...path, 'reference', 'resource'], resource, all)
  }
  checkPair(of, path, key.fields, columns)
  const there = own ? namesIn(of.schema) : namesIn(parent?.schema)
  const strange = there && columns.find((name) => !there.includes(name))
  if (strange !== undefined) {
    refuse(of, [...path, 'reference', 'fields'], strange, there!.join(', '))
  }
  const dataset = own ? of.dataset : of.datasetOf(resource)
  return { fields: key.fields, dataset, columns, external: false }
}

/** The names of a schema's fields, as far as they can be told: it may be broken. */
function namesIn(schema: unknown): string[] | undefined {
  const { fields } = (schema ?? {}) as { fields?: unknown }
  if (!Array.isArray(fields)) return undefined
  return fields.map((field) => String((field as { name?: unknown } | null)?.name))
}

/** Of each half of a table's name: what Postgres would not cut, and needs no quotes to be told. */
const TABLE = /^[^\s."']{1,63}\.[^\s."']{1,63}$/u

function outsideKey(
  of: Referring,
  key: SettingsDescriptor['references'][number],
  i: number,
): ForeignKey {
  const path = ['sluice', 'references', i]
  const { fields, table, columns } = key
  const fits = TABLE.test(table) && table.split('.').every(isWhole)
  if (!fits || /^(pg_|sluice\.|information_schema\.)/i.test(table)) {
    refuse(of, [...path, 'table'], table, 'a table, as `schema.table`, with names of 63 bytes')
  }
  const strange = columns.find((name) => !isWhole(name))
  if (strange !== undefined) {
    refuse(of, [...path, 'columns'], strange, 'a column, of 1 to 63 bytes without NUL')
  }
  checkPair(of, path, fields, columns)
  return { fields, dataset: table, columns, external: true }
}

function isWhole(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= 63 && !name.includes('\0')
}

function checkPair(
  of: Referring,
  path: (string | number)[],
  fields: string[],
  columns: string[],
): void {
  const names = namesIn(of.schema)!
  for (const name of fields) {
    if (!names.includes(name)) refuse(of, [...path, 'fields'], name, names.join(', '))
  }
  if (fields.length !== columns.length) {
    refuse(of, path, columns, `${fields.length} fields to refer to, as many as refer`)
  }
}

function refuse(
  { at }: Referring,
  path: (string | number)[],
  found: unknown,
  allowed: string,
): never {
  const place = where([...at.path, ...path])
  throw new Refused(`${at.file}: ${place}: found ${JSON.stringify(found)}; allowed: ${allowed}`)
}
