import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, canonicalNumber } from './json-value.ts'

test.each([
  ['1', '1e0'],
  ['1.50', '15e-1'],
  ['+15e-1', '15e-1'],
  ['100', '1e2'],
  ['-0.00', '0'],
  ['0e999', '0'],
  ['1E+400', '1e400'],
  [' .5', '5e-1'],
  ['12345678901234567890.1', '123456789012345678901e-1'],
])('the number %s is %s', (text, canonical) => expect(canonicalNumber(text)).toBe(canonical))

test.each([
  ['{"b": 2, "a": [1.0, true, null]}', '{"a":[1e0,true,null],"b":2e0}'],
  ['"\\u00e9"', '"é"'],
  ['not JSON', 'not JSON'],
])('%s is %s', (text, canonical) => expect(canonicalJson(text)).toBe(canonical))

test('equal values have one text, other values another', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(number, number, (a, b) => {
      const texts = [String(a), a.toExponential()]
      expect(new Set(texts.map(canonicalNumber)).size).toBe(1)
      const equal = canonicalNumber(String(a)) === canonicalNumber(String(b))
      expect(equal).toBe(a === b)
    }),
  )
})
