import * as z from 'zod'

/**
 * The border of the contract, continued: the shape of one field. What it means, and which property
 * goes with which type, is said in field.ts.
 * Standard: https://datapackage.org/standard/table-schema/#field
 */

const text = z.string()
const bound = z.union([z.string(), z.number()])
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
  jsonSchema: z.record(text, z.unknown()).optional(),
})

/**
 * Values, or objects of a value and perhaps a label; as the values alone. Objects must differ; a
 * plain value that stands there twice means what it means once.
 */
function labelled<T extends string | number>(value: z.ZodType<T>) {
  const entry = z.looseObject({ value, label: text.optional() })
  return z
    .array(z.union([value, entry]))
    .refine((list) => list.every(isEntry) || !list.some(isEntry), sameKind)
    .refine((list) => areUnique(entriesOf(list).map((one) => one.value)), 'values that differ')
    .refine((list) => areUnique(entriesOf(list).map((one) => one.label)), 'labels that differ')
    .transform((list) => [...new Set(list.map((one) => (isEntry(one) ? one.value : one) as T))])
}

const sameKind = 'values alone, or objects of a value and a label'

function isEntry(one: unknown): one is { value: unknown; label?: string | undefined } {
  return typeof one === 'object'
}

function entriesOf(list: unknown[]) {
  return list.filter(isEntry)
}

function areUnique(values: unknown[]): boolean {
  const known = values.filter((value) => value !== undefined)
  return new Set(known).size === known.length
}

/** As a schema and each of its fields may have them; as texts alone. */
export const missingValues = labelled(text)

export const field = z.looseObject({
  name: text.min(1, 'a name'),
  type: text.default('any'),
  format: text.default('default'),
  missingValues: missingValues.optional(),
  constraints: constraints.default({}),
  trueValues: z.array(text).min(1).optional(),
  falseValues: z.array(text).min(1).optional(),
  decimalChar: text.min(1).optional(),
  groupChar: text.optional(),
  bareNumber: z.boolean().optional(),
  delimiter: text.min(1).optional(),
  itemType: text.optional(),
  categories: labelled(z.union([text, z.number()])).optional(),
  categoriesOrdered: z.boolean().optional(),
  sluice: z
    .strictObject({
      decimal: z.tuple([z.number().int().min(1).max(38), whole]).optional(),
    })
    .default({}),
})
export type FieldDescriptor = z.infer<typeof field>
