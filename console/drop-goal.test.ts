import { afterEach, beforeEach, expect, test } from 'vitest'
import { resource, TestLake } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import { dropRoutes } from './drop.ts'
import type { DropGoal, Failure } from './shapes.ts'

/** What would become of a file is told before it is sent. */

let files: TestLake
let api: Api
beforeEach(() => {
  files = new TestLake()
  api = new Api(files.lake, { uploadLimit: 1_000 }, dropRoutes)
})
afterEach(() => files.close())

const goalOf = (folder: string, name: string, tree?: string) =>
  api.get<DropGoal>('/drop/goal', { package: folder, name, ...(tree && { tree }) })

const orders = resource('orders', ['id:integer'], { primaryKey: 'id' }, { files: 'orders/*.csv' })

test('the dataset whose contract names it takes it, in the stages that it has', async () => {
  files.describe(
    'shop',
    orders,
    resource('newest', ['id'], {}, { files: 'newest/*.csv', load: 'replace' }),
    resource('events', ['id'], {}, { files: 'events/*.csv', stream: {} }),
  )
  expect(await goalOf('shop', 'orders/2026-04.csv')).toEqual({
    key: 'bronze/shop/orders/2026-04.csv',
    ...{ becomes: 'loaded', dataset: 'shop.orders', stages: ['raw-ingestion', 'silver'] },
    ...{ load: 'upsert', why: null, there: null, offers: [], limit: 1_000 },
  })
  expect(await goalOf('shop', 'newest/a.csv')).toMatchObject({ load: 'replace' })
  const flows = { stages: ['raw-ingestion', 'silver', 'streaming'] }
  expect(await goalOf('shop', 'events/a.csv')).toMatchObject(flows)
})

test('what stands under the key is told: it is what would be replaced', async () => {
  files.describe('shop', orders)
  files.put('bronze/shop/orders/a.csv', 'id\n1\n')
  const { there } = await goalOf('shop', 'orders/a.csv')
  const { modified } = (await files.lake.store.head('bronze/shop/orders/a.csv'))!
  expect(there).toEqual({ size: 5, modified: modified.toISOString() })
})

test('what no contract names would be held, and is offered names that one takes', async () => {
  const byPath = { ...resource('customers', ['id']), path: 'deep/customers.csv', sluice: {} }
  const outside = { ...resource('other', ['id'], {}, { files: '../*.csv' }), path: '../x.csv' }
  files.describe('shop', orders, byPath, outside)
  expect(await goalOf('shop', '2026-04.csv')).toMatchObject({
    ...{ becomes: 'held', dataset: null, stages: [] },
    why: expect.stringContaining('bronze/shop/datapackage.proposed.yaml'),
    offers: [{ name: 'orders/2026-04.csv', dataset: 'shop.orders' }],
  })
  const { offers } = await goalOf('shop', 'customers.csv')
  expect(offers.map(({ name }) => name)).toEqual([
    ...['orders/customers.csv', 'deep/customers.csv'],
  ])
  expect(await goalOf('new', 'a.csv')).toMatchObject({ becomes: 'held', offers: [] })
})

test('events: their contract, or none', async () => {
  const receipts = resource('receipts', ['id'], {}, { files: 'receipts/*.csv', stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  expect(await goalOf('till', 'receipts/a.csv', 'streaming')).toMatchObject({
    ...{ becomes: 'loaded', dataset: 'till.receipts', stages: ['streaming'] },
  })
  expect(await goalOf('till', 'a.ndjson', 'streaming')).toMatchObject({
    ...{ becomes: 'held', why: expect.stringContaining('streaming/till/datapackage.yaml') },
  })
})

test('a contract that is broken refuses it, and says why', async () => {
  files.put('bronze/shop/datapackage.yaml', 'resources: 7\n')
  expect(await goalOf('shop', 'a.csv')).toMatchObject({
    ...{ becomes: 'refused', stages: [], why: expect.stringContaining('resources') },
  })
})

test('a descriptor is part of a contract; other JSON decides nothing', async () => {
  files.describe('shop', orders)
  expect(await goalOf('shop', 'datapackage.yaml')).toMatchObject({
    ...{ becomes: 'contract', why: expect.stringContaining('bronze/shop/') },
  })
  expect(await goalOf('shop', 'notes.json')).toMatchObject({
    ...{ becomes: 'contract', why: expect.stringContaining('no descriptor refers to it') },
  })
})

test('what would not be taken at all is told as a drop of it is', async () => {
  for (const asked of [
    { package: 'p', name: 'a.zip' },
    { package: '..', name: 'a.csv' },
    { package: 'p' },
  ]) {
    const query = new URLSearchParams(asked as Record<string, string>)
    const [goal, drop] = await Promise.all([
      api.ask(`/drop/goal?${query}`),
      api.ask(`/drop?${query}`, { method: 'POST', body: 'id\n' }),
    ])
    expect(goal.status).toBe(400)
    expect((goal.body as Failure).error).toBe((drop.body as Failure).error)
  }
})
