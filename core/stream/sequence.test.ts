import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareSequences } from './sequence.ts'

test.each([
  'x',
  '1.0',
  '-1',
  '+1',
  ' 1',
  '1 ',
  '1\n',
  '0x1',
  '1e3',
  '1n',
  '١',
  'TRIM_HORIZON',
  '9'.repeat(129),
])('%j is no sequence number', (sequence) => {
  expect(() => compareSequences(sequence, '1')).toThrow(/decimal digits are expected/)
  expect(() => compareSequences('1', sequence)).toThrow(JSON.stringify(sequence))
})

test.each([
  ['9', '10'],
  ['', '0'],
  ['9007199254740992', '9007199254740993'],
  ['18446744073709551615', '18446744073709551616'],
  ['9'.repeat(55), `1${'0'.repeat(55)}`],
  ['0099', '100'],
  ['9'.repeat(127), '9'.repeat(128)],
])('%s is before %s', (low, high) => {
  expect(compareSequences(low, high)).toBeLessThan(0)
  expect(compareSequences(high, low)).toBeGreaterThan(0)
})

test.each([
  ['', ''],
  ['007', '7'],
  ['0', '000'],
])('%j is at the place of %j', (one, other) => expect(compareSequences(one, other)).toBe(0))

test('sequence numbers compare as the integers that they are', () => {
  const digits = fc.bigInt({ min: 0n, max: 10n ** 60n })
  const zeros = fc.nat(3)
  fc.assert(
    fc.property(digits, digits, zeros, (a, b, n) => {
      const sign = a < b ? -1 : a > b ? 1 : 0
      expect(Math.sign(compareSequences('0'.repeat(n) + a, String(b)))).toBe(sign)
    }),
  )
})
