import { expect, test } from 'vitest'
import {
  answerOf,
  inPieces,
  isLong,
  parameterOf,
  pieced,
  wantsAnswer,
  withNames,
} from './data-api-sql.ts'

test.each([
  ['SELECT 1', 'SELECT 1'],
  ['SELECT $1, $2 + $10, $1', 'SELECT :p1, :p2 + :p10, :p1'],
  ['SELECT $1::text[], a::int', 'SELECT :p1::text[], a::int'],
  // What is quoted stays as it is, but for its colons.
  [`SELECT '$1', "$1", 'it''s $1'`, `SELECT '$1', "$1", 'it''s $1'`],
  [`SELECT ':a', $1`, String.raw`SELECT U&'\003aa', :p1`],
  [`SELECT '10:00'::time`, String.raw`SELECT U&'10\003a00'::time`],
  [String.raw`SELECT 'a\:b\n'`, String.raw`SELECT U&'a\\\003ab\\n'`],
  [String.raw`SELECT '\n'`, String.raw`SELECT '\n'`],
  [`SELECT 'it''s :a', $1`, String.raw`SELECT U&'it''s \003aa', :p1`],
  [`SELECT t."a:""b""" FROM t`, String.raw`SELECT t.U&"a\003a""b""" FROM t`],
  [`SELECT '"' || $1 || ':"'`, String.raw`SELECT '"' || :p1 || U&'\003a"'`],
  [`SELECT "it's", $1, ':'`, String.raw`SELECT "it's", :p1, U&'\003a'`],
  // A comment goes: a quote in it begins nothing, a name in it is none.
  [`SELECT 1 -- don't, :a $1\n, $2, ':'`, "SELECT 1  \n, :p2, U&'\\003a'"],
  [`SELECT 1 -- don't\r, $1`, 'SELECT 1  \r, :p1'],
  [`/* it's\n :a $1 */SELECT $1 /* " */`, ' SELECT :p1  '],
  [`SELECT '-- no', '/* comment', $1 */ 2`, `SELECT '-- no', '/* comment', :p1 */ 2`],
  ['SELECT 1 - -$1 / 2', 'SELECT 1 - -:p1 / 2'],
])('%s goes as %s', (sql, expected) => {
  expect(withNames(sql)).toBe(expected)
})

test.each([
  [null, { isNull: true }],
  [undefined, { isNull: true }],
  [true, { booleanValue: true }],
  [false, { booleanValue: false }],
  [0, { longValue: 0 }],
  [-7, { longValue: -7 }],
  [Number.MAX_SAFE_INTEGER, { longValue: 9007199254740991 }],
  [Number.MIN_SAFE_INTEGER, { longValue: -9007199254740991 }],
  [1.5, { doubleValue: 1.5 }],
  // Beyond, JSON's digits are not those of the number: 1e+21 is no integer there.
  [2 ** 53, { doubleValue: 2 ** 53 }],
  [1e21, { doubleValue: 1e21 }],
  [Number.POSITIVE_INFINITY, { doubleValue: Number.POSITIVE_INFINITY }],
  ['', { stringValue: '' }],
  ['null', { stringValue: 'null' }],
  [12345678901234567890n, { stringValue: '12345678901234567890' }],
  [new Date('2024-02-29T12:00:00.5Z'), { stringValue: '2024-02-29T12:00:00.500Z' }],
  [{ a: [1, null], 'b"': 'c' }, { stringValue: '{"a":[1,null],"b\\"":"c"}' }],
  [[], { stringValue: '{}' }],
  [[1, -2.5, true], { stringValue: '{"1","-2.5","true"}' }],
  [['a', '', 'NULL', null, undefined], { stringValue: '{"a","","NULL",NULL,NULL}' }],
  [['a,b', '{c}', 'd "e"', 'f\\'], { stringValue: '{"a,b","{c}","d \\"e\\"","f\\\\"}' }],
  [[new Date(0)], { stringValue: '{"1970-01-01T00:00:00.000Z"}' }],
])('%o is the parameter %o', (value, expected) => {
  expect(parameterOf(value, 4)).toEqual({ name: 'p5', value: expected })
})

test.each([
  [true, 'SELECT 1'],
  [true, '  select 1'],
  [true, 'SELECT\n1'],
  [true, 'WITH a AS (SELECT 1) SELECT * FROM a'],
  [true, 'VALUES (1)'],
  [true, '((SELECT 1) UNION (SELECT 2))'],
  [true, '-- why\n/* and ** how */\n SELECT 1'],
  [true, 'INSERT INTO t VALUES (1) RETURNING id'],
  [true, 'UPDATE t SET a = 1\nreturning a'],
  [true, 'DELETE FROM t RETURNING *'],
  [false, 'INSERT INTO t SELECT 1'],
  [false, 'CREATE TABLE t AS SELECT 1'],
  [false, '-- SELECT 1\n DELETE FROM t'],
  [false, '/* SELECT */ DELETE FROM t'],
  [false, 'SELECTED'],
  [false, `SET x = 'y'`],
  [false, ''],
  [false, `${'-- '.repeat(1_000)}\n${'/* a */ '.repeat(1_000)}DROP TABLE t`],
])('whether it wants an answer: %s, %s', (expected, sql) => {
  expect(wantsAnswer(sql)).toBe(expected)
})

test('a statement is long when it is with its names, and its colons as their codes', () => {
  const padded = (length: number, sql: string) =>
    sql.replace('x', 'x'.repeat(length - sql.length + 1))
  expect(isLong(padded(65_536, `SELECT 'x'`))).toBe(false)
  expect(isLong(padded(65_537, `SELECT 'x'`))).toBe(true)
  // `$1` is one shorter than `:p1`, a quoted colon four shorter than its code, and U& comes too.
  expect(isLong(padded(65_535, `SELECT $1, 'x'`))).toBe(false)
  expect(isLong(padded(65_536, `SELECT $1, 'x'`))).toBe(true)
  expect(isLong(`SELECT '${':'.repeat(13_105)}'`)).toBe(false)
  expect(isLong(`SELECT '${':'.repeat(13_106)}'`)).toBe(true)
})

test('a statement may end with a comment where it is put into another', () => {
  for (const wrapped of [answerOf('SELECT 1 -- one'), inPieces('SELECT 1 -- one')]) {
    expect(wrapped).toContain('(SELECT 1 -- one\n)')
  }
})

test('rows are put together from pieces, wherever their bytes were cut', () => {
  const rows = [{ v: 'é😀"\\\n' }, { v: '' }, { v: 'e\u0301\uFFFD' }]
  const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join(','))
  // Postgres breaks lines of base64 after 76 characters.
  const coded = (part: Buffer) => part.toString('base64').replace(/.{4}/g, '$&\n')
  for (let cut = 1; cut < bytes.length; cut++) {
    const pieces = [
      [coded(bytes.subarray(0, cut)), false],
      [coded(bytes.subarray(cut)), true],
      [coded(Buffer.from('{"v":1}')), true],
    ]
    expect(pieced(pieces)).toEqual([...rows, { v: 1 }])
  }
  expect(pieced([])).toEqual([])
})
