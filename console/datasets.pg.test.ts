import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { StreamLake } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { Api } from './api.fixture.ts'
import type { ColumnStats, DatasetDetail, DatasetRow, Failure } from './shapes.ts'

let api: Api
beforeEach(() => {
  api = new Api(files.lake, { database: raw.database })
})

const rows = () => api.get<DatasetRow[]>('/datasets')
const detail = (name: string) => api.get<DatasetDetail>('/dataset', { name })
const none = {
  ...{ objects: 0, records: 0, accepted: 0, rejected: 0, waiting: 0, mended: 0 },
  ...{ held: 0, refused: 0, at: null, broken: null, streamed: false, windows: [] },
}
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)

test('datasets of all descriptors, with what became of their objects', async () => {
  expect(await rows()).toEqual([])
  const customers = resource('customers', ['id:integer'], { primaryKey: 'id' })
  const key = { fields: 'of', reference: { resource: 'customers', fields: 'id' } }
  const orders = resource('orders', ['id:integer', 'of:integer'], { foreignKeys: [key] })
  files.describe('shop', customers, orders, resource('x', ['id:rock']))
  files.put('bronze/eu/ruins/datapackage.yaml', '{')
  files.put('bronze/shop/customers/1.csv', 'id\n1\nx\n')
  files.put('bronze/shop/orders/1.csv', 'id,of\n1,1\n2,9\n')
  files.put('bronze/shop/orders/2.csv', 'di,of\n1,1\n')
  files.put('bronze/shop/left.csv', 'a\n1\n')
  const keys = ['customers/1', 'orders/1', 'orders/2', 'left'].map(
    (name) => `bronze/shop/${name}.csv`,
  )
  await raw.run(...keys)
  const file = 'bronze/shop/datapackage.json'
  const shop = await new Api(files.lake, { database: raw.database }).get<DatasetRow[]>('/datasets')
  expect(shop).toEqual([
    {
      ...{ ...none, dataset: 'eu_ruins', file: 'bronze/eu/ruins/datapackage.yaml', load: null },
      broken: expect.stringContaining('not YAML'),
    },
    {
      ...{ ...none, dataset: 'shop.customers', file, load: 'upsert', at: time },
      ...{ objects: 1, records: 2, accepted: 1, rejected: 1 },
    },
    {
      ...{ ...none, dataset: 'shop.orders', file, load: 'append', at: time },
      ...{ objects: 2, records: 2, accepted: 1, waiting: 1, refused: 1 },
    },
    {
      ...{ ...none, dataset: 'shop.x', file, load: null },
      broken: expect.stringContaining('found "rock"'),
    },
  ])
})

test('a dataset that no descriptor names any more is not forgotten', async () => {
  files.describe('shop', resource('orders', ['id:integer']))
  files.put('bronze/shop/orders/1.csv', 'id\n1\n')
  await raw.run('bronze/shop/orders/1.csv')
  files.remove('bronze/shop/datapackage.json')
  expect(await rows()).toMatchObject([{ dataset: 'shop.orders', file: null, accepted: 1 }])
  expect(await detail('shop.orders')).toMatchObject({ contract: null, quality: [{ accepted: 1 }] })
})

test('one that two descriptors name is broken', async () => {
  files.describe('a/b', resource('t', ['id']))
  files.describe('a_b', resource('t', ['id']))
  const [one, other] = ['bronze/a/b/datapackage.json', 'bronze/a_b/datapackage.json']
  const broken = `a_b.t is described by ${one} and by ${other}: rename one`
  expect(await rows()).toMatchObject([{ dataset: 'a_b.t', broken }])
})

test('a contract in words', async () => {
  files.describe('shop', resource('orders', ['id:integer', 'on:date'], { primaryKey: 'id' }))
  const { contract } = await detail('shop.orders')
  expect(contract).toEqual({
    file: 'bronze/shop/datapackage.json',
    hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    sentences: expect.arrayContaining([
      'It takes orders.csv, and every file that fits orders/** in bronze/shop/.',
      'id is the primary key: it is never missing, and stands once in a file.',
    ]),
    fields: [
      { name: 'id', column: 'id', type: 'integer', rules: ['primary key'], nullable: false },
      { name: 'on', column: 'on', type: 'date', rules: [], nullable: true },
    ],
  })
})

