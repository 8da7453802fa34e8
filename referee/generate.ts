import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { stringify } from 'yaml'
import { type Form, makeForm, write } from './generate-dialect.ts'
import { makeRows } from './generate-rows.ts'
import { type Column, makeSchema, type Schema } from './generate-schema.ts'
import type { Properties } from './generate-types.ts'
import { makeRates, spoil, spoilBytes } from './mistakes.ts'
import { Random } from './random.ts'

/** The files of a generated package, by their path in its folder. */
export type Files = Map<string, Buffer>

/**
 * A Data Package of one to four resources with rows that fit and mistakes, always the same for the
 * same numbers.
 */
export function generate(seed: number, n: number): Files {
  const random = new Random(seed * 1_000_003 + n)
  const version = random.chance(0.6) ? (2 as const) : (1 as const)
  const files: Files = new Map()
  const schemas: Schema[] = []
  const rowsOf = new Map<Column, string[]>()
  const resources: Properties[] = []
  for (let i = random.int(1, 4); i > 0; i--) {
    const schema = makeSchema(random, `table-${schemas.length + 1}`, schemas, version)
    schemas.push(schema)
    resources.push(makeResource(random, schema, rowsOf, files, version))
  }
  const descriptor: Properties = { name: `gen-${seed}-${n}`, ...about(random, version), resources }
  const name = random.pick(['datapackage.json', 'datapackage.yaml', 'datapackage.yml'])
  const text = name.endsWith('.json')
    ? JSON.stringify(descriptor, null, 2)
    : stringify(descriptor, { version: '1.1' })
  files.set(name, Buffer.from(text))
  return files
}

/** Writes a package into a folder. */
export function store(files: Files, folder: string): void {
  for (const [path, body] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), body)
  }
}

/** What a descriptor may say besides, and nobody complains of. */
function about(random: Random, version: 1 | 2): Properties {
  return {
    ...(version === 2 && { $schema: 'https://datapackage.org/profiles/2.0/datapackage.json' }),
    ...(version === 1 && random.chance(0.4) && { profile: 'data-package' }),
    ...(random.chance(0.2) && { licenses: [{ name: 'ODC-PDDL-1.0' }], custom: [1, { a: null }] }),
    ...(random.chance(0.2) && { sources: [{ title: 'somewhere', path: 'https://example.com' }] }),
  }
}

function makeResource(
  random: Random,
  schema: Schema,
  rowsOf: Map<Column, string[]>,
  files: Files,
  version: 1 | 2,
): Properties {
  const form = makeForm(random)
  const rows = makeRows(random, schema, rowsOf)
  const rates = makeRates(random)
  const { dialect, encoding, packed } = form
  const header = arrange(random, schema, version, dialect.header === false)
  const paths = pathsOf(random, schema.name, packed)
  for (const [i, path] of paths.entries()) {
    const part = rows.filter((_, n) => Math.floor((n * paths.length) / rows.length) === i)
    const spoilt = spoil(random, schema, part, rates).map(header.place)
    files.set(path, bytesOf(random, write(random, form, header.labels, spoilt), form))
  }
  return {
    name: schema.name,
    ...(version === 2 && random.chance(0.5) ? { type: 'table' } : {}),
    ...(version === 1 && random.chance(0.3) ? { profile: 'tabular-data-resource' } : {}),
    path: paths.length === 1 && random.chance(0.9) ? paths[0] : paths,
    ...(random.chance(0.3) ? { format: 'csv', mediatype: 'text/csv' } : {}),
    ...(encoding ? { encoding } : {}),
    ...(Object.keys(dialect).length > 0 || random.chance(0.1) ? { dialect } : {}),
    ...storedAs(random, paths, files),
    schema: schemaOf(random, schema, files),
  }
}

