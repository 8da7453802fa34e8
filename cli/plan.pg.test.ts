import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { openPostgres } from '../core/database/postgres.ts'
import { propose } from '../core/infer/proposal-file.ts'
import type { Preview } from '../core/preview/preview.ts'
import { emptied, resource, runSilver, TestLake, TestRaw } from '../functions/stages.fixture.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { planCommand } from './plan.ts'

/** `sluice plan`: what would happen is told, and none of it happens. */

let server: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
beforeAll(async () => {
  server = await freshDatabase()
})
afterAll(() => server.drop())
beforeEach(async () => {
  await emptied(server.url)
  files = new TestLake()
  const key = { fields: 'id', reference: { resource: 'customers', fields: 'id' } }
  files.describe(
    'shop',
    resource(
      'orders',
      ['order:integer', 'id:integer', 'day:date'],
      {
        primaryKey: 'order',
        foreignKeys: [key],
      },
      { partitionBy: ['id', { year: 'day' }] },
    ),
    resource('customers', ['id:integer', 'name'], { primaryKey: 'id' }),
  )
})
afterEach(() => {
  vi.restoreAllMocks()
  files.close()
  process.exitCode = undefined
})

const orders = 'bronze/shop/orders/1.csv'

/** The previews, and the exit code. */
async function plan(args: string[], database = server.url, lake = files.folder) {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  const place = ['--lake', lake, '--database', database, '--json']
  await planCommand().parseAsync([...args, ...place], { from: 'user' })
  spy.mockRestore()
  const previews = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Preview)
  return { first: previews[0]!, previews, code: process.exitCode }
}

async function query(sql: string): Promise<unknown[]> {
  const database = openPostgres(server.url)
  const rows = await database.query(sql)
  await database.end()
  return rows
}

/** Every file of the lake with its size and time, and every relation of the database. */
async function everything(): Promise<unknown[]> {
  const names = readdirSync(files.folder, { recursive: true }) as string[]
  const tree = names
    .filter((name) => !name.startsWith('.sluice'))
    .map((name) => [name, statSync(join(files.folder, name)).mtimeMs])
  return [
    ...tree,
    ...(await query(`SELECT relname, reltuples FROM pg_class c
    JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_' ORDER BY 1`)),
  ]
}

test('rows, rules, table and files are told, and nothing is written', async () => {
  files.put(orders, 'order,id,day\n1,7,2026-01-02\n2,7,2025-12-31\nx,8,2026-02-30\n,9,\n4,,\n')
  const before = await everything()
  const { first, code } = await plan([orders])
  expect(await everything()).toEqual(before)
  expect(first).toMatchObject({
    object: orders,
    dataset: 'shop.orders',
    contract: 'bronze/shop/datapackage.json',
    would: 'load',
    records: 5,
    accepted: 1,
    rejected: 2,
    waiting: 2,
  })
  expect(first.rules.map(({ rule, field, records }) => [rule, field, records])).toEqual(
    [
      ['type-error', 'day', 1],
      ['type-error', 'order', 1],
      ['primary-key', 'order', 1],
    ].toSorted(),
  )
  const [day] = first.rules.filter(({ field }) => field === 'day')
  expect(day!.examples).toEqual([
    { line: 4, value: '2026-02-30', message: 'expected a date as YYYY-MM-DD' },
  ])
  expect(first.table!.exists).toBe(false)
  expect(first.table!.statements.join()).toContain('PRIMARY KEY ("order")')
  expect(first.files.map(({ folder, rows }) => [folder, rows])).toEqual([
    ['silver/shop/orders/id=7/year=2025', 1],
    ['silver/shop/orders/id=7/year=2026', 1],
    ['silver/shop/orders/id=__HIVE_DEFAULT_PARTITION__/year=__HIVE_DEFAULT_PARTITION__', 1],
    ['quarantine/shop/orders', 2],
  ])
  expect(code).toBe(3)
})

test('parents that are there let rows through; a loaded version changes nothing', async () => {
  files.put('bronze/shop/customers/1.csv', 'id,name\n7,Ana\n')
  files.put(orders, 'order,id,day\n1,7,2026-01-02\n2,8,2026-01-02\n')
  const raw = await TestRaw.open(files.lake, server.url)
  await raw.status('bronze/shop/customers/1.csv')
  expect(await plan([orders])).toMatchObject({ first: { accepted: 1, waiting: 1 }, code: 3 })
  files.put(orders, 'order,id,day\n1,7,2026-01-02\n')
  expect(await plan([orders])).toMatchObject({ first: { accepted: 1, waiting: 0 }, code: 0 })
  await raw.status(orders)
  await runSilver(files.lake, orders)
  expect(await plan([orders])).toMatchObject({ first: { would: 'change nothing' }, code: 0 })
})

test('a table that does not fit is told with the statement to run', async () => {
  files.put('bronze/shop/customers/1.csv', 'id,name\n7,Ana\n')
  await query('CREATE SCHEMA shop; CREATE TABLE shop.customers (id bigint PRIMARY KEY)')
  const { first } = await plan(['bronze/shop/customers/1.csv'])
  expect(first.table).toEqual({
    name: '"shop"."customers"',
    exists: true,
    statements: [
      'ALTER TABLE "shop"."customers" ADD COLUMN "name" text, ADD COLUMN _object_id bigint;',
    ],
  })
})

