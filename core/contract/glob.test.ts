import { matchesGlob } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Refused } from '../errors.ts'
import { globOf } from './glob.ts'

it.each<[string, string[], string[]]>([
  ['*.csv', ['a.csv', 'a.b.csv'], ['.csv', '.a.csv', 'x/a.csv', 'a.csv.gz', 'a.CSV']],
  ['**/*.csv', ['a.csv', 'x/a.csv', 'x/y/a.csv'], ['.x/a.csv', 'x/.a.csv']],
  ['orders/**', ['orders/a', 'orders/x/a'], ['orders', 'order/a', 'orders/.a']],
  ['**', ['a', 'a/b'], ['.a', 'a/.b']],
  ['.x/*', ['.x/a'], ['x/a', '.x/.a']],
  ['a?c', ['abc', 'a.c'], ['ac', 'a/c', 'abbc']],
  ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
  ['[!a-c]x', ['dx'], ['ax', '.x', '/x']],
  ['{2026,old}/{a,b*}.csv', ['2026/a.csv', 'old/bc.csv'], ['2026/c.csv', 'a.csv', '{2026,old}']],
  ['a{,b}.csv', ['a.csv', 'ab.csv'], ['ac.csv']],
  ['a b(1).csv', ['a b(1).csv'], ['ab(1).csv']],
  ['x//y', ['x/y'], ['x//y']],
  ['$^|.', ['$^|.'], ['', '$^|x']],
])('%s names %j, and not %j', (text, named, others) => {
  const glob = globOf(text)
  expect(named.filter((key) => !glob(key))).toEqual([])
  expect(others.filter(glob)).toEqual([])
})

it.each([
  '+(a|b)',
  '@(a)',
  '!(a)',
  '{1..3}',
  '[[:alpha:]]',
  'a\\*',
  '[ab',
  '{a,b',
  'a}',
  '[]',
  '[b-a]',
  '{'.repeat(1_025),
])('%s is refused', (text) => {
  expect(() => globOf(text)).toThrow(Refused)
  expect(() => globOf(text)).toThrow(/^the glob ".*": found .*; allowed: \*, \*\*/)
})

it('names what the globs of Node name', () => {
  const part = (...pieces: string[]) =>
    fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 }).map((all) => all.join(''))
  const globs = fc
    .array(
      fc.oneof(
        fc.constant('**'),
        part('a', 'b', '.', '*', '?', '[ab]', '[!a]', '{a,b*}', '{?,.a}'),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .filter((all) => !all.some((one) => /^\.+$/.test(one)))
    .map((all) => all.join('/'))
  const keys = fc
    .array(part('a', 'b', '.', 'ab'), { minLength: 1, maxLength: 3 })
    .filter((all) => !all.some((one) => /^\.+$/.test(one)))
    .map((all) => all.join('/'))
  fc.assert(
    fc.property(globs, keys, (text, key) => {
      expect(globOf(text)(key)).toBe(matchesGlob(key, text))
    }),
    { numRuns: 3_000 },
  )
})

it.each([
  ['*a'.repeat(20), 'a'.repeat(60)],
  ['**/'.repeat(20), 'a/'.repeat(60)],
  ['{a,b}'.repeat(30), 'ab'.repeat(30)],
  [`${'{'.repeat(30)}a,b${'}'.repeat(30)}`, 'a'],
])('%s ends for %s', (text, key) => {
  expect(globOf(`${text}c`)(key)).toBe(false)
})
