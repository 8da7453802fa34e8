import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TestShop } from '../../functions/shop.fixture.ts'
import { Refused } from '../errors.ts'

/** A question to the lake reads the lake, and reaches nothing else of machine or network. */

const SECRET = 'a-planted-secret'
let files: TestShop
let asked: string[]
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.end('id\n1\n')
})

beforeEach(async () => {
  asked = []
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', SECRET)
  vi.stubEnv('DATABASE_URL', `postgres://u:${SECRET}@127.0.0.1:1/x`)
  files = new TestShop()
  files.describeOrders()
  await files.load('orders/a.csv', ['1,a'])
})
afterEach(async () => {
  vi.unstubAllEnvs()
  files.close()
  await new Promise((resolve) => server.close(resolve))
})

const web = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const out = (name: string) => join(files.folder, name)

test.each<[string, () => string]>([
  ['a page of the network', () => `FROM read_csv('${web()}/x.csv')`],
  ['a page by its name alone', () => `FROM '${web()}/x.csv'`],
  ['a page as JSON', () => `FROM read_json('${web()}/x.json')`],
  ['a bucket', () => "FROM read_parquet('s3://bucket/x.parquet')"],
  ['a share', () => "FROM read_csv('//host/share/x.csv')"],
  ['a file of the system', () => "FROM '/etc/passwd'"],
  ['its text', () => "FROM read_text('/etc/passwd')"],
  ['its lines', () => "FROM read_csv('/etc/passwd', sep = ':')"],
  ['the environment', () => "FROM read_blob('/proc/self/environ')"],
  ['the arguments', () => "FROM read_text('/proc/self/cmdline')"],
  ['a file by a link', () => "FROM read_text('/proc/self/root/etc/passwd')"],
  ['a CSV of Bronze', () => `FROM read_csv('${out('bronze/shop/orders/a.csv')}')`],
  ['a descriptor', () => `FROM read_text('${out('bronze/shop/datapackage.json')}')`],
  ['names of files', () => "FROM glob('/*')"],
  ['names of files here', () => "FROM glob('**')"],
  ['another database', () => `FROM read_duckdb('${out('x.db')}')`],
  ['SQLite', () => "FROM sqlite_scan('/etc/passwd', 'x')"],
  ['Postgres', () => "FROM postgres_scan('', '', '')"],
  ['a variable', () => "SELECT getenv('AWS_SECRET_ACCESS_KEY')"],
  ['secrets', () => 'FROM duckdb_secrets()'],
  ['a secret', () => "FROM which_secret('s3://x', 's3')"],
  ['extensions', () => 'FROM duckdb_extensions()'],
  ['a statement in a text', () => "FROM query('COPY (SELECT 1) TO ''x.csv''')"],
  ['two of them', () => "FROM query('SELECT 1; SELECT 2')"],
  ['a table by its name', () => "FROM query_table('/etc/passwd')"],
  ['a log', () => logTo(`storage_path = '${out('log')}'`)],
  ['a log by its settings', () => logTo(`storage_config = {'path': '${out('log')}'}`)],
])('%s is refused', async (_, sql) => {
  await expect(files.ask(sql())).rejects.toThrow(Refused)
  expect(asked).toEqual([])
  expect(readdirSync(files.folder)).not.toContain('log')
})

/** DuckDB's log is begun by what is a table to it, and written by what is a function. */
function logTo(place: string): string {
  const begun = `FROM enable_logging(level = 'trace', storage = 'file', ${place})`
  return `WITH log AS MATERIALIZED (${begun})
    SELECT count(*), write_log('x' || i, level := 'error', scope := 'database')
    FROM log RIGHT JOIN range(100000) t(i) ON true GROUP BY ALL`
}

test.each<[string, () => string]>([
  ['settings', () => 'FROM duckdb_settings()'],
  ['variables', () => 'FROM duckdb_variables()'],
  ['logs', () => 'FROM duckdb_logs'],
  ['databases', () => 'FROM duckdb_databases()'],
  ['a serialized statement', () => "SELECT json_serialize_plan('SELECT 1')"],
  ['what rows come to', () => 'FROM shop.orders'],
])('%s tell no secret', async (_, sql) => {
  expect(JSON.stringify(await files.ask(sql()))).not.toContain(SECRET)
})

test('a profile is written nowhere', async () => {
  const place = `save_location = '${out('profile.json')}'`
  const profile = `enable_profiling(format = 'json', ${place})`
  await files.ask(`FROM ${profile}`).catch(() => {})
  await files.ask(`EXPLAIN ANALYZE FROM ${profile}, range(10)`).catch(() => {})
  await files.ask(`SELECT count(*) FROM ${profile}, range(100000)`).catch(() => {})
  expect(readdirSync(files.folder)).not.toContain('profile.json')
})
