import {
  type Outline,
  parseResource,
  type ResourceDescriptor,
  type SchemaDescriptor,
  where,
} from './descriptor.ts'
import { type Dialect, type Encoding, parseDialect, parseEncoding } from './dialect.ts'
import { Refused } from './errors.ts'
import { type Field, parseField } from './field.ts'
import { postgresName, shortHash, snakeCase } from './names.ts'
import { parseStream, type StreamSettings } from './stream-settings.ts'

/** What the descriptor says of one dataset: one resource, one table, one folder of Silver. */
export interface Contract {
  /** `shop.orders`: the table's schema and name, and the folders `silver/shop/orders/`. */
  dataset: string
  schema: string
  table: string
  /** The key of the descriptor, for messages. */
  file: string
  fields: Field[]
  fieldsMatch: 'exact' | 'equal'
  missingValues: string[]
  primaryKey: string[]
  /** Whether an object must hold a key once only; a stream has no whole to look at. */
  keysOnce: boolean
  foreignKeys: ForeignKey[]
  dialect: Dialect
  encoding: Encoding
  load: 'upsert' | 'append' | 'replace'
  partitionBy: Partition[]
  maxRejectRatio: number
  /** Of Silver's Parquet files. */
  compression: 'zstd' | 'snappy'
  /** How its objects are published, and its windows; undefined where it is no stream. */
  stream: StreamSettings | undefined
  /** Of all that decides verdicts and shapes: another hash, another contract. */
  hash: string
}

export interface ForeignKey {
  fields: string[]
  dataset: string
  columns: string[]
}

export interface Partition {
  /** The folder's name: `year=2026`, `status=paid`. */
  name: string
  field: string
  part: 'year' | 'month' | 'day' | 'hour' | 'value'
}

const matches = ['exact', 'equal'] as const

/**
 * One resource of a descriptor as a contract.
 *
 * @param outline the descriptor, its shape checked as far as names and paths
 * @param index which of its resources
 * @param file the descriptor's key: `bronze/<package>/datapackage.yaml`
 * @throws Refused naming file, path in it, what was found and what is allowed
 */
export function parseContract(outline: Outline, index: number, file: string): Contract {
  if (JSON.stringify(outline.resources[index]).includes('\\u0000')) {
    throw new Refused(`${file}: resources[${index}]: found a NUL; allowed: text without NUL`)
  }
  const found = parseResource(outline.resources[index], file, index)
  const at = { file, path: ['resources', index] as (string | number)[] }
  if (found.format !== undefined && !/^(csv|tsv)$/i.test(found.format)) {
    refuse(at, ['format'], found.format, 'csv, tsv')
  }
  const schema = schemaOf(found, at)
  const fields = schema.fields.map((field, i) =>
    parseField(field, { file, path: [...at.path, 'schema', 'fields', i] }),
  )
  checkNames(fields, at)
  const primaryKey = schema.primaryKey ?? []
  const names = datasetOf(file, found.name)
  const contract = {
    ...names,
    file,
    fields,
    fieldsMatch: fieldsMatchOf(schema, at),
    missingValues: schema.missingValues,
    primaryKey,
    keysOnce: true,
    foreignKeys: foreignKeysOf(schema, outline, names.dataset, at),
    dialect: parseDialect(found.dialect, found.format?.toLowerCase(), {
      file,
      path: [...at.path, 'dialect'],
    }),
    encoding: parseEncoding(found.encoding, file, [...at.path, 'encoding']),
    load: found.sluice.load ?? (primaryKey.length > 0 ? 'upsert' : 'append'),
    partitionBy: partitionsOf(found, fields, at),
    maxRejectRatio: found.sluice.maxRejectRatio ?? 1,
    compression: found.sluice.compression ?? 'zstd',
    stream: parseStream(found, fields, isStreamOnly(file), at),
  } satisfies Omit<Contract, 'hash'>
  checkKeys(contract, at)
  return { ...contract, hash: shortHash(JSON.stringify(contract)) }
}

/** `bronze/eu/shop/datapackage.yaml`, `order-items` → schema `eu_shop`, table `order_items`. */
export function datasetOf(file: string, resource: string) {
  const folder = file.split('/').slice(1, -1).join('_')
  const schema = postgresName(snakeCase(folder))
  const table = postgresName(snakeCase(resource))
  return { schema, table, dataset: `${schema}.${table}` }
}

/** Whether a key lies in `streaming/`, the input folder for data that only flow as a stream. */
export function isStreamOnly(key: string): boolean {
  return key.startsWith('streaming/')
}

type Where = { file: string; path: (string | number)[] }