test('quality over time, by rule and field: the newest 200 objects, oldest first', async () => {
  files.describe('shop', resource('orders', ['id:integer', 'v:integer']))
  const [first, second] = ['a', 'b'].map((name) => `bronze/shop/orders/${name}.csv`)
  files.put(first!, 'id,v\n1,1\n')
  files.put(second!, 'id,v\nx,y\nx,1\n1,1\n')
  // Loaded in another order than they were made.
  await raw.run(second!, first!)
  expect((await detail('shop.orders')).quality).toEqual([
    { object: first, at: time, records: 1, accepted: 1, rules: [] },
    {
      ...{ object: second, at: time, records: 3, accepted: 1 },
      rules: [
        { rule: 'type-error', field: 'id', records: 2 },
        { rule: 'type-error', field: 'v', records: 1 },
      ],
    },
  ])
  await raw.query(
    `INSERT INTO sluice.objects (lake, key, dataset, status, loaded_etag, loaded_modified)
     SELECT $1, 'k' || n, 'shop.orders', 'loaded', 'e', '2000-01-01'::date + n * interval '1 s'
     FROM generate_series(1, 199) n`,
    [files.lake.store.url],
  )
  const { quality } = await detail('shop.orders')
  expect(quality.map(({ object }) => object)).toEqual([
    ...Array.from({ length: 198 }, (_, i) => `k${i + 2}`),
    ...[first, second],
  ])
})

test('drift of headers, and what is held or refused', async () => {
  files.describe('shop', resource('orders', ['id:integer', 'v'], { fieldsMatch: 'partial' }))
  const key = (name: string) => `bronze/shop/${name}.csv`
  files.put(key('orders/plain'), 'id,v\n1,a\n')
  files.put(key('orders/drift'), 'id,w\n1,a\n')
  files.put(key('orders/refused'), 'x,y\n1,a\n')
  files.put(key('held'), 'a\n1\n')
  files.put('bronze/other/held.csv', 'a\n1\n')
  await raw.run(key('orders/plain'), key('orders/drift'))
  await raw.run(key('orders/refused'))
  await raw.run(key('held'), 'bronze/other/held.csv')
  const { drift, stuck } = await detail('shop.orders')
  expect(drift).toEqual([
    {
      ...{ object: key('orders/drift'), at: time },
      told: expect.stringMatching(/^extra-label: "w" .*; missing-label: field "v" /),
    },
  ])
  expect(stuck).toMatchObject([
    { object: key('held'), status: 'held', reason: expect.stringContaining('sluice accept shop') },
    {
      object: key('orders/refused'),
      status: 'refused',
      reason: expect.stringContaining('name: x'),
    },
  ])
})

test('columns of Silver, as DuckDB sums them up', async () => {
  files.describe('shop', resource('orders', ['id:integer', 'v', 'select:number']))
  files.put('bronze/shop/orders/1.csv', `id,v,select\n1,${'é'.repeat(300)},1.5\n2,,2.5\n2,a,\n`)
  await runSilver(files.lake, 'bronze/shop/orders/1.csv')
  const columns = await api.get<ColumnStats[]>('/columns', { dataset: 'shop.orders' })
  expect(columns).toEqual([
    ...[{ name: 'id', type: 'BIGINT', min: '1', max: '2', distinct: 2, nulls: 0 }].map((one) => ({
      ...one,
      mean: expect.stringMatching(/^1\.66/),
    })),
    {
      ...{ name: 'v', type: 'VARCHAR', min: 'a', max: `${'é'.repeat(200)}…`, distinct: 2 },
      ...{ nulls: 33.33, mean: null },
    },
    {
      ...{ name: 'select', type: 'DOUBLE', min: '1.5', max: '2.5', distinct: 2, nulls: 33.33 },
      mean: '2.0',
    },
  ])
})

test('a stream alone is counted by its checkpoints, and has columns of events', async () => {
  const lake = new StreamLake(new MemoryStream('till', 2))
  try {
    const windows = [{ name: 'w', every: '1 minute', measures: { n: 'count()' } }]
    const sluice = { stream: { eventTime: 'at' }, windows }
    lake.streamed('till', resource('receipts', ['id:integer', 'at:datetime'], {}, sluice))
    for (const name of ['1', '2']) {
      const key = `streaming/till/receipts/${name}.csv`
      lake.put(key, `id,at\n${name},2026-01-01T00:00:00\nx,\n`)
      await lake.publish(key)
    }
    await lake.drain()
    const own = new Api(lake.lake, { database: raw.database })
    expect(await own.get('/datasets')).toEqual([
      {
        ...{ ...none, dataset: 'till.receipts', file: 'streaming/till/datapackage.json' },
        ...{ load: null, streamed: true, windows: ['w'], at: time },
        ...{ objects: 2, records: 4, accepted: 2, rejected: 2 },
      },
    ])
    expect(await own.get('/columns', { dataset: 'till.receipts' })).toMatchObject([
      { name: 'id', min: '1', max: '2', nulls: 0 },
      { name: 'at', type: 'TIMESTAMP' },
    ])
  } finally {
    lake.close()
  }
})

test.each(['/dataset?name=shop.nope', '/columns?dataset=shop.nope'])(
  '%s is not there',
  async (path) => {
    files.describe('shop', resource('orders', ['id']))
    const { status, body } = await api.ask(path)
    expect([status, (body as Failure).error]).toEqual([404, expect.stringContaining('shop.orders')])
  },
)

test.each(['/dataset', '/dataset?name=', '/columns'])('%s asks for nothing', async (path) => {
  expect((await api.ask(path)).status).toBe(400)
})
