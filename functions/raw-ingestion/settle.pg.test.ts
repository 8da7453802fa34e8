import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, TestLake, TestRaw } from '../stages.fixture.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
let raw: TestRaw

const to = (resource: string, fields: string, columns = fields) => ({
  fields,
  reference: { resource, fields: columns },
})
const customers = resource('customers', ['id:integer', 'name'], { primaryKey: 'id' })
const orders = resource('orders', ['id:integer', 'customer:integer'], {
  primaryKey: 'id',
  foreignKeys: [to('customers', 'customer', 'id')],
})
const items = resource('items', ['order:integer', 'what'], {
  foreignKeys: [to('orders', 'order', 'id')],
})

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(async () => {
  files = new TestLake()
  raw = await TestRaw.open(files.lake, await emptied(database.url))
  files.describe('p', customers, orders, items)
  files.put('bronze/p/customers/1.csv', 'id,name\n1,Ana\n2,Bia\n')
  files.put('bronze/p/orders/1.csv', 'id,customer\n10,1\n11,2\n12,\n13,99\n')
  files.put('bronze/p/items/1.csv', 'order,what\n10,tea\n10,tea\n11,jam\n13,nut\n')
})
afterEach(async () => {
  expect(await raw.wrongCounts()).toEqual([])
  await raw.database.end()
  files.close()
})
afterAll(() => database.drop())

const key = (name: string) => `bronze/p/${name}/1.csv`

async function counts(name: string): Promise<unknown> {
  const sql = 'SELECT accepted, rejected, waiting FROM sluice.objects WHERE key = $1'
  return (await raw.query(sql, [key(name)]))[0]
}

const everyOrder = [
  ['customers', 'orders', 'items'],
  ['items', 'orders', 'customers'],
  ['orders', 'items', 'customers'],
  ['items', 'customers', 'orders'],
]

test.each(everyOrder)(
  'orphans wait and are healed along the chain: %s, %s, %s',
  async (...names) => {
    for (const name of names) await raw.run(key(name))
    expect(await raw.table('p.orders')).toEqual([
      [10, 1],
      [11, 2],
      [12, null],
    ])
    expect(await raw.table('p.items')).toEqual([
      [10, 'tea'],
      [10, 'tea'],
      [11, 'jam'],
    ])
    expect(await counts('orders')).toEqual({ accepted: 3, rejected: 0, waiting: 1 })
    expect(await counts('items')).toEqual({ accepted: 3, rejected: 0, waiting: 1 })
    const missing = await raw.query('SELECT line, missing FROM sluice.waiting ORDER BY missing')
    expect(missing).toEqual([
      { line: 5, missing: 'p.customers id = 99' },
      { line: 5, missing: 'p.orders id = 13' },
    ])
    files.put('bronze/p/customers/2.csv', 'id,name\n99,Zoe\n')
    await raw.run('bronze/p/customers/2.csv')
    expect(await counts('items')).toEqual({ accepted: 4, rejected: 0, waiting: 0 })
    expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  },
)

test('orphans do not count against maxRejectRatio', async () => {
  const strict = { foreignKeys: [to('customers', 'customer', 'id')] }
  files.describe(
    'p',
    customers,
    resource('orders', ['id:integer', 'customer:integer'], strict, { maxRejectRatio: 0 }),
  )
  expect(await raw.run(key('orders'))).toMatchObject([
    { status: 'loaded', accepted: 1, waiting: 3 },
  ])
})

test('a newer version takes its waiting rows with it', async () => {
  await raw.run(key('orders'))
  files.put(key('orders'), 'id,customer\n20,1\n')
  await raw.run(key('orders'), key('customers'))
  expect(await raw.table('p.orders')).toEqual([[20, 1]])
})

test('a dataset may refer to itself: in its own object, in another, in a chain', async () => {
  files.describe(
    'p',
    resource('staff', ['id:integer', 'boss:integer'], {
      primaryKey: 'id',
      foreignKeys: [to('', 'boss', 'id')],
    }),
  )
  files.put('bronze/p/staff/1.csv', 'id,boss\n3,2\n2,1\n1,\n7,6\n6,5\n8,8\n')
  expect(await raw.run('bronze/p/staff/1.csv')).toMatchObject([{ accepted: 4, waiting: 2 }])
  files.put('bronze/p/staff/2.csv', 'id,boss\n5,1\n')
  await raw.run('bronze/p/staff/2.csv')
  expect((await raw.table('p.staff')).length).toBe(7)
})