function refuse(at: Where, path: (string | number)[], found: unknown, allowed: string): never {
  const place = where([...at.path, ...path])
  throw new Refused(`${at.file}: ${place}: found ${JSON.stringify(found)}; allowed: ${allowed}`)
}

function schemaOf(found: ResourceDescriptor, at: Where): SchemaDescriptor {
  if (found.schema === undefined) return refuse(at, ['schema'], null, 'a Table Schema')
  if (typeof found.schema === 'string') {
    return refuse(at, ['schema'], found.schema, 'an object (a path is not built yet)')
  }
  for (const [name, value] of Object.entries(found.schema)) {
    if (name !== 'uniqueKeys' || (Array.isArray(value) && value.length === 0)) continue
    refuse(at, ['schema', name], value, 'nothing (not built yet); constraints.unique on a field')
  }
  return found.schema
}

function fieldsMatchOf(schema: SchemaDescriptor, at: Where): Contract['fieldsMatch'] {
  const asked = [schema.fieldsMatch].flat()[0]
  const known = matches.find((name) => name === asked)
  return known ?? refuse(at, ['schema', 'fieldsMatch'], asked, `${matches.join(', ')} (so far)`)
}

/** DuckDB's and Parquet readers' names do not see case; Postgres' columns carry our own, too. */
function checkNames(fields: Field[], at: Where): void {
  const seen = new Map<string, string>()
  for (const [i, { name, column }] of fields.entries()) {
    const path = ['schema', 'fields', i, 'name']
    if (name.includes('\0')) refuse(at, path, name, 'a name without NUL')
    if (name.toLowerCase() === '_object_id') refuse(at, path, name, 'any other name (it is ours)')
    const same = seen.get(column.toLowerCase())
    if (same) refuse(at, path, name, `a name that differs from ${JSON.stringify(same)} by more`)
    seen.set(column.toLowerCase(), name)
  }
}

function foreignKeysOf(
  schema: SchemaDescriptor,
  outline: Outline,
  dataset: string,
  at: Where,
): ForeignKey[] {
  return schema.foreignKeys.map((key, i) => {
    const { resource, fields } = key.reference
    const known = outline.resources.some((other) => other.name === resource)
    if (resource !== '' && !known) {
      const all = outline.resources.map((other) => other.name).join(', ')
      refuse(at, ['schema', 'foreignKeys', i, 'reference', 'resource'], resource, all)
    }
    return {
      fields: key.fields,
      dataset: resource === '' ? dataset : datasetOf(at.file, resource).dataset,
      columns: fields,
    }
  })
}

function partitionsOf(found: ResourceDescriptor, fields: Field[], at: Where): Partition[] {
  return (found.sluice.partitionBy ?? []).map((entry, i) => {
    const path = ['sluice', 'partitionBy', i]
    const [part, name] = typeof entry === 'string' ? ['value', entry] : Object.entries(entry)[0]!
    const field = fields.find((one) => one.name === name)
    if (!field) return refuse(at, path, name, fields.map((one) => one.name).join(', '))
    if (part !== 'value' && !['date', 'datetime'].includes(field.type)) {
      refuse(at, path, name, 'a date or datetime')
    }
    const folder = part === 'value' ? field.name : part
    return { name: folder, field: field.name, part: part as Partition['part'] }
  })
}

function checkKeys(contract: Omit<Contract, 'hash'>, at: Where): void {
  const names = contract.fields.map((field) => field.name)
  const known = (list: string[], path: (string | number)[]) => {
    for (const name of list) if (!names.includes(name)) refuse(at, path, name, names.join(', '))
  }
  known(contract.primaryKey, ['schema', 'primaryKey'])
  for (const [i, key] of contract.foreignKeys.entries()) {
    known(key.fields, ['schema', 'foreignKeys', i, 'fields'])
    if (key.fields.length === key.columns.length) continue
    refuse(at, ['schema', 'foreignKeys', i], key.columns, `${key.fields.length} reference fields`)
  }
  if (contract.load === 'append' && contract.primaryKey.length > 0) {
    refuse(at, ['sluice', 'load'], 'append', 'upsert, replace (the schema has a primaryKey)')
  }
  if (contract.load === 'upsert' && contract.primaryKey.length === 0) {
    refuse(at, ['sluice', 'load'], 'upsert', 'append, replace (the schema has no primaryKey)')
  }
  const folders = contract.partitionBy.map((partition) => partition.name.toLowerCase())
  if (new Set(folders).size < folders.length) {
    refuse(at, ['sluice', 'partitionBy'], folders, 'folders with different names')
  }
}
