import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestShop } from '../../functions/shop.fixture.ts'
import { resource, runSilver } from '../../functions/stages.fixture.ts'
import { Refused } from '../errors.ts'

let files: TestShop
beforeEach(() => {
  files = new TestShop()
})
afterEach(() => files.close())

beforeEach(async () => {
  files.describeOrders()
  await files.load('orders/a.csv', ['1,a'])
})

test.each([
  ["COPY (SELECT 1) TO '/tmp/sluice-evil.csv'", /found COPY/],
  ["EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/sluice-evil.csv'", /EXPLAIN|not access/],
  ['EXPLAIN ANALYZE CREATE TABLE memory.main.x AS SELECT 1', /found another EXPLAIN/],
  ['/**/ EXPLAIN ANALYZE CREATE TABLE memory.main.x AS SELECT 1', /found EXPLAIN/],
  ['EXPLAIN (FORMAT json) CREATE TABLE memory.main.x AS SELECT 1', /found another EXPLAIN/],
  ["ATTACH '/tmp/sluice-evil.db' AS evil", /found ATTACH/],
  ["ATTACH ':memory:' AS evil", /found ATTACH/],
  ['INSTALL httpfs', /found LOAD/],
  ['LOAD httpfs', /found LOAD/],
  ['SET enable_external_access = true', /found SET/],
  ['RESET lock_configuration', /found SET/],
  ['USE memory', /found SET/],
  ['PRAGMA enable_profiling', /found PRAGMA/],
  ["PRAGMA import_database('/etc')", /not access file/],
  ['CALL enable_logging()', /found CALL/],
  ['CREATE TABLE memory.main.x (a INTEGER)', /found CREATE/],
  ['CREATE OR REPLACE VIEW shop.orders AS SELECT 1', /found CREATE/],
  ['DROP VIEW shop.orders', /found DROP/],
  ['INSERT INTO shop.orders VALUES (1, 2)', /found INSERT/],
  ['DELETE FROM shop.orders', /found DELETE/],
  ['CHECKPOINT', /found CALL/],
  ["EXPORT DATABASE '/tmp/sluice-evil'", /found EXPORT/],
  ['SELECT 1; SELECT 2', /found 2 statements/],
  ['SELECT 1; DROP VIEW shop.orders', /found 2 statements/],
  ['', /found no statement/],
  ['-- nothing', /found no statement/],
  ["SELECT * FROM '/etc/passwd'", /does not exist[\s\S]*There is: quarantine/],
  ["SELECT * FROM read_csv('/etc/passwd')", /not access file/],
  ["SELECT * FROM read_text('/etc/passwd')", /not access file/],
  ["SELECT * FROM read_blob('/proc/self/environ')", /not access file/],
  ["SELECT * FROM glob('/etc/*')", /not access file/],
  ["SELECT * FROM sniff_csv('/etc/passwd')", /not access file/],
  ["SELECT * FROM parquet_metadata('/etc/passwd')", /not access file/],
  ["SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/sluice-evil.csv''')", /Error/],
  ['SELECT * FROM shop.nope', /does not exist[\s\S]*There is: .*shop\.orders/],
  ['FROM orders', /Did you mean "(quarantine.shop.orders or )?shop.orders[\s\S]*There is: /],
  // DuckDB would name the nearest of its own: pg_sequences.
  ['FROM nosuch', /does not exist!\n\nLINE 1[\s\S]*There is: /],
  ['FROM raw.shop.orders', /Catalog "raw" does not exist!\nThere is: .*shop\.orders/],
  ['SELECT nope FROM shop.orders', /"nope"/],
  ['SELEC 1', /syntax error/],
  ["SELECT 'x'::INTEGER", /Could not convert/],
  ['SELECT $1', /parameter/i],
])('%s is refused', async (sql, why) => {
  const asked = files.ask(sql)
  await expect(asked).rejects.toThrow(why)
  await expect(asked).rejects.toThrow(Refused)
})

test.each([
  ['FROM shop.orders', [[1, 'a']]],
  ['WITH x AS (FROM shop.orders) SELECT id FROM x; -- said', [[1]]],
  ['VALUES (1), (2)', [[1], [2]]],
  ["PIVOT shop.orders ON v IN ('a') USING sum(id) GROUP BY id", [[1, 1]]],
  ['SELECT count(*) FROM (SUMMARIZE shop.orders)', [[2]]],
  ['EXPLAIN SELECT 1', [['physical_plan', expect.stringContaining('DUMMY_SCAN')]]],
  ['explain analyze SELECT id FROM shop.orders', [['analyzed_plan', expect.anything()]]],
])('%s is answered', async (sql, rows) => {
  expect(await files.ask(sql)).toEqual(rows)
})

test('SHOW TABLES lists all, as no table of a lake is in the schema that it asks for', async () => {
  expect(await files.ask('SHOW ALL TABLES')).not.toEqual([])
  expect(await files.ask(' show tables; ')).toEqual(await files.ask('SHOW ALL TABLES'))
})

test('a table that is not named as such fails; it is not empty', async () => {
  const hidden = "SELECT count(*) FROM query('FROM shop.' || 'or' || 'ders')"
  await expect(files.ask(hidden)).rejects.toThrow('must have the name of what it reads')
  const filtered = "SELECT sum(id) FROM query('FROM shop.' || 'or' || 'ders') WHERE id > 4"
  await expect(files.ask(filtered)).rejects.toThrow('must have the name of what it reads')
})

test('what does not fit into memory is spilled: the lock leaves that', async () => {
  process.env.SLUICE_MEMORY = '100MB'
  try {
    const sql = 'SELECT count(*) FROM (SELECT DISTINCT i, hash(i) FROM range(6000000) t(i))'
    expect(await files.ask(sql)).toEqual([[6_000_000]])
  } finally {
    delete process.env.SLUICE_MEMORY
  }
})

test('a broken descriptor is told where its table is missed, and spoils no other', async () => {
  files.put('bronze/ruins/datapackage.json', '{')
  files.describe('sand', resource('castles', ['id:rock']))
  expect(await files.orders()).toEqual([[1, 'a']])
  await expect(files.ask('FROM ruins.walls')).rejects.toThrow(/Not to be used: bronze\/ruins/)
  await expect(files.ask('FROM sand.castles')).rejects.toThrow(/found "rock"/)
})

test('packages of awkward names', async () => {
  for (const name of ['events', 'main', 'temp', 'information_schema', 'select', 'Größe']) {
    files.describe(name, resource('t', ['id:integer']))
    files.put(`bronze/${name}/t/1.csv`, 'id\n1\n')
    await runSilver(files.lake, `bronze/${name}/t/1.csv`)
  }
  for (const name of ['silver.events.t', 'main.t', 'silver.temp.t', '"select".t', 'größe.t']) {
    expect(await files.ask(`FROM ${name}`)).toEqual([[1]])
  }
  await expect(files.ask('FROM events.t')).rejects.toThrow(/Ambiguous|silver\.events/)
})