test('waiting rows of every type go in as if they had never waited', async () => {
  // Names that the SQL around them has, too.
  // Names that the SQL around them has, too.
  const header = 'id,record,o,line,row,object_id,missing,_record,_line'
  const types = 'integer number string date datetime time boolean object array'.split(' ')
  const fields = header.split(',').map((name, i) => `${name}:${types[i]}`)
  const schema = { foreignKeys: [to('customers', 'id', 'id')] }
  const same = resource('same', fields)
  files.describe('p', customers, same, resource('typed', fields, schema))
  const text = `"it's ""é"" \\N\n,"`
  const times = '2024-02-29,2024-02-29T23:59:59.123456,10:00:00.5'
  const rows = [`1,0.1,${text},${times},true,"{""a"":1.10}","[null]"`, '2,NaN,,,,,,,']
  for (const name of ['typed', 'same']) files.put(key(name), [header, ...rows, ''].join('\n'))
  expect(await raw.run(key('typed'))).toMatchObject([{ rejected: 0, waiting: 2 }])
  await raw.run(key('customers'), key('same'))
  expect(await raw.table('p.typed')).toEqual(await raw.table('p.same'))
  expect((await raw.table('p.typed')).length).toBe(2)
})

test('rows of a replaced dataset that waited join those that did not', async () => {
  files.describe(
    'p',
    customers,
    resource(
      'orders',
      ['id:integer', 'customer:integer'],
      { foreignKeys: [to('customers', 'customer', 'id')] },
      { load: 'replace' },
    ),
  )
  await raw.run(key('orders'), key('customers'))
  expect(await raw.table('p.orders')).toEqual([
    [10, 1],
    [11, 2],
    [12, null],
  ])
})

test('a parent row that children point to is kept, and reported', async () => {
  await raw.run(key('customers'), key('orders'))
  files.put(key('customers'), 'id,name\n2,Bia\n3,Caio\n')
  const [outcome] = await raw.run(key('customers'))
  expect(outcome?.reason).toBe('referenced: 1 rows that it no longer has stay for children')
  expect(await raw.table('p.customers')).toEqual([
    [1, 'Ana'],
    [2, 'Bia'],
    [3, 'Caio'],
  ])
})

test('a row kept for children gives way to that of an object which still has it', async () => {
  files.put('bronze/p/customers/0.csv', 'id,name\n1,Old Ana\n', 1000)
  await raw.run('bronze/p/customers/0.csv', key('customers'), key('orders'))
  files.put(key('customers'), 'id,name\n2,Bia\n')
  await raw.run(key('customers'))
  expect(await raw.table('p.customers')).toEqual([
    [1, 'Old Ana'],
    [2, 'Bia'],
  ])
})

test('what a constraint of the database keeps out waits on, with the reason', async () => {
  await raw.run(key('orders'))
  await raw.query('ALTER TABLE p.orders ADD CHECK (id <> 11)')
  expect(await raw.status(key('customers'))).toBe('loaded')
  const [row] = await raw.query('SELECT reason, waiting FROM sluice.objects WHERE key = $1', [
    key('orders'),
  ])
  expect(row).toMatchObject({ waiting: 3, reason: expect.stringContaining('orders_id_check') })
})

test('rows wait until a contract that broke meanwhile is mended', async () => {
  files.describe('p/orders', resource('orders', ['id:integer', 'customer:integer']))
  files.remove('bronze/p/orders/datapackage.json')
  await raw.run(key('orders'))
  files.put('bronze/p/orders/datapackage.json', '{')
  expect(await raw.status(key('customers'))).toBe('loaded')
  expect(await counts('orders')).toMatchObject({ waiting: 3 })
  files.remove('bronze/p/orders/datapackage.json')
  await raw.run('bronze/p/datapackage.json')
  expect(await counts('orders')).toMatchObject({ waiting: 1 })
})

test('after a crash between a commit and its settling, the next event settles', async () => {
  await raw.run(key('orders'), key('customers'))
  await raw.query('DELETE FROM p.orders')
  await raw.database.execute(
    `WITH one AS (SELECT id FROM sluice.objects WHERE key = $1)
    INSERT INTO sluice.due (lake, reload) SELECT $2, id FROM one`,
    [key('orders'), files.lake.store.url],
  )
  await raw.run('bronze/p/none.csv')
  expect((await raw.table('p.orders')).length).toBe(3)
})
