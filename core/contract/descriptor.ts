import * as z from 'zod'
import { Refused } from '../errors.ts'
import { exactInJson, exactYaml, reviver } from './exact-numbers.ts'
import { field, missingValues } from './field-descriptor.ts'

/**
 * The border of the contract: a Data Package descriptor as it stands in a file, checked for shape
 * only. What the standard leaves open (unknown properties) is kept out of the way, not complained
 * of.
 * Standard: https://datapackage.org/standard/data-package/
 */

const text = z.string()
const names = z.union([text.transform((name) => [name]), z.array(text).min(1)])
const whole = z.number().int().min(0)

const foreignKey = z.looseObject({
  fields: names,
  reference: z.looseObject({ resource: text.default(''), fields: names }),
})

const schema = z.looseObject({
  fields: z.array(field).min(1, 'one field at least'),
  uniqueKeys: z.array(z.array(text).min(1)).default([]),
  fieldsMatch: z.union([text, z.array(text).length(1)]).default('exact'),
  missingValues: missingValues.default(['']),
  primaryKey: names.or(z.array(text)).optional(),
  foreignKeys: z.array(foreignKey).default([]),
})
export type SchemaDescriptor = z.infer<typeof schema>

const rows = z.array(z.number().int().min(1)).nullish()
const delimited = {
  delimiter: text.nullish(),
  lineTerminator: text.nullish(),
  quoteChar: text.optional(),
  doubleQuote: z.boolean().nullish(),
  escapeChar: text.nullish(),
  nullSequence: text.nullish(),
  skipInitialSpace: z.boolean().nullish(),
}

const dialect = z.looseObject({
  ...delimited,
  header: z.boolean().nullish(),
  headerRows: rows,
  headerJoin: text.nullish(),
  commentRows: rows,
  commentChar: text.nullish(),
  caseSensitiveHeader: z.boolean().nullish(),
  headerCase: z.boolean().nullish(),
  csv: z.looseObject(delimited).optional(),
})
export type DialectDescriptor = z.infer<typeof dialect>

const part = z
  .partialRecord(z.enum(['year', 'month', 'day', 'hour']), text)
  .refine((entry) => Object.keys(entry).length === 1, 'one of year, month, day, hour: a field')

const stream = z.strictObject({
  eventTime: text.optional(),
  watermark: text.optional(),
  partitionKey: text.optional(),
})

const window = z.strictObject({
  name: text,
  every: text,
  groupBy: z.array(text).default([]),
  measures: z.record(text.min(1), text),
})

const reference = z.strictObject({ fields: names, table: text, columns: names })

const settings = z.strictObject({
  files: names.optional(),
  references: z.array(reference).default([]),
  load: z.enum(['upsert', 'append', 'replace']).optional(),
  partitionBy: z.array(z.union([text, part])).optional(),
  maxRejectRatio: z.number().min(0).max(1).optional(),
  compression: z.enum(['zstd', 'snappy']).optional(),
  stream: stream.optional(),
  windows: z.array(window).min(1).optional(),
})

export type SettingsDescriptor = z.infer<typeof settings>

const resource = z.looseObject({
  name: text.min(1, 'a name'),
  path: names.optional(),
  format: text.optional(),
  // Older packages write the default as an empty text.
  encoding: text.default('utf-8').transform((found) => found || 'utf-8'),
  compression: text.nullish(),
  bytes: whole.nullish(),
  hash: text.nullish(),
  dialect: dialect.optional(),
  schema: schema.optional(),
  sluice: settings.default({ references: [] }),
})
export type ResourceDescriptor = z.infer<typeof resource>

/** What is no list of texts stays as it is: its own resource complains of it, and no other one. */
const listed = z
  .unknown()
  .transform((found) => (names.safeParse(found).data ?? found) as string[] | undefined)