function pathsOf(random: Random, name: string, packed: string): string[] {
  const end = `csv${packed}`
  if (!packed && random.chance(0.06)) return [`${name}/1.csv`, `${name}/2.csv`, `${name}/3.csv`]
  return [random.chance(0.5) ? `${name}.${end}` : `data/${name}.${end}`]
}

function bytesOf(random: Random, body: Buffer, { packed }: Form): Buffer {
  const spoilt = random.chance(0.05) ? spoilBytes(random, body) : body
  if (packed === '.zst') return zstdCompressSync(spoilt)
  return packed ? gzipSync(spoilt) : spoilt
}

/** `bytes` and `hash` of a file as it is stored; now and then another one's. */
function storedAs(random: Random, paths: string[], files: Files): Properties {
  const body = files.get(paths[0]!)!
  if (paths.length > 1 || random.chance(0.85)) return {}
  const isWrong = !paths[0]!.endsWith('.zst') && random.chance(0.1)
  const of = isWrong ? Buffer.concat([body, Buffer.from('\n')]) : body
  const hash = (name: string) => createHash(name).update(of).digest('hex')
  return random.pick([
    { bytes: of.length },
    { hash: hash('md5') },
    { bytes: of.length, hash: `sha256:${hash('sha256')}` },
  ])
}

/** The schema, or the path of the file that it is put in. */
function schemaOf(random: Random, { name, descriptor }: Schema, files: Files): unknown {
  if (!random.chance(0.08)) return descriptor
  const path = `schemas/${name}.${random.pick(['json', 'yaml'])}`
  const text = path.endsWith('.json')
    ? JSON.stringify(descriptor)
    : stringify(descriptor, { version: '1.1' })
  files.set(path, Buffer.from(text))
  return path
}

/**
 * The header's labels, and the place of a row's cells below them: `fieldsMatch` lets them come in
 * another order, be more or fewer; sometimes where it does not let them.
 */
function arrange(random: Random, schema: Schema, version: 1 | 2, headless: boolean) {
  const names = schema.columns.map((one) => one.name)
  const asked = random.chance(0.4)
    ? random.pick(['exact', 'equal', 'subset', 'superset', 'partial'])
    : undefined
  if (asked && (version === 2 || random.chance(0.5))) schema.descriptor.fieldsMatch = asked
  const match = (schema.descriptor.fieldsMatch as string | undefined) ?? 'exact'
  const wrong = random.chance(0.05)
  const free = !headless && (wrong || match !== 'exact')
  const reordered = free && random.chance(0.5) ? random.shuffled(names) : names
  const more = free && (wrong || ['subset', 'partial'].includes(match)) && random.chance(0.4)
  const fewer = free && (wrong || ['superset', 'partial'].includes(match)) && random.chance(0.4)
  const kept = fewer ? reordered.slice(0, Math.max(1, names.length - random.int(1, 2))) : reordered
  const labels: (string | undefined)[] = more ? insert(random, kept) : kept
  const place = (row: string[]) => {
    // A row with cells too few or too many keeps its length.
    if (labels.length === names.length && labels.every((one, i) => one === names[i])) return row
    if (row.length < names.length) return row.slice(0, labels.length)
    const cells = labels.map((one) => (one === undefined ? 'more' : row[names.indexOf(one)]!))
    return [...cells, ...row.slice(names.length)]
  }
  const odd = random.chance(0.03)
  const shown = labels.map((one) => one ?? 'unnamed')
  return { labels: odd ? oddLabels(random, shown) : shown, place }
}

function insert(random: Random, names: string[]): (string | undefined)[] {
  const at = random.int(0, names.length)
  return [...names.slice(0, at), undefined, ...names.slice(at)]
}

function oddLabels(random: Random, labels: string[]): string[] {
  const at = random.int(0, labels.length - 1)
  const odd = random.pick(['', labels[0]!, labels[at]!.toUpperCase(), ` ${labels[at]}`, 'other'])
  return labels.map((one, i) => (i === at ? odd : one))
}
