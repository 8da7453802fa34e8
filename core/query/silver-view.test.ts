import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestShop } from '../../functions/shop.fixture.ts'
import { resource, runSilver } from '../../functions/stages.fixture.ts'
import { readRecord } from '../commit/commit-record.ts'
import { manifestKey } from '../commit/manifest.ts'
import { openDuck } from '../duck/duckdb.ts'
import { fileRows } from './file-rows.ts'
import { queryLake } from './query.ts'

let files: TestShop
beforeEach(() => {
  files = new TestShop()
})
afterEach(() => files.close())

test('upsert: the object modified later wins, then the greater key', async () => {
  files.describeOrders()
  expect(await files.load('orders/b.csv', ['2,b', '3,b', '5,b'], 20)).toBe('loaded')
  await files.load('orders/a.csv', ['1,a', '2,a'], 10)
  await files.load('orders/c.csv', ['3,c'], 20)
  await files.load('orders/d.csv', ['1,d', '4,d', '5,d'], 5)
  const winners = [
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
    [4, 'd'],
    [5, 'b'],
  ]
  expect(await files.orders()).toEqual(winners)
  expect(await files.ask('SELECT * FROM silver.shop.orders ORDER BY id')).toEqual(winners)
  expect(await files.ask('SELECT count(*) FROM shop.orders')).toEqual([[5]])
})

test('upsert over partitions, replaced and reloaded, as a model has it', async () => {
  files.describeOrders({ partitionBy: ['v'] })
  const objects = new Map<string, { modified: number; rows: Map<number, string> }>()
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let step = 0; step < 24; step++) {
    const name = `orders/${'aéZc'[random(4)]}${random(3)}.csv`
    const modified = 1_000 + random(2)
    const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter(() => random(2) === 0)
    const rows = new Map(ids.map((id) => [id, `${'xyz'[random(3)]}${step}`]))
    await files.load(
      name,
      [...rows].map(([id, v]) => `${id},${v}`),
      modified,
    )
    objects.set(name, { modified, rows })
    const ranked = [...objects].toSorted(
      ([a, one], [b, two]) =>
        one.modified - two.modified || Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )
    const winners = new Map(ranked.flatMap(([, object]) => [...object.rows]))
    expect(await files.orders()).toEqual([...winners].toSorted(([a], [b]) => a - b))
  }
})

test('a replaced version is gone, a refused one changes nothing', async () => {
  files.describeOrders({ maxRejectRatio: 0.1 })
  await files.load('orders/a.csv', ['1,a', '2,a'])
  await files.load('orders/b.csv', ['2,b'])
  await files.load('orders/b.csv', ['3,b'])
  const rows = [
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
  ]
  expect(await files.orders()).toEqual(rows)
  expect(await files.load('orders/b.csv', ['x,b', '9,b'])).toBe('refused')
  expect(await files.load('orders/c.csv', ['x,c', '8,c'])).toBe('refused')
  expect(await files.orders()).toEqual(rows)
})

test('a refused version does not make its object the later one', async () => {
  files.describeOrders({ maxRejectRatio: 0.1 })
  await files.load('orders/a.csv', ['1,a'], 10)
  await files.load('orders/b.csv', ['1,b'], 20)
  expect(await files.load('orders/a.csv', ['x,a'], 30)).toBe('refused')
  expect(await files.orders()).toEqual([[1, 'b']])
})

test('append: every row; replace: those of the newest object, be they none', async () => {
  files.describeOrders({ load: 'append' })
  await files.load('orders/a.csv', ['1,a', '1,a'], 30)
  await files.load('orders/b.csv', ['1,b'], 20)
  expect(await files.orders()).toEqual([
    [1, 'a'],
    [1, 'a'],
    [1, 'b'],
  ])
  files.describeOrders({ load: 'replace' })
  expect(await files.orders()).toEqual([
    [1, 'a'],
    [1, 'a'],
  ])
  await files.load('orders/c.csv', [], 40)
  expect(await files.orders()).toEqual([])
})

test('rows of an intent are not seen: its writer died when its files were there', async () => {
  files.describeOrders()
  await files.load('orders/a.csv', ['1,a'])
  const record = manifestKey('shop.orders', 'bronze/shop/orders/a.csv')
  const held = await readRecord(files.lake.store, record)
  const [standing = ''] = held!.record.files
  const under = standing.replace('-1-0.parquet', '-2-0.parquet')
  const { body } = (await files.lake.store.get(standing))!
  await files.lake.store.put(under, body)
  const writing = { files: [under], until: Date.now() + 60_000 }
  files.put(record, JSON.stringify({ ...held!.record, epoch: 2, writing }))
  expect(await files.ask('SELECT count(*) FROM shop.orders')).toEqual([[1]])
  files.put(record, JSON.stringify({ ...held!.record, epoch: 2, garbage: [under] }))
  expect(await files.ask('SELECT count(*) FROM shop.orders')).toEqual([[1]])
})