/** As much as decides which objects a resource governs, so that a broken one harms only its own. */
const outline = z.looseObject({
  resources: z
    .array(
      z
        .looseObject({
          name: text.catch(''),
          path: listed.optional(),
          sluice: z.unknown().optional(),
        })
        // Version 0 of the standard called a path `url`, and a consumer must take it as one.
        .transform((one) => (one.path === undefined ? { ...one, path: listOf(one.url) } : one)),
    )
    .min(1),
})
export type Outline = z.infer<typeof outline>

/** The files that a resource names as its own, and the globs of those that may come later. */
export function filesOf({ path, sluice }: Outline['resources'][number]) {
  const files = (sluice as { files?: unknown } | null | undefined)?.files
  return { paths: listOf(path) ?? [], globs: listOf(files) ?? [] }
}

function listOf(found: unknown): string[] | undefined {
  return names.safeParse(found).data
}

/**
 * @param body the descriptor file's text, JSON or YAML by the ending of `file`
 * @throws Refused naming file, path in it, what was found and what is allowed
 */
export function parseOutline(body: string, file: string): Outline {
  return check(outline, parseText(body, file), file, [])
}

/** Stands in a resource for a part of it in a file of its own that cannot be used. */
export class Unread {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/**
 * A part of a descriptor that stands in a file of its own: a schema, a dialect.
 *
 * @throws Refused where it is not the JSON or YAML of an object
 */
export function parsePart(body: string, file: string): object {
  const found = parseText(body, file)
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found
  throw new Refused(`${file}: found ${JSON.stringify(found)?.slice(0, 80)}; allowed: an object`)
}

/** One resource of a descriptor, whole. Throws Refused as `parseOutline` does. */
export function parseResource(value: unknown, file: string, index: number): ResourceDescriptor {
  return check(resource, value, file, ['resources', index])
}

function parseText(body: string, file: string): unknown {
  try {
    const text = body.replace(/^\ufeff/, '')
    return file.endsWith('.json') ? JSON.parse(text, exactInJson) : parseYaml(text)
  } catch (error) {
    const what = file.endsWith('.json') ? 'JSON' : 'YAML'
    throw new Refused(
      `${file}: not ${what}: ${String(error instanceof Error ? error.message : error)}`,
    )
  }
}

function parseYaml(text: string): unknown {
  const doc = exactYaml(text)
  if (doc.errors[0]) throw doc.errors[0]
  return doc.toJS({ reviver })
}

function check<T>(shape: z.ZodType<T>, value: unknown, file: string, at: (string | number)[]): T {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.flatMap(innermost)
  const told = issues.slice(0, MOST).map((issue) => {
    const path = [...at, ...issue.path] as (string | number)[]
    const found = JSON.stringify(dig(value, issue.path)) ?? 'nothing'
    return `${file}: ${where(path)}: found ${found.slice(0, 80)}; allowed: ${allowed(issue)}`
  })
  const more = issues.length - told.length
  const rest = more > 0 ? [`${file}: and ${more.toLocaleString('en')} more`] : []
  throw new Refused([...told, ...rest].join('\n'))
}

/** Complaints that are told: they are kept with each object, and logged. */
const MOST = 20

/** Of several shapes that may be, the one that fits as far as a value within it. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const deeper = issue.errors.flat().filter(({ path }) => path.length > 0)
  const inner = deeper.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
  return inner.length > 0 ? inner.flatMap(innermost) : [issue]
}

/** `resources[1].schema.fields[2].type`, as a person would look it up. */
export function where(path: readonly (string | number)[]): string {
  return path.reduce<string>((told, part) => {
    if (typeof part === 'number') return `${told}[${part}]`
    return told === '' ? part : `${told}.${part}`
  }, '')
}

function dig(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part],
    value,
  )
}

function allowed(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' | ')
  if (issue.code === 'unrecognized_keys') return `no property named ${issue.keys.join(', ')}`
  return issue.message.replace(/^Invalid input: expected /, '')
}
