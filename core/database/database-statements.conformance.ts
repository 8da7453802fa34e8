import { expect, test } from 'vitest'
import type { Opened } from './database.conformance.ts'
import { type Transaction, Unacceptable } from './database.ts'

export function statements(given: () => Opened): void {
  counts(given)
  long(given)
  scripts(given)
  refusals(given)
}

function counts(given: () => Opened): void {
  test('execute counts the rows that a statement touched', async () => {
    const { database } = given()
    const cases: [sql: string, rows: number][] = [
      ['CREATE TEMP TABLE own (id int PRIMARY KEY, v text) ON COMMIT DROP', 0],
      ['INSERT INTO own SELECT generate_series(1, 5)', 5],
      [`UPDATE own SET v = 'returning' WHERE id > 3`, 2],
      ['UPDATE own SET v = NULL WHERE id > 9', 0],
      ['DELETE FROM own WHERE id = 1', 1],
      [`INSERT INTO own VALUES (2), (9) ON CONFLICT (id) DO UPDATE SET v = excluded.v`, 2],
      ['INSERT INTO own VALUES (2), (10) ON CONFLICT DO NOTHING', 1],
      ['WITH gone AS (DELETE FROM own RETURNING id) INSERT INTO t SELECT id FROM gone', 6],
      [`WITH few AS (SELECT 9 AS id) UPDATE t SET v = 'x' FROM few WHERE t.id = few.id`, 1],
      [
        'WITH few AS (SELECT id FROM t WHERE id < 4) DELETE FROM t USING few f WHERE t.id = f.id',
        2,
      ],
      ['-- it touches none\n DROP TABLE own', 0],
    ]
    await database.transaction(async (tx) => {
      for (const [sql, rows] of cases) expect([sql, await tx.execute(sql)]).toEqual([sql, rows])
    })
    expect(await database.execute('DELETE FROM t WHERE id > $1', [2])).toBe(4)
  })

  test.each([
    ['SELECT', `SELECT 'x' AS v`, ['x']],
    ['a comment, then SELECT', `-- don't, $1\n/* nor :here */ SELECT 'x' AS v`, ['x']],
    ['WITH', `WITH a AS (SELECT 'x' AS v) SELECT v FROM a`, ['x']],
    ['VALUES', `VALUES ('x')`, ['x']],
    ['brackets', `(SELECT 'x' AS v) UNION ALL (SELECT 'y') ORDER BY v DESC`, ['y', 'x']],
    ['order and limit', 'SELECT n FROM generate_series(1, 9) n ORDER BY n DESC LIMIT 2', [9, 8]],
    ['INSERT', 'INSERT INTO t VALUES (1), (2) RETURNING id', [1, 2]],
    ['WITH and INSERT', 'WITH a AS (SELECT 3) INSERT INTO t SELECT * FROM a RETURNING id', [3]],
    ['UPDATE', `UPDATE t SET v = 'x' WHERE id = 7 RETURNING v`, ['x']],
    ['DELETE', 'DELETE FROM t WHERE id = 7 RETURNING id', [7]],
    ['nothing to answer', 'DELETE FROM t WHERE id = 7', []],
  ])('query answers with the rows of %s', async (_, sql, expected) => {
    const { database } = given()
    const set = `INSERT INTO t VALUES (7, 'seven')`
    const rows = await database.transaction(async (tx) => {
      await tx.execute(set)
      return tx.query(sql)
    })
    await database.execute('TRUNCATE t, child')
    await database.execute(set)
    for (const found of [rows, await database.query(sql)]) {
      expect(found.flatMap((row) => Object.values(row))).toEqual(expected)
    }
  })
}

function long(given: () => Opened): void {
  test('a statement may be longer than a call takes', async () => {
    const { database } = given()
    const whole = `it's :p1 "x" $1 \\`.repeat(8_000)
    const quoted = `'${whole.replaceAll("'", "''")}'`
    // Short enough as it is, but not where each colon is written as its code.
    const colons = ':'.repeat(50_000)
    await database.transaction(async (tx) => {
      const twice = `INSERT INTO t SELECT 1, ${quoted} FROM generate_series(1, 2)`
      await expect(tx.attempt(() => tx.execute(twice))).rejects.toBeInstanceOf(Unacceptable)
      expect(
        await tx.execute(`INSERT INTO t SELECT n, ${quoted} FROM generate_series(1, 3) n`),
      ).toBe(3)
      expect(await tx.execute(`INSERT INTO t VALUES (4, '${colons}')`)).toBe(1)
      expect(await tx.execute(`UPDATE t SET v = ${quoted} WHERE id = 9`)).toBe(0)
    })
    const lengths = await database.query('SELECT length(v) AS n FROM t ORDER BY id')
    expect(lengths.map(({ n }) => n)).toEqual([...Array(3).fill(whole.length), colons.length])
  })
}

