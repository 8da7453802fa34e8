import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Contract, parseContract } from '../contract/contract.ts'
import { cellsOfRecord, isErrors, parseRecord } from './json-record.ts'

function contractOf(...fields: object[]): Contract {
  const resource = { name: 't', path: 't.csv', schema: { fields } }
  return parseContract({ resources: [resource] } as never, 0, 'streaming/t/datapackage.yaml')
}

const v = contractOf({ name: 'v', type: 'string' })

function parsed(text: string): Map<string, unknown> {
  const record = parseRecord(text)
  if (!(record instanceof Map)) throw new Error(record.message)
  return record
}

function cells(text: string, contract = v): (string | null)[] {
  const found = cellsOfRecord(parsed(text), contract)
  if (isErrors(found)) throw new Error(found.map(({ message }) => message).join())
  return found
}

function errors(text: string, contract = v) {
  const found = cellsOfRecord(parsed(text), contract)
  if (!isErrors(found)) throw new Error('it has no errors')
  return found
}

describe('what is no JSON object', () => {
  test.each([
    '',
    ' ',
    'null',
    'true',
    '5',
    '"text"',
    '[]',
    '[{"v":"1"}]',
    '{',
    '{"v"}',
    '{"v":}',
    '{"v":1,}',
    "{'v':1}",
    '{v:1}',
    '{"v":1}{"v":2}',
    '{"v":1} x',
    '{"v":01}',
    '{"v":1.}',
    '{"v":.5}',
    '{"v":+1}',
    '{"v":0x1F}',
    '{"v":NaN}',
    '{"v":Infinity}',
    '{"v":undefined}',
    '{"v":"a\nb"}',
    '{"v":"a\0b"}',
    '{"v":"\\x41"}',
    '{"v":"\\u00g0"}',
    '{"v":1}\0',
    '// comment\n{"v":1}',
    '{"v":1,"v":2}',
    '{"v":{"a":1,"a":2}}',
    `${'['.repeat(200_000)}`,
    `{"v":${'{"v":'.repeat(200_000)}`,
    `{"v":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
  ])('%.60j', (text) => {
    const found = parseRecord(text)
    expect(found).toMatchObject({ rule: 'source-error', message: expect.stringMatching(/JSON/) })
  })
})

test.each([
  ['1', '1'],
  ['1.10', '1.10'],
  ['1.0', '1.0'],
  ['-0', '-0'],
  ['-0.00', '-0.00'],
  ['1e400', '1e400'],
  ['1E+2', '1E+2'],
  ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
  ['0.1234567890123456789012345678901234567', '0.1234567890123456789012345678901234567'],
  ['9007199254740993', '9007199254740993'],
  ['"1.10"', '1.10'],
  ['""', ''],
  ['" x "', ' x '],
  ['"\\u00e9\\ud83d\\ude00"', 'é😀'],
  ['"\\n\\r\\t\\\\\\"\\/"', '\n\r\t\\"/'],
  ['"\\ufeff"', '\ufeff'],
  ['true', 'true'],
  ['null', null],
  ['[1.10, 1e400]', '[1.10,1e400]'],
  ['{"a":-0,"b":null}', '{"a":-0,"b":null}'],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
  ['"null"', 'null'],
])('%s is the cell %j', (json, cell) => expect(cells(`{"v":${json}}`)).toEqual([cell]))

test('any number keeps its digits', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?$/)
  fc.assert(
    fc.property(digits, (text) => {
      expect(cells(`{"v":${text}}`)).toEqual([text])
    }),
  )
})

test('any text keeps its characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('\0'))
      expect(cells(JSON.stringify({ v: text }))).toEqual([text])
    }),
  )
})

test('an absent member is missing; members come in the order of the fields', () => {
  const contract = contractOf({ name: 'a' }, { name: 'b' }, { name: 'c' })
  expect(cells('{"c":3,"a":1}', contract)).toEqual(['1', null, '3'])
  expect(cells('{}', contract)).toEqual([null, null, null])
})

test.each([
  ['toString', '{}', null],
  ['constructor', '{}', null],
  ['__proto__', '{}', null],
  ['__proto__', '{"__proto__":"x"}', 'x'],
  ['__proto__', '{"__proto__":5}', '5'],
  ['hasOwnProperty', '{"hasOwnProperty":1}', '1'],
])('a field %j is like any other: %s', (name, json, cell) => {
  expect(cells(json, contractOf({ name }))).toEqual([cell])
})

test.each(['__proto__', 'constructor', 'V', 'v ', '', '_dataset'])(
  'a member %j is extra',
  (name) => {
    const [error] = errors(`{"v":"1",${JSON.stringify(name)}:{"x":1.10}}`)
    expect(error).toMatchObject({ rule: 'extra-cell', field: name, value: '{"x":1.10}' })
  },
)

test('what __proto__ holds is no member of the record', () => {
  expect(errors('{"__proto__":{"v":"1"}}')).toMatchObject([{ rule: 'extra-cell' }])
})

test('every extra member is told', () => {
  const told = errors('{"x":null,"v":1,"y":"b"}')
  expect(told).toMatchObject([
    { rule: 'extra-cell', field: 'x', value: null },
    { rule: 'extra-cell', field: 'y', value: 'b' },
  ])
})

test.each([
  ['a NUL', '"a\\u0000b"'],
  ['a first half of a pair', '"a\\ud83d"'],
  ['a second half of a pair', '"\\ude00"'],
  ['a pair in the wrong order', '"\\ude00\\ud83d"'],
])('%s is no text', (_, json) => {
  const [error] = errors(`{"v":${json}}`)
  expect(error).toMatchObject({ rule: 'encoding-error', field: 'v' })
  expect(error!.value!.isWellFormed()).toBe(true)
  expect(error!.value).not.toContain('\0')
})

test.each(['"a\\u0000b"', '"\\ud83d"', `"${'x'.repeat(5_000)}"`])(
  'the value of an extra member is shown as text, and not all of a long one: %.20j',
  (json) => {
    const [error] = errors(`{"x":${json}}`)
    expect(error!.value!.isWellFormed()).toBe(true)
    expect(error!.value).not.toContain('\0')
    expect(error!.value!.length).toBeLessThanOrEqual(1_000)
  },
)

test('booleans are the first of the forms that the contract has for them', () => {
  const yes = contractOf({
    name: 'v',
    type: 'boolean',
    trueValues: ['ja', 'j'],
    falseValues: ['nein'],
  })
  expect(cells('{"v":true}', yes)).toEqual(['ja'])
  expect(cells('{"v":false}', yes)).toEqual(['nein'])
  expect(cells('{"v":"j"}', yes)).toEqual(['j'])
  expect(cells('{"v":1}', yes)).toEqual(['1'])
  expect(cells('{"v":true}', contractOf({ name: 'v', type: 'boolean' }))).toEqual(['true'])
})

test.each([
  [{ type: 'list' }, '["a","b"]', 'a,b'],
  [{ type: 'list' }, '"a,b"', 'a,b'],
  [{ type: 'list', delimiter: ' | ' }, '["a,b","c|d",""]', 'a,b | c|d | '],
  [{ type: 'list', itemType: 'integer' }, '[1,12345678901234567890]', '1,12345678901234567890'],
  [{ type: 'list', itemType: 'number' }, '[1.10,1e5]', '1.10,1e5'],
  [{ type: 'list', itemType: 'boolean', trueValues: ['yes'] }, '[true,false]', 'true,false'],
  [{ type: 'list' }, 'null', null],
  [{ type: 'number', decimalChar: ',' }, '1.50', '1,50'],
  [{ type: 'number', decimalChar: ',', groupChar: '.' }, '1234.5', '1234,5'],
  [{ type: 'number', decimalChar: ',' }, '"1,50"', '1,50'],
  [{ type: 'integer', groupChar: ',' }, '"1,000"', '1,000'],
  [{ type: 'geopoint' }, '[90.50,-45]', '90.50,-45'],
  [{ type: 'geopoint' }, '"90.50, -45"', '90.50, -45'],
  [{ type: 'geopoint', format: 'array' }, '[90.50,-45]', '[90.50,-45]'],
  [{ type: 'geopoint', format: 'object' }, '{"lon":90.50,"lat":1}', '{"lon":90.50,"lat":1}'],
  [
    { type: 'geojson' },
    '{"type":"Point","coordinates":[1.0,2]}',
    '{"type":"Point","coordinates":[1.0,2]}',
  ],
  [{ type: 'array' }, '[1.10]', '[1.10]'],
])('of %j, %s is the cell %j', (field, json, cell) => {
  expect(cells(`{"v":${json}}`, contractOf({ name: 'v', ...field }))).toEqual([cell])
})

test.each([
  ['an item with the delimiter', '["a,b"]', 'has the delimiter ","'],
  ['an item of null', '["a",null]', 'an item is null'],
  ['an item of a list', '[["a"]]', 'an item is null, an object or an array'],
  ['an item of an object', '[{"a":1}]', 'an item is null, an object or an array'],
  ['nothing', '[]', 'would be read as none'],
  ['a single empty text', '[""]', 'would be read as none or as a missing value'],
])('a list with %s would be another one as a text, and is rejected', (_, json, message) => {
  const list = contractOf({ name: 'v', type: 'list' })
  expect(errors(`{"v":${json}}`, list)).toMatchObject([
    { rule: 'type-error', field: 'v', value: json, message: expect.stringContaining(message) },
  ])
})

test.each([100, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 12_000])(
  'brackets %d deep are a cell, or no JSON; nothing is thrown',
  (depth) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const text = `{"v":${open.repeat(depth)}1${close.repeat(depth)}}`
      const record = parseRecord(text)
      if (record instanceof Map) expect(cellsOfRecord(record, v)).toEqual([text.slice(5, -1)])
      else expect(record.rule).toBe('source-error')
    }
  },
)
