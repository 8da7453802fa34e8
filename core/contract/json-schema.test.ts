import { expect, it } from 'vitest'
import { jsonSchema } from './json-schema.ts'

const fits = (schema: Record<string, unknown>, value: unknown) =>
  jsonSchema(schema).fits(JSON.stringify(value))

const v2020 = 'https://json-schema.org/draft/2020-12/schema'
const v2019 = 'https://json-schema.org/draft/2019-09/schema'

/** Each of them would keep a worker for hours, or end it for want of memory. */
const hostile: [what: string, schema: Record<string, unknown>, value: unknown][] = [
  ['a pattern that goes back', { pattern: '^(a+)+$' }, `${'a'.repeat(60)}!`],
  [
    'a name of a property by such a pattern',
    { additionalProperties: false, patternProperties: { '^(a|aa)+$': true } },
    { [`${'a'.repeat(90)}!`]: 1 },
  ],
  ['a reference that doubles', doubling('$ref', 60), 1],
  [
    'one that doubles with each level of the value',
    { type: 'array', anyOf: twice({ $ref: '#' }) },
    nested(60),
  ],
  [
    'a dynamic one',
    { $schema: v2020, $dynamicAnchor: 'a', anyOf: twice({ $dynamicRef: '#a' }), type: 'array' },
    nested(60),
  ],
  [
    'a recursive one',
    { $schema: v2019, $recursiveAnchor: true, anyOf: twice({ $recursiveRef: '#' }), type: 'array' },
    nested(60),
  ],
]

it.each(hostile)('%s ends, and the value does not fit', (_, schema, value) => {
  expect(fits(schema, value)).toBe(false)
})

function twice(items: object): object[] {
  return [{ items }, { items, description: 'again' }]
}

function doubling(keyword: string, times: number): Record<string, unknown> {
  const definitions: Record<string, object> = { d0: { type: 'string' } }
  for (let i = 1; i <= times; i++) {
    const one = { [keyword]: `#/definitions/d${i - 1}` }
    definitions[`d${i}`] = { anyOf: [one, one] }
  }
  return { definitions, [keyword]: `#/definitions/d${times}` }
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

it('many items are found to differ at once', () => {
  const items = Array.from({ length: 100_000 }, (_, i) => ({ i }))
  expect(fits({ uniqueItems: true }, items)).toBe(true)
  expect(fits({ uniqueItems: true }, [...items, { i: 7 }])).toBe(false)
})

it.each([
  [[1, 1], false],
  [
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    false,
  ],
  [[1, '1', true, null, [1], { 1: 1 }], true],
  [[[], {}], true],
  [[], true],
])('items of %j differ: %s', (items, expected) => {
  expect(fits({ uniqueItems: true }, items)).toBe(expected)
  expect(fits({ uniqueItems: false }, items)).toBe(true)
})

it('a tree of references is followed to its leaves', () => {
  const tree = { type: 'object', properties: { kids: { type: 'array', items: { $ref: '#' } } } }
  const leaves = Array.from({ length: 10_000 }, () => ({ kids: [{}, {}] }))
  expect(fits(tree, { kids: leaves })).toBe(true)
  expect(fits(tree, { kids: [...leaves, { kids: [1] }] })).toBe(false)
  const beside = { definitions: { n: { minimum: 2 } }, $ref: '#/definitions/n', type: 'integer' }
  expect([1, 2, 'x'].map((value) => fits({ ...beside, $schema: v2020 }, value))).toEqual([
    false,
    true,
    false,
  ])
})

it.each<[string, string, boolean]>([
  ['^[A-Z]{2}\\d+$', 'AB12', true],
  ['^\\u00e9\\u{1F600}$', 'é😀', true],
  ['b', 'abc', true],
  ['^b', 'abc', false],
])('pattern %s of %s: %s', (pattern, text, expected) => {
  expect(fits({ pattern }, text)).toBe(expected)
})

it.each(['(?=a)b', '(a)\\1'])('pattern %s is no pattern of RE2', (pattern) => {
  expect(() => jsonSchema({ pattern })).toThrow('error parsing regexp')
})

it.each(['http://127.0.0.1:1/x.json', 'file:///etc/passwd', 'other.json'])(
  '%s is not fetched',
  ($ref) => {
    expect(() => jsonSchema({ $ref })).toThrow("can't resolve reference")
  },
)

it('a schema is no code', () => {
  const evil = '"];process.exit(7);//'
  const schema = {
    ...{ title: '*/process.exit(1)/*', $comment: '*/process.exit(2)/*' },
    properties: {
      [evil]: { const: '`+process.exit(8)+`' },
      "'+process.exit(9)+'": { enum: [evil] },
    },
  }
  expect(fits(schema, { [evil]: 1 })).toBe(false)
  expect(fits(JSON.parse('{"properties": {"__proto__": {"type": "string"}}}'), {})).toBe(true)
})
