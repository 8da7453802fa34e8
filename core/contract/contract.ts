import { Refused } from '../errors.ts'
import { postgresName, shortHash, snakeCase } from '../names.ts'
import { type Encoding, parseEncoding } from '../text/text-encoding.ts'
import {
  filesOf,
  type Outline,
  parseResource,
  type ResourceDescriptor,
  type SchemaDescriptor,
  Unread,
  where,
} from './descriptor.ts'
import { checkMarks, type Dialect, nullSequenceOf, parseDialect } from './dialect.ts'
import { type Field, parseField } from './field.ts'
import { type ForeignKey, foreignKeysOf } from './foreign-key.ts'
import { type Stored, storedOf } from './stored.ts'
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
  /** How an object's labels are to match the fields (see labels.ts). */
  fieldsMatch: (typeof matches)[number]
  primaryKey: string[]
  /** Further sets of fields whose values may stand only once in an object. */
  uniqueKeys: string[][]
  /** Whether an object must hold a key once only; a stream has no whole to look at. */
  keysOnce: boolean
  foreignKeys: ForeignKey[]
  dialect: Dialect
  encoding: Encoding
  /** How the bytes of its objects stand, as far as the descriptor says. */
  stored: Stored
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

export interface Partition {
  /** The folder's name: `year=2026`, `status=paid`. */
  name: string
  field: string
  part: 'year' | 'month' | 'day' | 'hour' | 'value'
}

const matches = ['exact', 'equal', 'subset', 'superset', 'partial'] as const

/**
 * One resource of a descriptor as a contract.
 *
 * @param outline the descriptor, its shape checked as far as names and paths
 * @param index which of its resources
 * @param file the descriptor's key: `bronze/<package>/datapackage.yaml`
 * @throws Refused naming file, path in it, what was found and what is allowed
 */
export function parseContract(outline: Outline, index: number, file: string): Contract {
  if (nul.test(JSON.stringify(outline.resources[index]))) {
    throw new Refused(`${file}: resources[${index}]: found a NUL; allowed: text without NUL`)
  }
  const at = { file, path: ['resources', index] as (string | number)[] }
  checkForm(outline.resources[index]!, at)
  const found = parseResource(outline.resources[index], file, index)
  const format = formatOf(found)
  if (!/^(csv|tsv)$/.test(format)) refuse(at, ['format'], found.format, 'csv, tsv')
  const schema = schemaOf(found, at)
  const inDialect = { file, path: [...at.path, 'dialect'] }
  const nulls = nullSequenceOf(found.dialect)
  const fields = schema.fields.map((field, i) => {
    const path = [...at.path, 'schema', 'fields', i]
    const parsed = parseField(field, schema.missingValues, { file, path })
    return { ...parsed, missingValues: once([...parsed.missingValues, ...nulls]) }
  })
  checkNames(fields, at)
  const primaryKey = once((schema.primaryKey ?? []).filter((name) => name !== ''))
  const names = datasetOf(file, found.name)
  const contract = {
    ...names,
    file,
    fields,
    fieldsMatch: fieldsMatchOf(schema, at),
    primaryKey,
    uniqueKeys: schema.uniqueKeys.map(once),
    keysOnce: true,
    foreignKeys: foreignKeysOf({
      schema,
      sluice: found.sluice,
      outline,
      dataset: names.dataset,
      datasetOf: (resource) => datasetOf(file, resource).dataset,
      at,
    }),
    dialect: parseDialect(found.dialect, format, inDialect),
    encoding: parseEncoding(found.encoding, file, [...at.path, 'encoding']),
    stored: storedOf(found, at),
    load: found.sluice.load ?? (primaryKey.length > 0 ? 'upsert' : 'append'),
    partitionBy: partitionsOf(found, fields, at),
    maxRejectRatio: found.sluice.maxRejectRatio ?? 1,
    compression: found.sluice.compression ?? 'zstd',
    stream: parseStream(found, fields, isStreamOnly(file), at),
  } satisfies Omit<Contract, 'hash'>
  checkMarks(contract.dialect, contract.encoding, inDialect)
  checkKeys(contract, at)
  return { ...contract, hash: shortHash(JSON.stringify(contract)) }
}

/** As JSON writes a NUL; a backslash before those letters is written as two. */
const nul = /(?<!\\)(?:\\\\)*\\u0000/

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

/** Where none is given, by the endings of the files' names, as the referee does. */
function formatOf(found: ResourceDescriptor): string {
  if (found.format) return found.format.toLowerCase()
  const { paths, globs } = filesOf(found)
  const files = [...paths, ...globs]
  const isTsv = (file: string) => /\.tsv(\.[a-z0-9]+)?$/i.test(file)
  return files.length > 0 && files.every(isTsv) ? 'tsv' : 'csv'
}

type Where = { file: string; path: (string | number)[] }

function refuse(at: Where, path: (string | number)[], found: unknown, allowed: string): never {
  const place = where([...at.path, ...path])
  throw new Refused(`${at.file}: ${place}: found ${JSON.stringify(found)}; allowed: ${allowed}`)
}

/** What lies elsewhere is never fetched: it could be any file of this machine, or of another. */
function checkForm(found: Outline['resources'][number], at: Where): void {
  for (const part of ['schema', 'dialect']) {
    if (found[part] instanceof Unread) throw new Refused(`${at.file}: ${found[part].why}`)
  }
  if (found.data !== undefined) {
    refuse(at, ['data'], 'data within the descriptor', 'a `path` to a file; they are not loaded')
  }
  for (const path of filesOf(found).paths) {
    if (!isWithin(path)) refuse(at, ['path'], path, 'a file at or below this folder')
  }
}

/** Whether a path of a descriptor stays in its folder: no address, not absolute, no `..`. */
export function isWithin(path: string): boolean {
  return !/^[a-z][a-z\d+.-]*:\/\/|^[/~\\]|(^|[/\\])\.\.($|[/\\])/i.test(path)
}

function schemaOf(found: ResourceDescriptor, at: Where): SchemaDescriptor {
  if (found.schema) return found.schema
  return refuse(at, ['schema'], null, 'a Table Schema (`sluice init FILE` proposes one)')
}

/** A field that is named twice is still one. */
function once(names: string[]): string[] {
  return [...new Set(names)]
}

function fieldsMatchOf(schema: SchemaDescriptor, at: Where): Contract['fieldsMatch'] {
  const asked = [schema.fieldsMatch].flat()[0]
  const known = matches.find((name) => name === asked)
  return known ?? refuse(at, ['schema', 'fieldsMatch'], asked, matches.join(', '))
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
  for (const [i, key] of contract.uniqueKeys.entries()) known(key, ['schema', 'uniqueKeys', i])
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
