import { parse as parseYaml } from 'yaml'
import * as z from 'zod'
import { Refused } from './errors.ts'

/**
 * The border of the contract: a Data Package descriptor as it stands in a file, checked for shape
 * only. What the standard leaves open (unknown properties) is kept out of the way, not complained
 * of.
 * Standard: https://datapackage.org/standard/data-package/
 */

const text = z.string()
const bound = z.union([z.string(), z.number()])
const names = z.union([text.transform((name) => [name]), z.array(text).min(1)])
const whole = z.number().int().min(0)

const constraints = z.looseObject({
  required: z.boolean().optional(),
  unique: z.boolean().optional(),
  enum: z.array(z.unknown()).min(1).optional(),
  minimum: bound.optional(),
  maximum: bound.optional(),
  exclusiveMinimum: bound.optional(),
  exclusiveMaximum: bound.optional(),
  minLength: whole.optional(),
  maxLength: whole.optional(),
  pattern: text.optional(),
})

const field = z.looseObject({
  name: text.min(1),
  type: text.default('any'),
  format: text.default('default'),
  constraints: constraints.default({}),
  trueValues: z.array(text).min(1).optional(),
  falseValues: z.array(text).min(1).optional(),
  sluice: z
    .strictObject({
      decimal: z.tuple([z.number().int().min(1).max(38), whole]).optional(),
    })
    .default({}),
})
export type FieldDescriptor = z.infer<typeof field>

const foreignKey = z.looseObject({
  fields: names,
  reference: z.looseObject({ resource: text.default(''), fields: names }),
})

const schema = z.looseObject({
  fields: z.array(field).min(1),
  fieldsMatch: z.union([text, z.array(text).length(1)]).default('exact'),
  missingValues: z.array(text).default(['']),
  primaryKey: names.optional(),
  foreignKeys: z.array(foreignKey).default([]),
})
export type SchemaDescriptor = z.infer<typeof schema>

const dialect = z.looseObject({
  header: z.boolean().optional(),
  delimiter: text.optional(),
  quoteChar: text.optional(),
  escapeChar: text.optional(),
  doubleQuote: z.boolean().optional(),
  skipInitialSpace: z.boolean().optional(),
  caseSensitiveHeader: z.boolean().optional(),
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

const settings = z.strictObject({
  files: names.optional(),
  load: z.enum(['upsert', 'append', 'replace']).optional(),
  partitionBy: z.array(z.union([text, part])).optional(),
  maxRejectRatio: z.number().min(0).max(1).optional(),
  compression: z.enum(['zstd', 'snappy']).optional(),
  stream: stream.optional(),
  windows: z.array(window).min(1).optional(),
})

const resource = z.looseObject({
  name: text.min(1),
  path: names.optional(),
  format: text.optional(),
  encoding: text.default('utf-8'),
  dialect: z.union([text, dialect]).optional(),
  schema: z.union([text, schema]).optional(),
  sluice: settings.default({}),
})
export type ResourceDescriptor = z.infer<typeof resource>

/** As much as decides which objects a resource governs, so that a broken one harms only its own. */
const outline = z.looseObject({
  resources: z
    .array(
      z.looseObject({
        name: text.min(1),
        path: names.optional(),
        sluice: z.looseObject({ files: names.optional() }).optional(),
      }),
    )
    .min(1),
})
export type Outline = z.infer<typeof outline>

/**
 * @param body the descriptor file's text, JSON or YAML by the ending of `file`
 * @throws Refused naming file, path in it, what was found and what is allowed
 */
export function parseOutline(body: string, file: string): Outline {
  return check(outline, parseText(body, file), file, [])
}

/** One resource of a descriptor, whole. Throws Refused as `parseOutline` does. */
export function parseResource(value: unknown, file: string, index: number): ResourceDescriptor {
  return check(resource, value, file, ['resources', index])
}

function parseText(body: string, file: string): unknown {
  try {
    return file.endsWith('.json') ? JSON.parse(body) : parseYaml(body)
  } catch (error) {
    const what = file.endsWith('.json') ? 'JSON' : 'YAML'
    throw new Refused(
      `${file}: not ${what}: ${String(error instanceof Error ? error.message : error)}`,
    )
  }
}

function check<T>(shape: z.ZodType<T>, value: unknown, file: string, at: (string | number)[]): T {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  const told = result.error.issues.map((issue) => {
    const path = [...at, ...issue.path] as (string | number)[]
    const found = JSON.stringify(dig(value, issue.path)) ?? 'nothing'
    return `${file}: ${where(path)}: found ${found.slice(0, 80)}; allowed: ${allowed(issue)}`
  })
  throw new Refused(told.join('\n'))
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
