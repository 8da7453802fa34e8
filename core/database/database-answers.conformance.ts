import { expect, test } from 'vitest'
import { identifier, literal } from '../names.ts'
import type { Opened } from './database.conformance.ts'
import type { Row } from './database.ts'

/** Texts that some part of the way might take for its own. */
const texts: [what: string, text: string][] = [
  ['empty', ''],
  ['a space', ' '],
  ['quotes', `it's "so", ''twice''`],
  ['names of parameters', ':a :p1 ::b :1 $1 $$ $a$ ?'],
  ['times', '10:00:00 a[1:2]'],
  ['backslashes', '\\ \\\\ \\n \\003a \\u0041 \\:a \\x'],
  ['lines', 'a\r\n\tb\u2028\u0085'],
  ['control characters', '\u0001\u001f\u007f'],
  ['comments', '-- a /* b */'],
  ['emoji and accents', '😀👩‍👩‍👧 é e\u0301'],
  ['what stands for no character', '\uFFFD'],
  ['what others take for null', 'NULL'],
  ['what others take for an array', '{a,"b"}'],
  ['JSON', '{"a":"\\u0041\\n"}'],
  ['SQL', `'; DROP TABLE t; --`],
]

/** A time, whether it came as a Date or as ISO text. */
const timeIn = (value: unknown) => new Date(value as Date | string).toISOString()

const largest = Number.MAX_SAFE_INTEGER

export function answers(given: () => Opened): void {
  values(given)
  columns(given)
  reads(given)
}

function values(given: () => Opened): void {
  const first = async (sql: string, list?: unknown[]) =>
    (await given().database.transaction((tx) => tx.query(sql, list)))[0]

  test.each(texts)('text stays as it is, as a value, a literal, a name: %s', async (_, text) => {
    const name = text.trim() === '' ? '"empty"' : identifier(text)
    const sql = `SELECT $1::text AS given, ${literal(text)} AS said, ${literal(text)} = $1 AS same,
      /* don't ${text.replaceAll(/[*$/]/g, '')} */ $1 AS ${name} -- it's over`
    const row = { given: text, said: text, same: true, [JSON.parse(jsonOf(name))]: text }
    expect(await first(sql, [text])).toEqual(row)
    expect(await given().database.query(sql, [text])).toEqual([row])
    expect(await given().database.read(sql, [text])).toEqual([row])
  })

  test.each<[type: string, values: unknown[]]>([
    ['bigint', [0, 1, -1, 2 ** 31, largest, -largest, null]],
    ['int', [0, 7, -(2 ** 31)]],
    ['float8', [0.1, -1.5, 5e-324, 1.7976931348623157e308, 1e20, -(2 ** 60), 3, null]],
    ['boolean', [true, false, null]],
    ['text', ['a', null]],
    ['text[]', [[], ['a'], texts.map(([, text]) => text), [null, 'NULL', '', 'null'], null]],
    ['float8[]', [[0.5, -1, null]]],
    ['boolean[]', [[true, false, null]]],
    ['int[]', [[], [1, -2, null]]],
  ])('%s comes out as it went in', async (type, list) => {
    for (const value of list) {
      expect(await first(`SELECT $1::${type} AS value`, [value])).toEqual({ value })
    }
    expect(await first(`SELECT $1::${type} AS value`, [undefined])).toEqual({ value: null })
  })

  test('jsonb goes in as its text or as an object, and comes out as its value', async () => {
    const value = { text: texts.map(([, text]) => text), deep: [{ a: null, b: [1.5, true] }] }
    for (const sent of [value, JSON.stringify(value)]) {
      expect(await first('SELECT $1::jsonb AS value', [sent])).toEqual({ value })
    }
    expect(await first(`SELECT '[1]'::json AS a, 'null'::jsonb AS b, '"x"'::jsonb AS c`)).toEqual({
      a: [1],
      b: null,
      c: 'x',
    })
  })

  test('a time goes in as a Date or as text, and comes out as a Date or as ISO text', async () => {
    const iso = '2024-02-29T23:59:59.123Z'
    for (const sent of [new Date(iso), iso, '2024-03-01T00:59:59.123+01:00']) {
      expect(timeIn((await first('SELECT $1::timestamptz AS at', [sent]))?.at)).toBe(iso)
    }
    const sql = 'SELECT unnest($1::timestamptz[]) = $2::timestamptz AS same'
    expect(await first(sql, [[new Date(iso)], iso])).toEqual({ same: true })
  })

  test('a bigint of an array, and a numeric, are numbers or their texts', async () => {
    const sql = 'SELECT $1::bigint[] AS ids, 1.50::numeric AS price, 1.50::numeric::text AS exact'
    const ids = [1, -2, largest]
    const row = (await first(sql, [ids]))!
    expect([(row.ids as unknown[]).map(Number), Number(row.price), row.exact]).toEqual([
      ids,
      1.5,
      '1.50',
    ])
    const found = await first('SELECT $1::bigint = ANY ($2::bigint[]) AS found', [largest, ids])
    expect(found).toEqual({ found: true })
  })

  test('an array is of what it was given, in that order', async () => {
    const sql = 'SELECT n, v FROM unnest($1::text[]) WITH ORDINALITY AS u (v, n) ORDER BY n'
    const rows = texts.map(([, v], n) => ({ n: n + 1, v }))
    expect(await given().database.query(sql, [rows.map(({ v }) => v)])).toEqual(rows)
  })
}

