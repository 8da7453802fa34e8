import { expect, test } from 'vitest'
import { parseContract } from '../core/contract/contract.ts'
import { parseOutline } from '../core/contract/descriptor.ts'
import { fieldWords } from './field-words.ts'

function words(schema: object) {
  const file = 'bronze/p/datapackage.yaml'
  const resources = [{ name: 't', path: 't.csv', schema }]
  const contract = parseContract(parseOutline(JSON.stringify({ resources }), file), 0, file)
  return contract.fields.map((field) => fieldWords(field, contract))
}

test.each<[object, string, ...string[]]>([
  [{}, 'any'],
  [{ type: 'string', format: 'email' }, 'string (email)'],
  [{ type: 'date', format: '%d/%m/%Y' }, 'date (%d/%m/%Y)'],
  [{ type: 'datetime', format: 'any' }, 'datetime (in any form)'],
  [
    { type: 'list', itemType: 'integer', delimiter: '|' },
    'list of integer',
    'items are parted by a vertical bar',
  ],
  [{ constraints: { unique: true } }, 'any', 'unique'],
  [
    { type: 'integer', constraints: { minimum: 0, maximum: 9 } },
    'integer',
    'at least 0',
    'at most 9',
  ],
  [
    { type: 'number', constraints: { exclusiveMinimum: 0, exclusiveMaximum: '1e3' } },
    'number',
    'more than 0',
    'less than 1e3',
  ],
  [
    { type: 'date', constraints: { minimum: '2020-01-01', exclusiveMaximum: '2030-01-01' } },
    'date',
    'not before 2020-01-01',
    'before 2030-01-01',
  ],
  [{ type: 'year', constraints: { maximum: 2030 } }, 'year', 'not after 2030'],
  [{ type: 'string', constraints: { minLength: 2, maxLength: 2 } }, 'string', '2 characters'],
  [
    { type: 'string', constraints: { minLength: 1, maxLength: 1200 } },
    'string',
    '1 to 1,200 characters',
  ],
  [{ type: 'array', constraints: { minLength: 1 } }, 'array', 'at least 1 item'],
  [{ type: 'object', constraints: { maxLength: 3 } }, 'object', 'at most 3 members'],
  [
    { type: 'string', constraints: { enum: ['paid', 'on the way'] } },
    'string',
    'one of paid or "on the way"',
  ],
  [
    { type: 'integer', categories: [{ value: 1, label: 'low' }, { value: 2 }] },
    'integer',
    'one of 1 or 2',
  ],
  [{ type: 'string', constraints: { pattern: '[A-Z]{3}' } }, 'string', 'fits [A-Z]{3}'],
  [
    { type: 'string', constraints: { pattern: 'x'.repeat(90) } },
    'string',
    `fits ${'x'.repeat(79)}…`,
  ],
  [
    { type: 'object', constraints: { jsonSchema: { type: 'object' } } },
    'object',
    'fits its JSON Schema',
  ],
  [
    { type: 'number', decimalChar: ',', groupChar: '.', sluice: { decimal: [12, 2] } },
    'number',
    'at most 12 digits, 2 of them after the point',
    'the decimal point is a comma',
    'digits may be grouped by .',
  ],
  [
    { type: 'integer', constraints: { minimum: '1', maximum: '99999999999999999999' } },
    'integer',
    'at least 1',
    'at most 99999999999999999999',
    'at most 38 digits',
  ],
  [{ type: 'number', bareNumber: false }, 'number', 'signs around a number are cut off'],
  [
    { type: 'boolean', trueValues: ['yes', 'y'], falseValues: ['no'] },
    'boolean',
    'true is yes or y, false is no',
  ],
  [
    { type: 'string', missingValues: ['', 'n/a', '- -'] },
    'string',
    'missing is the empty text or n/a or "- -"',
  ],
  [{ type: 'string', missingValues: [] }, 'string', 'the empty text is a value'],
])('a field %j', (field, type, ...rules) => {
  const told = words({ fields: [{ name: 'f', ...field }] })
  expect(told).toEqual([{ name: 'f', column: 'f', type, rules, nullable: true }])
})

test('what may not be missing', () => {
  const needed = { name: 'b', type: 'string', constraints: { required: true } }
  const told = words({ fields: [{ name: 'a', type: 'string' }, needed], primaryKey: 'a' })
  expect(told.map(({ rules, nullable }) => [rules, nullable])).toEqual([
    [['primary key'], false],
    [['required'], false],
  ])
})

test('the column of a name that is too long for Postgres is told', () => {
  const told = words({ fields: [{ name: 'x'.repeat(70) }] })
  expect(told[0]!.column).toMatch(/^x{54}_[0-9a-f]{8}$/)
})