test('a dataset without a row has its columns; the tables are listed with them', async () => {
  files.describeOrders({}, ['id:integer', 'day:date', 'at:time', 'raw:object'])
  expect(await files.ask('SELECT column_name, column_type FROM (DESCRIBE shop.orders)')).toEqual([
    ['id', 'BIGINT'],
    ['day', 'DATE'],
    ['at', 'VARCHAR'],
    ['raw', 'VARCHAR'],
  ])
  expect(await files.ask('SELECT count(*) FROM shop.orders')).toEqual([[0]])
  const tables = await files.ask(
    'SELECT database, schema, name FROM (SHOW ALL TABLES) ORDER BY ALL',
  )
  expect(tables).toEqual([
    ['quarantine', 'main', '_unknown'],
    ['quarantine', 'shop', 'orders'],
    ['silver', 'shop', 'orders'],
  ])
})

test('names of fields are names, whatever they say', async () => {
  const fields = ['it"s', "o'clock", '😀', 'file_index', 'filename', 'select', ' a b ']
  const schema = { primaryKey: ['it"s', 'file_index'] }
  files.describe('shop', resource('orders', fields, schema, { partitionBy: ['select'] }))
  const head = fields.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
  for (const object of ['a', 'b']) {
    files.put(`bronze/shop/orders/${object}.csv`, `${head}\n1,2,3,0,5,${object},${object}\n`)
    await runSilver(files.lake, `bronze/shop/orders/${object}.csv`)
  }
  const columns = await queryLake(files.lake.store, 'FROM shop.orders', 'json', async (answer) =>
    answer.columns.map(({ name }) => name),
  )
  expect(columns).toEqual(fields)
  expect(await files.ask('SELECT * FROM shop.orders')).toEqual([
    ['1', '2', '3', '0', '5', 'b', 'b'],
  ])
})

test('a column of two types fails, and names it; a column more or less does not', async () => {
  files.describeOrders({}, ['id:integer', 'v:integer'])
  await files.load('orders/a.csv', ['1,1', '2,2'])
  files.describe('shop', resource('orders', ['id:integer', 'w'], { primaryKey: 'id' }))
  files.put('bronze/shop/orders/b.csv', 'id,w\n2,x\n3,y\n')
  await runSilver(files.lake, 'bronze/shop/orders/b.csv')
  expect(await files.ask('SELECT id, w, v FROM shop.orders ORDER BY id')).toEqual([
    [1, null, 1],
    [2, 'x', null],
    [3, 'y', null],
  ])
  files.describeOrders({}, ['id:integer', 'v:number'])
  await files.load('orders/c.csv', ['4,1.5'])
  for (const sql of ['SELECT * FROM shop.orders', 'SELECT count(*) FROM shop.orders WHERE v > 9']) {
    await expect(files.ask(sql)).rejects.toThrow(
      /"v" is BIGINT in some of its files, DOUBLE in others/,
    )
  }
})

test('a fence of a later contract has no say: it has no row', async () => {
  const duck = await openDuck(0)
  const [rows, fence] = ['rows', 'fence'].map((name) => join(files.folder, `${name}.parquet`))
  await duck.run(`COPY (SELECT 1::BIGINT AS id) TO '${rows}'`)
  await duck.run(`COPY (SELECT 'x' AS id LIMIT 0) TO '${fence}'`)
  const expected = [{ name: 'id', type: 'BIGINT' }]
  const { select } = await fileRows(duck, 'shop.orders', [fence!, rows!], expected, true)
  expect(await duck.all(select)).toEqual([[1n]])
  duck.close()
})

test('quarantine has the rejects of the versions that stand', async () => {
  files.describeOrders()
  await files.load('orders/a.csv', ['x,a', '1,a'])
  await files.load('orders/b.csv', ['y,b'])
  await files.load('orders/b.csv', ['2,b', 'z,"b\nb"'])
  const sql = `SELECT object, record, line, decode(raw), errors[1].rule, errors[1].value
    FROM quarantine.shop.orders ORDER BY object`
  expect(await files.ask(sql)).toEqual([
    ['bronze/shop/orders/a.csv', 1, 2, 'x,a', 'type-error', 'x'],
    ['bronze/shop/orders/b.csv', 2, 3, 'z,"b\nb"', 'type-error', 'z'],
  ])
})