/** What an identifier names, as JSON. */
const jsonOf = (name: string) => JSON.stringify(name.slice(1, -1).replaceAll('""', '"'))

function columns(given: () => Opened): void {
  test('columns and tables may be named as they are within', async () => {
    const own = ['sluice_row', 'sluice_answer', 'line', 'share', 'packed', 'pack', 'n', 't', 'i']
    const row = Object.fromEntries(own.map((name, n) => [name, n]))
    const select = `SELECT ${own.map((name, n) => `${n} AS ${name}`).join(', ')}`
    await given().database.transaction(async (tx) => {
      for (const name of own) {
        await tx.execute(`CREATE TEMP TABLE ${name} ON COMMIT DROP AS ${select}`)
        expect(await tx.query(`SELECT * FROM ${name}`)).toEqual([row])
        expect(await tx.read(`SELECT * FROM ${name} WHERE n = $1`, [row.n])).toEqual([row])
        expect(await tx.query(`UPDATE ${name} SET n = n RETURNING *`)).toEqual([row])
      }
    })
  })

  test('columns come in their order; one without a name, or none at all, come too', async () => {
    const sql = 'SELECT 1 AS z, 2 AS a, 3, 4 AS "10x"'
    for (const rows of [await given().database.query(sql), await given().database.read(sql)]) {
      expect(rows.map(Object.entries)).toEqual([
        [
          ['z', 1],
          ['a', 2],
          ['?column?', 3],
          ['10x', 4],
        ],
      ])
    }
    expect(await given().database.query('SELECT FROM generate_series(1, 2)')).toEqual([{}, {}])
    expect(await given().database.read('SELECT FROM generate_series(1, 2)')).toEqual([{}, {}])
  })
}

function reads(given: () => Opened): void {
  const within = (sql: string, list?: unknown[]) =>
    given().database.transaction((tx) => tx.read(sql, list))
  const alone = (sql: string, list?: unknown[]) => given().database.read(sql, list)

  test.each([0, 1, 2, 100_000])('an answer of %i rows is read, in its order', async (many) => {
    const sql = `SELECT n, 'row ' || n AS v FROM generate_series(1, $1::int) n ORDER BY n DESC`
    const rows = Array.from({ length: many }, (_, i) => ({ n: many - i, v: `row ${many - i}` }))
    for (const read of [alone, within]) {
      const found = await read(sql, [many])
      expect(found.length).toBe(many)
      expect(sameRows(found, rows)).toBe(true)
    }
  })

  test('rows of 4 MB are read, among short ones', async () => {
    const sql = `SELECT n, CASE WHEN n % 2 = 0 THEN repeat($1, $2::int) ELSE 'short' END AS v
      FROM generate_series(1, 5) n ORDER BY n`
    const text = 'é😀"\\\n\u0001z'
    const repeated = text.repeat(300_000)
    expect(Buffer.byteLength(repeated)).toBeGreaterThan(3_000_000)
    const rows = [1, 2, 3, 4, 5].map((n) => ({ n, v: n % 2 === 0 ? repeated : 'short' }))
    for (const read of [alone, within]) {
      expect(sameRows(await read(sql, [text, 300_000]), rows)).toBe(true)
    }
  })

  test('a text is whole wherever it is cut', async () => {
    const sql = `SELECT repeat('x', n) || repeat('😀é"\\', 8000) AS v FROM generate_series(0, 40) n`
    const rows = Array.from({ length: 41 }, (_, n) => ({
      v: 'x'.repeat(n) + '😀é"\\'.repeat(8_000),
    }))
    expect(sameRows(await alone(sql), rows)).toBe(true)
  })

  test('what a transaction did is read, time after time, after one that failed too', async () => {
    await given().database.transaction(async (tx) => {
      for (const id of [1, 2]) {
        await tx.execute('INSERT INTO t VALUES ($1)', [id])
        const rows = await tx.read('SELECT id FROM t ORDER BY id FOR UPDATE')
        expect(rows.map((row) => row.id)).toEqual([1, 2].slice(0, id))
        const failed = tx.attempt(() => tx.read('SELECT 1 / (id - $1) AS v FROM t', [id]))
        await expect(failed).rejects.toThrow('division by zero')
      }
    })
  })
}

/** Told in a word: a difference of megabytes is not for reading. */
function sameRows(found: Row[], rows: Row[]): boolean {
  return JSON.stringify(found) === JSON.stringify(rows)
}