test('what would be held or refused says why', async () => {
  files.put('bronze/other/1.csv', 'a\n1\n')
  files.put('bronze/shop/customers/1.csv', 'id,nom\n7,Ana\n')
  const { previews, code } = await plan(['bronze/other/1.csv', 'bronze/shop/customers/1.csv'])
  expect(previews.map(({ would }) => would)).toEqual(['hold', 'refuse'])
  expect(previews[1]!.reason).toContain('incorrect-label: label 2 is "nom"')
  expect(code).toBe(3)
})

test('what would be held is judged by what is proposed, or would be', async () => {
  const key = 'bronze/other/1.csv'
  files.put(key, 'a,b\n1,2\n3\n')
  const file = 'bronze/other/datapackage.proposed.yaml'
  const counts = { would: 'hold', proposal: file, records: 2, accepted: 1, rejected: 1, files: [] }
  const rules = [{ rule: 'missing-cell', field: null, records: 1, examples: [{ line: 3 }] }]
  const before = await everything()
  const first = await plan([key])
  expect(first).toMatchObject({ first: { ...counts, rules }, code: 3 })
  expect(first.first.reason).toContain(`; raw-ingestion proposes one in ${file}, or says why not`)
  expect(await everything()).toEqual(before)
  await propose(files.lake, (await files.lake.store.head(key))!)
  const second = (await plan([key])).first
  expect(second).toMatchObject({ ...counts, rules })
  expect(second.reason).toContain(`; one is proposed in ${file}: \`sluice accept other\` lets it`)
  // By what a person has made of it, too.
  const text = (await files.lake.store.get(file))!.body.toString()
  files.put(file, text.replace('{name: b, type: integer}', '{name: b, type: date}'))
  expect((await plan([key])).first).toMatchObject({ ...counts, accepted: 0, rejected: 2 })
  files.put(file, text.replace('{name: b, type: integer}', '{name: b, type: dates}'))
  expect((await plan([key])).first.reason).toContain('found "dates"')
})

test('a file from elsewhere is judged by what would be proposed for it', async () => {
  const outside = join(files.folder, 'outside.csv')
  writeFileSync(outside, 'a,b\n1,x\n')
  const { first } = await plan([outside, '--package', 'other'])
  expect(first).toMatchObject({ would: 'hold', records: 1, accepted: 1, rejected: 0 })
  writeFileSync(outside, '')
  const none = await plan([outside, '--package', 'other'])
  expect(none.first).toMatchObject({ would: 'hold', records: 0 })
  expect(none.first.reason).toBe(
    'no contract names it, and none is proposed: source-error: the object is empty; ' +
      'mend the file, or describe it as a resource in bronze/other/datapackage.yaml',
  )
  rmSync(outside)
})

test('of what would be refused for too many rejects, the rules are told', async () => {
  files.describe('p', resource('t', ['a:integer'], {}, { maxRejectRatio: 0.5 }))
  files.put('bronze/p/t/1.csv', 'a\nx\n1\ny\n')
  expect(await plan(['bronze/p/t/1.csv'])).toMatchObject({
    first: {
      would: 'refuse',
      reason: expect.stringMatching(/^2 of 3 records would be rejected/),
      ...{ records: 3, accepted: 0, rejected: 2, waiting: 0, files: [] },
      rules: [{ rule: 'type-error', field: 'a', records: 2, examples: [{ line: 2 }, { line: 4 }] }],
    },
    code: 3,
  })
})

test('what is unexpected in a header, and allowed, is told', async () => {
  files.describe('p', resource('t', ['a:integer'], { fieldsMatch: 'subset' }))
  files.put('bronze/p/t/1.csv', 'a,b\n1,2\n')
  const reason = expect.stringMatching(/^extra-label: "b" \(label 2\) is no field; to load it add/)
  expect(await plan(['bronze/p/t/1.csv'])).toMatchObject({
    first: { would: 'load', reason },
    code: 0,
  })
})

test('a file from elsewhere is judged by the contract of the package that is named', async () => {
  const outside = join(files.folder, 'orders.csv')
  writeFileSync(outside, 'id,name\n7,Ana\n8,Bo\n')
  files.describe('in', resource('all', ['id:integer', 'name'], {}, { files: '*.csv' }))
  expect(await plan([outside, '--package', 'in'])).toMatchObject({
    first: { dataset: 'in.all', would: 'load', accepted: 2 },
    code: 0,
  })
})

test('an object that is not there, and a file that is nowhere, are errors of usage', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  await expect(plan(['bronze/shop/none.csv'])).rejects.toMatchObject({ exitCode: 2 })
  await expect(plan([import.meta.filename])).rejects.toMatchObject({ exitCode: 2 })
})

test('a lake gets no folder of ours, and one that is not there is not made', async () => {
  files.put('bronze/shop/customers/1.csv', 'id,name\n7,Ana\nx,Bo\n')
  const lake = join(files.folder, 'other')
  cpSync(join(files.folder, 'bronze'), join(lake, 'bronze'), { recursive: true })
  const before = readdirSync(lake, { recursive: true })
  const key = 'bronze/shop/customers/1.csv'
  expect(await plan([key], server.url, lake)).toMatchObject({ first: { rejected: 1 }, code: 3 })
  expect(readdirSync(lake, { recursive: true })).toEqual(before)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const nowhere = join(files.folder, 'nowhere')
  await expect(plan([key], server.url, nowhere)).rejects.toMatchObject({ exitCode: 2 })
  expect(existsSync(nowhere)).toBe(false)
})