function scripts(given: () => Opened): void {
  const filler = Array.from({ length: 4_000 }, (_, n) => `-- don't :a ${n} "\n SELECT ${n}, 'a:b';`)
  const script = `
    /* it's :x; $1 */
    CREATE TABLE "of:script; $1" (id int, v text);  -- don't; :x
    INSERT INTO "of:script; $1" VALUES (1, 'it''s; :x $1 \\');
    CREATE FUNCTION of_script(a int[]) RETURNS text LANGUAGE plpgsql AS $of$
      DECLARE b int := (a[1:2])[1]; BEGIN RETURN $q$:x ; $q$ || b || E'\\n:' ; END $of$;
    ${filler.join('\n')}
    INSERT INTO "of:script; $1" SELECT a, of_script(ARRAY[a, 8]) FROM generate_series(2, 3) a`

  test('a script is run whole, whatever its size, and what it made is there at once', async () => {
    expect(script.length).toBeGreaterThan(150_000)
    const { database, other } = given()
    await database.transaction((tx) => tx.script(script))
    expect(await other.query('SELECT * FROM "of:script; $1" ORDER BY id')).toEqual([
      { id: 1, v: `it's; :x $1 \\` },
      { id: 2, v: ':x ; 2\n:' },
      { id: 3, v: ':x ; 3\n:' },
    ])
    await database.transaction((tx) =>
      tx.script('DROP TABLE "of:script; $1"; DROP FUNCTION of_script'),
    )
  })

  test('a script that fails has done nothing', async () => {
    const { database } = given()
    const find = `SELECT to_regclass('"of:script; $1"') IS NULL AS gone`
    const failing = `${script}; SELECT 1 / 0`
    await database.transaction(async (tx) => {
      await expect(tx.attempt(() => tx.script(failing))).rejects.toThrow('division by zero')
      expect(await tx.query(find)).toEqual([{ gone: true }])
    })
    await expect(database.transaction((tx) => tx.script(failing))).rejects.toThrow(Unacceptable)
    expect(await database.query(find)).toEqual([{ gone: true }])
  })
}

function refusals(given: () => Opened): void {
  const wide = Array.from({ length: 1_601 }, (_, n) => `c${n} int`)
  test.each([
    ['21000', `INSERT INTO t VALUES (1), (1) ON CONFLICT (id) DO UPDATE SET v = 'x'`],
    ['22003', 'INSERT INTO t SELECT 9223372036854775807 + 1'],
    ['22P02', `INSERT INTO t SELECT 'x'::text::bigint`],
    ['23502', 'INSERT INTO t VALUES (NULL)'],
    ['23505', 'INSERT INTO t VALUES (1), (1)'],
    ['23514', `INSERT INTO t VALUES (1, 'never')`],
    ['54011', `CREATE TABLE wide (${wide})`],
  ])('%s is a no to the data themselves', async (_, sql) => {
    const failed = given().database.transaction((tx) => tx.execute(sql))
    await expect(failed).rejects.toBeInstanceOf(Unacceptable)
    await expect(given().database.execute(sql)).rejects.toBeInstanceOf(Unacceptable)
  })

  test.each([
    ['42P01', 'SELECT * FROM no_such_table', 'relation "no_such_table" does not exist'],
    ['42703', 'SELECT no_such_column', 'column "no_such_column" does not exist'],
    ['P0001', 'INSERT INTO t SELECT 1 FROM raised($1)', 'so: it is; that'],
  ])('%s, of any other class, is the code of an error', async (code, sql, message) => {
    const { database } = given()
    await database.execute(raised)
    const values = sql.includes('$1') ? [message] : []
    const told = { code, message, name: expect.not.stringMatching('Unacceptable') }
    const work = (tx: Transaction) => tx.execute(sql, values)
    await expect(database.transaction(work)).rejects.toMatchObject(told)
    await expect(database.execute(sql, values)).rejects.toMatchObject(told)
    if (sql.startsWith('INSERT')) return
    await expect(database.query(sql)).rejects.toMatchObject(told)
    await expect(database.read(sql)).rejects.toMatchObject(told)
  })
}

const raised = `CREATE OR REPLACE FUNCTION raised(what text) RETURNS SETOF int LANGUAGE plpgsql
  AS 'BEGIN RAISE EXCEPTION ''%'', what USING DETAIL = ''why'', HINT = ''a cure''; END'`
