import { expect, test } from 'vitest'
import { checkSql, inPlaces, numberPlaceholders } from './placeholders.ts'

const cases: [string, string, string[]][] = [
  ['SELECT :a + :b', 'SELECT $1 + $2', ['a', 'b']],
  ['SELECT :a + :a', 'SELECT $1 + $2', ['a', 'a']],
  ['SELECT :0, :A_1', 'SELECT $1, $2', ['0', 'A_1']],
  ['SELECT :a::date', 'SELECT $1::date', ['a']],
  ['SELECT f(x := 1)', 'SELECT f(x := 1)', []],
  ["SELECT ':a', 'it''s :a'", "SELECT ':a', 'it''s :a'", []],
  ['SELECT ":a" FROM "t"":b"', 'SELECT ":a" FROM "t"":b"', []],
  ['SELECT 1 -- :a\n, :b', 'SELECT 1 -- :a\n, $1', ['b']],
  ['SELECT /* :a */ 1 - 2 / :b', 'SELECT /* :a */ 1 - 2 / $1', ['b']],
  ['SELECT \'{"a":1}\'::jsonb', 'SELECT \'{"a":1}\'::jsonb', []],
  // What AWS garbles.
  ['SELECT $$a :b c$$', 'SELECT $$a $1 c$$', ['b']],
  ['SELECT a[1:2]', 'SELECT a[1$1]', ['2']],
]

test.each(cases)('%s', (given, sql, names) => {
  expect(numberPlaceholders(given)).toEqual({ sql, names })
})

test('parameters come in the order of their places', () => {
  const [one, two] = ['a', 'b'].map((name) => ({ name, value: { isNull: true } }))
  const numbered = numberPlaceholders('SELECT :b, :a, :b, :c')
  expect(inPlaces(numbered, [one!, two!]).map(({ name }) => name)).toEqual(['b', 'a', 'b'])
})

test('a parameter that no place asks for, and one given twice, are refused', () => {
  const parameter = { name: 'a', value: { isNull: true } }
  const numbered = numberPlaceholders('SELECT :a')
  expect(() => inPlaces(numbered, [{ ...parameter, name: 'b' }])).toThrow('find parameter: b')
  expect(() => inPlaces(numbered, [parameter, parameter])).toThrow('unique')
})

test.each([
  'BEGIN',
  'begin;',
  ' START  TRANSACTION READ ONLY',
  'COMMIT AND CHAIN',
  '/* a */ -- b\n END',
  'ROLLBACK',
  'ROLLBACK TRANSACTION',
  "PREPARE TRANSACTION 'a'",
])('%s is left to the calls', (sql) => {
  expect(() => checkSql(sql)).toThrow('calls for transactions')
})

test.each([
  'ROLLBACK TO a',
  'ROLLBACK TRANSACTION TO SAVEPOINT a',
  'SAVEPOINT a',
  'RELEASE a',
  'SELECT begin FROM t',
])('%s is a statement as any other', (sql) => {
  expect(() => checkSql(sql)).not.toThrow()
})
