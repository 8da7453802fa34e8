import fc from 'fast-check'
import { expect, test } from 'vitest'
import { added, type Intervals, includes, isWhole, union } from './intervals.ts'

const numbers = fc.array(fc.nat(30), { maxLength: 40 })
const setOf = (values: number[]) => values.reduce(added, [] as Intervals)

/** Sorted, and neither do two of them meet. */
function expectCanonical(set: Intervals): void {
  for (const [i, [first, last]] of set.entries()) {
    expect(first).toBeLessThanOrEqual(last)
    if (i > 0) expect(first).toBeGreaterThan(set[i - 1]![1] + 1)
  }
}

test.each<[string, Intervals, number, Intervals]>([
  ['the first', [], 5, [[5, 5]]],
  ['the next', [[0, 4]], 5, [[0, 5]]],
  [
    'one that closes a gap',
    [
      [0, 4],
      [6, 9],
    ],
    5,
    [[0, 9]],
  ],
  [
    'one that is there',
    [
      [0, 4],
      [6, 9],
    ],
    7,
    [
      [0, 4],
      [6, 9],
    ],
  ],
  [
    'one before',
    [[3, 4]],
    1,
    [
      [1, 1],
      [3, 4],
    ],
  ],
  ['one that meets the first', [[3, 4]], 2, [[2, 4]]],
  [
    'the largest that there is',
    [[0, 0]],
    Number.MAX_SAFE_INTEGER,
    [
      [0, 0],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ],
  ],
])('%s is added', (_, set, value, expected) => expect(added(set, value)).toEqual(expected))

test.each<[Intervals, number, boolean]>([
  [[], 0, true],
  [[], 1, false],
  [[[0, 0]], 1, true],
  [[[0, 2]], 4, false],
  [[[1, 3]], 4, false],
  [
    [
      [0, 1],
      [3, 3],
    ],
    4,
    false,
  ],
  [[[0, 3]], 4, true],
])('%j is all of %d: %s', (set, count, whole) => expect(isWhole(set, count)).toBe(whole))

test('it is a set of numbers, whatever their order', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const [set, truth] = [setOf(values), new Set(values)]
      expectCanonical(set)
      for (let value = 0; value <= 31; value++) {
        expect(includes(set, value)).toBe(truth.has(value))
        const all = Array.from({ length: value }, (_, i) => i).every((one) => truth.has(one))
        expect(isWhole(set, value)).toBe(all)
      }
    }),
  )
})

test('a union is that of the sets, and neither side is changed', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const [one, other] = [setOf(a), setOf(b)]
      const before = structuredClone([one, other])
      const both = union(one, other)
      expectCanonical(both)
      expect(both).toEqual(setOf([...a, ...b]))
      expect(union(other, one)).toEqual(both)
      expect([one, other]).toEqual(before)
    }),
  )
})
