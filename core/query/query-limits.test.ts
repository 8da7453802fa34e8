import { afterEach, beforeEach, expect, test } from 'vitest'
import { collect, TestShop } from '../../functions/shop.fixture.ts'
import { openStore } from '../store/object-store.ts'
import { type Limits, queryLake } from './query.ts'

/** What a query of somebody who sits elsewhere is held to. */

let files: TestShop
beforeEach(async () => {
  files = new TestShop()
  files.describeOrders()
  await files.load('orders/a.csv', ['1,a'])
})
afterEach(() => files.close())

const never = new AbortController().signal
const ask = (sql: string, limits: Partial<Limits> = {}, store = files.lake.store) =>
  queryLake(store, sql, 'text', ({ rows }) => collect(rows), { stop: never, ...limits })

test.each([
  ['counts for hours', 'SELECT count(*) FROM range(10000000000) a, range(10000000000) b'],
  ['recurses without an end', 'WITH RECURSIVE t AS (FROM range(1) UNION ALL FROM t) FROM t'],
  // Its rows are streamed: DuckDB ends them as if they were all.
  ['has rows for hours', 'SELECT 1 FROM range(10000000000000) LIMIT 9000000000000'],
  [
    'is explained for hours',
    'EXPLAIN ANALYZE SELECT sum(a.range) FROM range(1e10::BIGINT) a, range(9)',
  ],
])('a query that %s ends with the reason of the stop', async (_, sql) => {
  const stop = AbortSignal.timeout(200)
  const asked = queryLake(files.lake.store, sql, 'text', ({ rows }) => read(rows), { stop })
  await expect(asked).rejects.toThrow(expect.objectContaining({ name: 'TimeoutError' }))
})

/** Without keeping anything. */
async function read(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

test('rows that end when the query is stopped may not be all', async () => {
  const stop = new AbortController()
  const why = new Error('gone')
  const use = async (rows: AsyncIterable<unknown>) => {
    for await (const _ of rows) stop.abort(why)
  }
  const limits = { stop: stop.signal }
  const asked = queryLake(files.lake.store, 'SELECT 1', 'text', ({ rows }) => use(rows), limits)
  await expect(asked).rejects.toThrow(why)
})

test('a query that was given up before it began brings no file', async () => {
  const why = new Error('gone')
  const opened: string[] = []
  const store = openStore(files.folder)
  const open = store.open.bind(store)
  store.open = (version) => {
    opened.push(version.key)
    return open(version)
  }
  const given = { stop: AbortSignal.abort(why) }
  await expect(ask('FROM shop.orders', given, store)).rejects.toThrow(why)
  expect(opened).toEqual([])
})

test.each([
  ["repeat('x', 10)", 'xxxxxxxxxx'],
  ["repeat('x', 11)", 'xxxxxxxxxx…'],
  ["repeat('🐢', 9)", '🐢🐢🐢🐢🐢…'],
  ["['a', repeat('b', 20)]", '[a, bbbbbb…'],
  ['NULL', null],
  ['12345678901234567890123', '1234567890…'],
])('of %s at most ten characters are told', async (sql, told) => {
  expect(await ask(`SELECT ${sql}`, { cell: 10 })).toEqual([[told]])
})

test.each([
  "SELECT sql FROM duckdb_views() WHERE view_name = 'orders'",
  'SELECT value FROM duckdb_settings() -- shop.orders',
  "SELECT current_setting('allowed_paths')::VARCHAR -- shop.orders",
  "SELECT current_setting('temp_directory')",
  'EXPLAIN FROM shop.orders',
])('no path of this machine is told by %s', async (sql) => {
  const told = JSON.stringify(await ask(sql))
  expect(told).not.toContain(files.folder)
  expect(told).not.toMatch(/\/(tmp|home|root|Users)\/|sluice-spill/)
})

test('nor by what is refused', async () => {
  const asked = ask('FROM duckdb_secrets() JOIN duckdb_extensions() ON true')
  await expect(asked).rejects.toThrow(/Cannot access directory "\/+[^/"]?/)
  await expect(asked).rejects.not.toThrow(process.env.HOME)
})

test('where folders with a descriptor are known, the lake is not listed for them', async () => {
  const store = openStore(files.folder)
  const list = store.list.bind(store)
  const listed: string[] = []
  store.list = (prefix, ...more) => {
    listed.push(prefix)
    return list(prefix, ...more)
  }
  expect(
    await ask('FROM shop.orders', { described: ['bronze/shop', 'bronze/gone'] }, store),
  ).toEqual([['1', 'a']])
  expect(listed).not.toContain('bronze/')
  await ask('FROM shop.orders', {}, store)
  expect(listed).toContain('bronze/')
})
