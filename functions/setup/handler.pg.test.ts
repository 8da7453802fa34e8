import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPostgres } from '../../core/database/postgres.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { setUpDatabase } from './setup.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let home: string

beforeEach(async () => {
  fresh = await freshDatabase()
  home = mkdtempSync(join(tmpdir(), 'sluice-setup-'))
})
afterEach(async () => {
  await fresh.drop()
  rmSync(home, { recursive: true, force: true })
})

function bundle(path: string, text: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), text)
}

/** The function as Lambda runs it: a process whose environment says where all is. */
async function invoke(RequestType: string, env: object = { DATABASE_URL: fresh.url }) {
  const handler = JSON.stringify(join(import.meta.dirname, 'handler.ts'))
  const source = `const { handler } = await import(${handler})
    const answer = await handler({ RequestType: '${RequestType}', ResourceProperties: {} })
    const libraries = process.report.getReport().sharedObjects
    const duckdb = libraries.filter((path) => path.includes('duckdb'))
    console.log(JSON.stringify({ ...answer, duckdb }))`
  const given = { PATH: process.env.PATH, LAMBDA_TASK_ROOT: home, LAKE_URL: join(home, 'lake') }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', source], {
    env: { ...given, ...env },
  })
  return JSON.parse(stdout)
}

const done = (Contracts: string) => ({
  ...{ PhysicalResourceId: 'sluice-setup', Data: { Contracts }, duckdb: [] },
})

async function rows(sql: string) {
  const database = openPostgres(fresh.url)
  try {
    return await database.query(sql)
  } finally {
    await database.end()
  }
}

test('a stack is set up by its creation and each update, without doing a thing twice', async () => {
  bundle(
    'setup.sql',
    'CREATE SCHEMA shop; CREATE TABLE shop.t (n bigint); INSERT INTO shop.t VALUES (1)',
  )
  bundle('contracts/bronze/shop/datapackage.yaml', 'name: shop\n')
  expect(await invoke('Create')).toEqual(done('1'))
  const contract = join(home, 'lake/bronze/shop/datapackage.yaml')
  expect(readFileSync(contract, 'utf8')).toBe('name: shop\n')
  utimesSync(contract, 1, 1)
  expect(await invoke('Update')).toEqual(done('0'))
  bundle('setup.sql', 'INSERT INTO shop.t VALUES (2)')
  expect(await invoke('Update')).toEqual(done('0'))
  expect(await rows('SELECT n FROM shop.t ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }])
  expect(await rows('SELECT key FROM sluice.objects')).toEqual([])
})

test('two at once set it up once', async () => {
  bundle('setup.sql', 'CREATE TABLE public.t (n bigint); INSERT INTO public.t VALUES (1)')
  await Promise.all([invoke('Create'), invoke('Update'), invoke('Update')])
  expect(await rows('SELECT n FROM public.t')).toEqual([{ n: 1 }])
})

test('a stack without a script, contracts or a database has nothing set up of them', async () => {
  expect(await invoke('Create')).toEqual(done('0'))
  expect(await rows(`SELECT to_regclass('sluice.due') IS NOT NULL AS there`)).toEqual([
    { there: true },
  ])
  bundle('contracts/streaming/till/datapackage.json', '{}')
  expect(await invoke('Update', {})).toEqual(done('1'))
})

test('to delete the stack touches nothing, and needs nothing', async () => {
  bundle('contracts/bronze/shop/datapackage.yaml', 'name: shop\n')
  const answer = { PhysicalResourceId: 'sluice-setup', duckdb: [] }
  expect(await invoke('Delete', { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/d' })).toEqual(answer)
  expect(() => readFileSync(join(home, 'lake/bronze/shop/datapackage.yaml'))).toThrow('ENOENT')
})

test('an event of another kind, a script and a login that are refused are told', async () => {
  await expect(invoke('Remove')).rejects.toThrow(/Create.*Update.*Delete/)
  const wrong = new URL(fresh.url)
  wrong.password = 'wrong'
  const refused = setUpDatabase(openPostgres(wrong.href), home)
  await expect(refused).rejects.toThrow(/^the database refuses the login: .*secret or URL/)
  bundle('setup.sql', 'CREATE TABLE public.t (n bigint); SELECT nonsense')
  const broken = setUpDatabase(openPostgres(fresh.url), home)
  await expect(broken).rejects.toThrow(/^setup.sql, of which nothing is done: .*nonsense/)
  expect(await rows(`SELECT to_regclass('public.t') AS t`)).toEqual([{ t: null }])
})
