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
