import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { parseContract } from '../../core/contract/contract.ts'
import { makeStage } from '../../core/database/merge.ts'
import { ensureTable } from '../../core/database/table.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, runSilver, TestLake, TestRaw } from '../stages.fixture.ts'

/** Parents outside the package: tables that Sluice loads for another, and tables of others. */

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
let raw: TestRaw

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(async () => {
  files = new TestLake()
  raw = await TestRaw.open(files.lake, await emptied(database.url))
  files.put(sales, 'store,till\n1,1\n2,1\n,9\n')
})
afterEach(async () => {
  expect(await raw.wrongCounts()).toEqual([])
  await raw.database.end()
  files.close()
})
afterAll(() => database.drop())

const sales = 'bronze/till/sales/1.csv'

function describeSales(reference: object, schema: object = {}): void {
  const settings = { maxRejectRatio: 0, references: [reference] }
  files.describe('till', resource('sales', ['store:integer', 'till'], schema, settings))
}

async function waiting(): Promise<unknown[]> {
  const rows = await raw.query('SELECT missing FROM sluice.waiting ORDER BY missing')
  return rows.map(({ missing }) => missing)
}

test('rows wait for a table that is not there yet, outside the reject ratio', async () => {
  describeSales({ fields: 'store', table: 'shop.stores', columns: 'store_id' })
  expect(await raw.run(sales)).toMatchObject([{ status: 'loaded', accepted: 1, waiting: 2 }])
  expect(await waiting()).toEqual(['shop.stores store_id = 1', 'shop.stores store_id = 2'])
  // Silver has no database, so it keeps orphans.
  expect(await runSilver(files.lake, sales)).toMatchObject([{ status: 'loaded', accepted: 3 }])
})

test('a parent that Sluice loads from another package heals, and stays', async () => {
  describeSales({ fields: 'store', table: 'shop.stores', columns: 'store_id' })
  files.describe(
    'shop',
    resource('stores', ['store_id:integer', 'name'], { primaryKey: 'store_id' }),
  )
  const stores = 'bronze/shop/stores/1.csv'
  files.put(stores, 'store_id,name\n1,Rio\n3,Belo\n')
  await raw.run(sales, stores)
  expect(await waiting()).toEqual(['shop.stores store_id = 2'])
  files.put(stores, 'store_id,name\n2,Natal\n')
  expect(await raw.run(stores)).toMatchObject([
    { reason: 'referenced: 1 rows that it no longer has stay for children' },
  ])
  expect(await waiting()).toEqual([])
  const rows = [
    [1, 'Rio'],
    [2, 'Natal'],
  ]
  expect(await raw.table('shop.stores')).toEqual(rows)
})

test('a table of others heals when the next object comes, or a process starts', async () => {
  const key = { fields: ['store', 'till'], table: 'ext.tills', columns: ['S"t', 'no'] }
  describeSales(key)
  await raw.run(sales)
  expect(await waiting()).toEqual(['ext.tills S"t, no = 1, 1', 'ext.tills S"t, no = 2, 1'])
  await raw.query('CREATE SCHEMA ext')
  await raw.query('CREATE TABLE ext.tills ("S""t" numeric, no varchar(9))')
  await raw.query(`INSERT INTO ext.tills VALUES (1, '1')`)
  // Each run of the fixture is a process that starts.
  await raw.run('bronze/till/none.csv')
  expect(await waiting()).toEqual(['ext.tills S"t, no = 2, 1'])
  await raw.query(`INSERT INTO ext.tills VALUES (2, '1')`)
  files.put('bronze/till/sales/2.csv', 'store,till\n2,1\n')
  await raw.run('bronze/till/sales/2.csv')
  expect(await waiting()).toEqual([])
  expect((await raw.table('till.sales')).length).toBe(4)
})

