import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestShop } from '../functions/shop.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import { Asker, type AskerOptions } from './asker.ts'
import { queryRoutes } from './query.ts'
import { type Asked, served } from './served.fixture.ts'
import type { Failure, QueryAnswer, TableRow } from './shapes.ts'

let files: TestShop
let api: Api
beforeEach(async () => {
  files = new TestShop()
  files.describeOrders()
  await files.load('orders/a.csv', ['1,a', '2,'])
  api = new Api(files.lake)
})
afterEach(() => files.close())

const ask = (sql: string, limit?: number) => api.post<QueryAnswer>('/query', { sql, limit })
const limited = (options: AskerOptions) =>
  new Api(files.lake, {}, (place) => queryRoutes(place, new Asker(place, options)))
const forHours = 'SELECT count(*) FROM range(10000000000) a, range(10000000000) b'

test('rows are texts as DuckDB writes them, or null', async () => {
  const answer = await ask(
    'SELECT id, v, 1.50::DECIMAL(5,2) AS v, [id] AS l FROM shop.orders ORDER BY id',
  )
  expect(answer).toEqual({
    columns: [
      { name: 'id', type: 'BIGINT' },
      ...[
        { name: 'v', type: 'VARCHAR' },
        { name: 'v', type: 'DECIMAL(5,2)' },
      ],
      { name: 'l', type: 'BIGINT[]' },
    ],
    rows: [
      ['1', 'a', '1.50', '[1]'],
      ['2', null, '1.50', '[2]'],
    ],
    cut: false,
    seconds: expect.any(Number),
  })
})

test('a thousand rows, or as many as are asked for', async () => {
  const many = await ask('FROM range(20000) ORDER BY 1')
  expect([many.rows.length, many.rows.at(-1), many.cut]).toEqual([1_000, ['999'], true])
  expect(await ask('FROM range(3) ORDER BY 1', 2)).toMatchObject({
    rows: [['0'], ['1']],
    cut: true,
  })
  expect(await ask('FROM range(2)', 2)).toMatchObject({ rows: { length: 2 }, cut: false })
  const { status, body } = await api.send('/query', { sql: 'FROM range(9)', limit: 10_001 })
  expect([status, (body as Failure).error]).toEqual([400, expect.stringContaining('10000')])
})

test('long values are cut, and an answer of 8 MB', async () => {
  const { rows } = await ask("SELECT repeat('é', 10000), repeat('é', 10001)")
  expect(rows[0]).toEqual(['é'.repeat(10_000), `${'é'.repeat(10_000)}…`])
  const large = await ask("SELECT repeat('x', 9999) FROM range(1000)")
  expect(large.cut).toBe(true)
  expect(large.rows.length).toBe(799)
})

test.each([
  ["COPY (SELECT 1) TO '/tmp/sluice-evil.csv'", 'found COPY'],
  ["ATTACH '/tmp/sluice-evil.db' AS evil", 'found ATTACH'],
  ["SELECT * FROM read_csv('/etc/passwd')", 'not access file'],
  ["SELECT * FROM 'https://example.org/x.parquet'", 'not access file'],
  ["SELECT * FROM read_parquet('https://example.org/x.parquet')", 'not access file'],
  ["SELECT * FROM read_parquet('s3://lake/x.parquet')", 'not access file'],
  ['INSTALL httpfs', 'found LOAD'],
  ['LOAD httpfs', 'found LOAD'],
  ['SET enable_external_access = true', 'found SET'],
  ['RESET lock_configuration', 'found SET'],
  ['PRAGMA enable_profiling', 'found PRAGMA'],
  ["CREATE SECRET s (TYPE s3, KEY_ID 'x')", 'disabled by configuration'],
  ["SELECT getenv('HOME')", 'does not exist'],
  ["SELECT * FROM glob('/*')", 'not access file'],
  ["SELECT * FROM read_text('/proc/self/environ')", 'not access file'],
  ["SELECT write_log('x', level := 'error', log_type := 'f')", 'rows'],
  ['CREATE TABLE t (a INTEGER)', 'found CREATE'],
  ['DROP VIEW shop.orders', 'found DROP'],
  ['SELECT 1; SELECT 2', 'found 2 statements'],
  ['', 'found no statement'],
])('%s cannot do harm', async (sql, why) => {
  const { status, body } = await api.send('/query', { sql })
  expect(JSON.stringify(body)).toContain(why)
  expect(status).toBe(why === 'rows' ? 200 : 400)
})

test('a plan tells of no file of this machine, though it has their paths in pieces', async () => {
  const { rows } = await ask('EXPLAIN ANALYZE FROM shop.orders')
  const plan = rows[0]![1]!
  expect(plan).toContain('Filename(s):')
  expect(plan).not.toMatch(/\/\w|query-|parquet$/m)
})

test.each([
  ['no JSON', 'SELECT 1'],
  ['no sql', '{"query": "SELECT 1"}'],
  ['sql that is no text', '{"sql": ["SELECT 1"]}'],
  ['a text that is too long', JSON.stringify({ sql: `SELECT ${'1+'.repeat(60_000)}1` })],
  ['a limit that is none', '{"sql": "SELECT 1", "limit": 0}'],
])('%s is told as such', async (_, body) => {
  expect((await api.send('/query', body)).status).toBe(400)
})

