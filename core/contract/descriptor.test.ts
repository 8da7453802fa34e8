import { expect, test } from 'vitest'
import { parseContract } from './contract.ts'
import { parseOutline } from './descriptor.ts'

const descriptor = `{"resources": [{"name": "t", "path": "t.csv", "schema": {"fields": [{
  "name": "n", "type": "integer", "constraints": {
    "minimum": -170141183460469231731687303715884105728, "maximum": 18446744073709551615,
    "enum": [9007199254740993, 5]}}]}}]}`

test.each(['json', 'yaml'])('integers beyond a double keep their digits in %s', (format) => {
  const file = `bronze/p/datapackage.${format}`
  const { fields } = parseContract(parseOutline(descriptor, file), 0, file)
  expect(fields[0]).toMatchObject({
    enum: ['9007199254740993', '5'],
    bounds: [
      { rule: 'minimum', value: '-170141183460469231731687303715884105728' },
      { rule: 'maximum', value: '18446744073709551615' },
    ],
    decimal: [38, 0],
  })
})

const fraction = `{"resources": [{"name": "t", "path": "t.csv", "schema": {"fields": [{
  "name": "n", "type": "number", "sluice": {"decimal": [20, 2]}, "constraints": {
    "minimum": 0.10, "maximum": 99999999999999999.99}}]}}]}`

test.each(['json', 'yaml'])('digits of a fraction are kept in %s', (format) => {
  const file = `bronze/p/datapackage.${format}`
  const { fields } = parseContract(parseOutline(fraction, file), 0, file)
  expect(fields[0]?.bounds).toMatchObject([
    { rule: 'minimum', value: '0.1' },
    { rule: 'maximum', value: '99999999999999999.99' },
  ])
})

test.each([
  ['a\u0000b', true],
  [String.raw`a\u0000b`, false],
  [String.raw`a\\u0000b`, false],
])('a NUL is no text, its escape is: %j', (description, isRefused) => {
  const resource = { name: 't', path: 't.csv', description, schema: { fields: [{ name: 'n' }] } }
  const file = 'bronze/p/datapackage.json'
  const parsed = () =>
    parseContract(parseOutline(JSON.stringify({ resources: [resource] }), file), 0, file)
  if (isRefused) expect(parsed).toThrow('found a NUL')
  else expect(parsed()).toMatchObject({ table: 't' })
})
