import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { manifestKey } from '../core/commit/manifest.ts'
import { openPostgres } from '../core/database/postgres.ts'
import type { Finding } from '../core/finding.ts'
import { emptied, resource, TestLake, TestRaw } from '../functions/stages.fixture.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { doctorCommand } from './doctor.ts'

/** `sluice doctor` over a lake in a folder and a Postgres that runs. */

let server: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
beforeAll(async () => {
  server = await freshDatabase()
})
afterAll(() => server.drop())
beforeEach(async () => {
  await emptied(server.url)
  files = new TestLake()
  files.describe('shop', resource('orders', ['id:integer', 'note'], { primaryKey: 'id' }))
})
afterEach(() => {
  vi.restoreAllMocks()
  files.close()
  process.exitCode = undefined
})

/** What it found, by level, and how it ended. */
async function doctor(url = server.url, lake = files.folder) {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  const args = ['--lake', lake, '--database', url, '--json']
  await doctorCommand().parseAsync(args, { from: 'user' })
  spy.mockRestore()
  const all = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding)
  const bad = all.filter(({ level }) => level !== 'ok')
  return { all, bad, code: process.exitCode }
}

async function run(sql: string): Promise<void> {
  const database = openPostgres(server.url)
  await database.query(sql)
  await database.end()
}

const object = 'bronze/shop/orders/1.csv'

async function load(content = 'id,note\n1,a\n'): Promise<void> {
  files.put(object, content)
  const raw = await TestRaw.open(files.lake, server.url)
  expect(await raw.status(object)).toBe('loaded')
  await raw.database.end()
}

test('a set-up that was never used is well, and stays as it is', async () => {
  const { bad, all, code } = await doctor()
  expect(bad).toEqual([])
  expect(code).toBe(0)
  expect(all.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['read', 'write', 'duckdb', 'database', 'ledger', 'tables', 'rights']),
  )
  expect(all.find(({ check }) => check === 'tables')?.found).toMatch(/1 not there yet/)
  const schemas = `SELECT count(*) FROM pg_namespace WHERE nspname IN ('sluice', 'shop')`
  const database = openPostgres(server.url)
  expect(await database.query(schemas)).toEqual([{ count: 0 }])
  await database.end()
  expect(readdirSync(files.folder).toSorted()).toEqual(['.sluice', 'bronze'])
})

test('a set-up that works is well', async () => {
  await load()
  const { bad, all, code } = await doctor()
  expect([bad, code]).toEqual([[], 0])
  expect(all.find(({ check }) => check === 'tables')?.found).toBe('1 as their contracts say')
})

test('a table that misses a column is wrong until its cure is run', async () => {
  await load()
  // From now on this process knows that the table fits.
  await load('id,note\n2,b\n')
  await run('ALTER TABLE shop.orders DROP COLUMN note')
  const { bad, code } = await doctor()
  expect(bad).toMatchObject([{ check: 'tables', level: 'wrong' }])
  expect(bad[0]?.found).toContain('"shop"."orders" does not fit bronze/shop/datapackage.json')
  expect(code).toBe(3)
  await run(bad[0]?.cure ?? '')
  expect((await doctor()).bad).toEqual([])
})

test('a ledger that lost a table is wrong', async () => {
  await load()
  await run('DROP TABLE sluice.waiting')
  const { bad } = await doctor()
  expect(bad).toMatchObject([{ check: 'ledger', found: 'missing: sluice.waiting' }])
})

test('a user who may not do what a load does is told the GRANT, which cures it', async () => {
  await load()
  const orders = resource('orders', ['id:integer', 'note'], { primaryKey: 'id' })
  files.describe('shop', orders, resource('more', ['id:integer']))
  files.describe('new', resource('a', ['b']))
  await withRole(async (role, url) => {
    expect((await doctor(url)).bad).toMatchObject([
      { check: 'database', level: 'wrong', cure: 'GRANT the user USAGE on that schema' },
    ])
    await run(`GRANT USAGE ON SCHEMA sluice, shop TO ${role}`)
    await cured(url, [
      'GRANT SELECT, INSERT, UPDATE, DELETE ON "shop"."orders" TO',
      'GRANT CREATE ON SCHEMA "shop" TO',
      'GRANT CREATE ON DATABASE "',
    ])
  })
})

test('a user who may not make the ledger is told the GRANT, which cures it', async () => {
  files.remove('bronze/shop/datapackage.json')
  await withRole((_, url) => cured(url, ['GRANT CREATE ON DATABASE "']))
})

async function withRole(work: (role: string, url: string) => Promise<void>): Promise<void> {
  const role = `role_${randomUUID().slice(0, 8)}`
  await run(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
  const url = new URL(server.url)
  url.username = role
  url.password = 'x'
  try {
    await work(role, url.href)
  } finally {
    await run(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
}

async function cured(url: string, grants: string[]): Promise<void> {
  const rights = async () => (await doctor(url)).bad.find(({ check }) => check === 'rights')
  const found = await rights()
  expect(found?.level).toBe('wrong')
  for (const grant of grants) expect(found?.cure).toContain(grant)
  await run(found?.cure ?? '')
  expect(await rights()).toBeUndefined()
}

test('a database that is away, and a wrong password, are told with where to look', async () => {
  const away = await doctor('postgresql://nobody:x@127.0.0.1:1/none')
  expect(away.bad).toMatchObject([{ check: 'database', level: 'wrong' }])
  expect(away.bad[0]?.cure).toMatch(/start Postgres there/)
  expect(away.code).toBe(3)
  const url = new URL(server.url)
  url.pathname = '/no_such_database'
  const none = await doctor(url.href)
  expect(none.bad[0]?.cure).toMatch(/make the database/)
})

test('a descriptor that is broken is wrong', async () => {
  files.put('bronze/till/datapackage.yaml', 'resources: [')
  const { bad, code } = await doctor()
  expect(bad).toMatchObject([
    { check: 'contracts', level: 'wrong', found: expect.stringMatching(/^bronze\/till/) },
  ])
  expect(code).toBe(3)
})

test('a writer that died is a warning that names the object', async () => {
  files.put(object, 'id,note\n1,a\n')
  const writing = { files: ['silver/shop/orders/x-1-0.parquet'], until: Date.now() - 120_000 }
  const intent = { id: 'x', epoch: 1, state: null, files: [], writing, garbage: [] }
  const path = join(files.folder, manifestKey('shop.orders', object))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(intent))
  const { bad, code } = await doctor()
  expect(bad).toMatchObject([{ check: 'commits', level: 'warning' }])
  const database = `'${server.url.replace(/:[^:@]+@/, ':…@')}'`
  const place = `--lake ${files.folder} --database ${database}`
  expect(bad[0]?.cure).toBe(`sluice ingest ${object} ${place}`)
  expect(code).toBe(0)
})