test('a query that would run for hours ends, and says where it can', async () => {
  const { status, body } = await limited({ time: 200 }).send('/query', { sql: forHours })
  expect(status).toBe(400)
  expect((body as Failure).error).toMatch(/more than 0.2 s and was ended: .*`sluice query '…'`/)
})

test.each([
  ['one function', "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))"],
  ['constants that are folded', 'SELECT len(range(1000000000))'],
])('%s, which no interrupt ends, is ended', async (_, sql) => {
  const { status, body } = await limited({ time: 2_000 }).send('/query', { sql })
  expect([status, (body as Failure).error]).toEqual([400, expect.stringContaining('was ended')])
})

test('a value that DuckDB does not count is not paid with the memory of all', async () => {
  const sql = 'SELECT range(1000000000)'
  const { status, body } = await limited({ memory: 700e6 }).send('/query', { sql })
  expect([status, (body as Failure).error]).toEqual([
    400,
    expect.stringMatching(/^the query took more than 668 MiB of memory and was ended/),
  ])
})

test('what is ended leaves nothing behind', async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('sluice-query-'))
  await ask('SELECT 1')
  await limited({ time: 200 }).send('/query', { sql: forHours })
  // One is ready for the next question.
  await expect
    .poll(() => readdirSync(tmpdir()).filter((name) => name.startsWith('sluice-query-')).length)
    .toBeLessThanOrEqual(before.length + 1)
})

test('two at once; the third waits for its turn, or is told that there is none', async () => {
  const run = (options: AskerOptions) => {
    const one = limited({ time: 1_000, ...options })
    return [forHours, forHours, 'SELECT 1'].map((sql) => one.send('/query', { sql }))
  }
  const [patient, hasty] = [run({}), run({ patience: 1 })]
  const statuses = async (all: ReturnType<typeof run>) =>
    (await Promise.all(all)).map(({ status }) => status)
  expect(await statuses(hasty)).toEqual([400, 400, 409])
  // It has its turn; whether a second is enough for it, only a machine at rest can say.
  expect(await statuses(patient)).toEqual([400, 400, expect.toSatisfy((status) => status !== 409)])
})

test('a page that goes away ends its query', async () => {
  const console = await served(files.lake)
  try {
    const pages = [new AbortController(), new AbortController()]
    const [gone, stays] = pages.map(({ signal }) => asked(console, forHours, signal))
    const end = stays!.then(
      () => 'ended',
      () => 'ended',
    )
    // By now both have a turn each, and nobody else has one.
    await sleep(500)
    pages[0]!.abort()
    await expect(gone).rejects.toThrow()
    const answer = await console.post('/api/query', JSON.stringify({ sql: 'SELECT 1' }))
    expect(((await answer.json()) as QueryAnswer).rows).toEqual([['1']])
    expect(await Promise.race([end, sleep(0, 'goes on')])).toBe('goes on')
    pages[1]!.abort()
    await end
  } finally {
    await console.close()
  }
})

function asked({ port }: Asked, sql: string, signal: AbortSignal): Promise<Response> {
  const url = `http://127.0.0.1:${port}`
  const headers = { 'x-sluice': '1', origin: url }
  const body = JSON.stringify({ sql })
  return fetch(`${url}/api/query`, { method: 'POST', headers, body, signal })
}

test('CSV is the whole answer, or none', async () => {
  const { status, body } = await api.send('/query.csv', {
    sql: "SELECT 'a,b' AS x, NULL AS x, '' AS \"é\", repeat('y', 10002) AS y",
  })
  expect([status, body]).toEqual([200, `x,x,é,y\r\n"a,b",,"",${'y'.repeat(10_002)}\r\n`])
  expect((await api.send('/query.csv', { sql: 'FROM range(30000)' })).body).toHaveLength(
    'range\r\n'.length + 10 * 3 + 90 * 4 + 900 * 5 + 9_000 * 6 + 20_000 * 7,
  )
  const large = await api.send('/query.csv', { sql: "SELECT repeat('x', 999) FROM range(9000)" })
  expect(large.status).toBe(400)
  expect((large.body as Failure).error).toContain("`sluice query '…' --csv > answer.csv`")
  expect(await api.send('/query.csv', { sql: 'DROP VIEW shop.orders' })).toMatchObject({
    status: 400,
  })
})

test('tables are told by names that a query takes', async () => {
  for (const name of ['select', 'events', 'Größe']) {
    files.describe(name, resource('group', ['id:integer', 'a b']))
    files.put(`bronze/${name}/group/1.csv`, 'id,a b\n1,x\n')
    await runSilver(files.lake, `bronze/${name}/group/1.csv`)
  }
  const tables = await new Api(files.lake).get<TableRow[]>('/tables')
  const own = tables.filter(({ name }) => !name.startsWith('quarantine.'))
  expect(own).toEqual([
    ...['"größe"."group"', '"select"."group"', 'shop.orders', 'silver.events."group"'].map(
      (name) => ({
        name,
        columns: [
          { name: 'id', type: 'BIGINT' },
          { name: name === 'shop.orders' ? 'v' : 'a b', type: 'VARCHAR' },
        ],
      }),
    ),
  ])
  for (const { name } of tables) await ask(`FROM ${name}`)
})