test.each([
  ['a column that is not there', { columns: 'nope' }, /store cannot refer to ext.stores \(nope\)/],
  [
    'a column of another type',
    { columns: 'name' },
    /\(name\): operator does not exist: text = bigint/,
  ],
])('%s refuses the object, and is no fault', async (_, also, why) => {
  await raw.query('CREATE SCHEMA ext')
  await raw.query('CREATE TABLE ext.stores (id int, name text)')
  describeSales({ fields: 'store', table: 'ext.stores', ...also })
  const [outcome] = await raw.run(sales)
  expect(outcome).toMatchObject({ status: 'refused', reason: expect.stringMatching(why) })
  expect(await raw.query('SELECT * FROM sluice.references')).toEqual([])
})

test('rows that wait go by what their contract says now', async () => {
  describeSales({ fields: 'store', table: 'ext.stores', columns: 'id' })
  await raw.run(sales)
  expect((await waiting()).length).toBe(2)
  files.describe('till', resource('sales', ['store:integer', 'till']))
  await raw.run('bronze/till/datapackage.json')
  expect(await waiting()).toEqual([])
  expect((await raw.table('till.sales')).length).toBe(3)
})

test('a schema in a file of its own that is mended lets its objects through', async () => {
  const described = { name: 'sales', path: 'sales/1.csv', schema: 'schema.json' }
  files.describe('till', described)
  expect(await raw.run(sales)).toMatchObject([
    { status: 'refused', reason: expect.stringContaining('bronze/till/schema.json') },
  ])
  const fields = [{ name: 'store', type: 'integer' }, { name: 'till' }]
  files.put('bronze/till/schema.json', JSON.stringify({ fields }))
  expect(await raw.run('bronze/till/schema.json')).toMatchObject([
    { object: sales, status: 'loaded', accepted: 3 },
  ])
})

const wide = (width: number) => Array.from({ length: width }, (_, i) => `f${i}:integer`)

test('a table takes 1,598 fields, also while their rows are staged', async () => {
  const schema = { primaryKey: 'f0' }
  const resources = [resource('wide', wide(1598), schema)]
  const contract = parseContract({ resources } as never, 0, 'bronze/p/datapackage.json')
  await raw.database.transaction(async (tx) => {
    await ensureTable(tx, contract)
    await makeStage(tx, contract)
  })
  expect((await raw.table('p.wide')).length).toBe(0)
})

test.each([1599, 5000])('a dataset of %i fields is refused, and harms no other', async (width) => {
  files.describe('p', resource('wide', wide(width)), resource('next', ['id:integer']))
  const names = wide(width).map((field) => field.split(':')[0])
  files.put('bronze/p/wide/1.csv', `${names.join()}\n1${','.repeat(width - 1)}\n`)
  files.put('bronze/p/next/1.csv', 'id\n1\n')
  const [outcome, next] = await raw.run('bronze/p/wide/1.csv', 'bronze/p/next/1.csv')
  const reason = `p.wide has ${width} fields, and a table of Postgres takes 1598 of them`
  expect(outcome).toMatchObject({ status: 'refused', reason: expect.stringContaining(reason) })
  expect(next?.status).toBe('loaded')
})

test('a row that is too wide for a page of Postgres refuses its object', async () => {
  files.describe('p', resource('wide', wide(1024)))
  const names = wide(1024).map((field) => field.split(':')[0])
  files.put('bronze/p/wide/1.csv', `${names.join()}\n${names.map(() => 7).join()}\n`)
  expect(await raw.run('bronze/p/wide/1.csv')).toMatchObject([
    { status: 'refused', reason: expect.stringContaining('row is too big') },
  ])
})

test('a field with the name of a column that every table has refuses its object', async () => {
  files.describe('p', resource('t', ['xmin']))
  files.put('bronze/p/t/1.csv', 'xmin\n1\n')
  expect(await raw.run('bronze/p/t/1.csv')).toMatchObject([
    { status: 'refused', reason: expect.stringContaining('field xmin') },
  ])
})
