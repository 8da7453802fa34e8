import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ObjectStore } from '../core/store/object-store.ts'
import { resource, TestLake } from '../functions/stages.fixture.ts'
import { inputsIn, type Looked, looksOf, streamedFolders, unseenAmong } from './unseen.ts'

let files: TestLake
beforeEach(() => {
  files = new TestLake()
})
afterEach(() => files.close())

const nothing: Looked = { raw: new Map(), silver: new Map(), stream: new Map() }
const unreadable = (fault: Error) => Promise.reject(fault)

async function unseen(looked: Looked, store: ObjectStore = files.lake.store) {
  return unseenAmong(store, await inputsIn(store, unreadable), looked)
}

test('is what start would take, and nothing else that lies there', async () => {
  files.describe(
    'p',
    resource('t', ['id:integer'], {}, { files: '*.{csv,dat}' }),
    ...[{ ...resource('s', []), schema: 'schema.json' }],
  )
  files.put('bronze/p/schema.json', '{"fields": [{"name": "id"}]}')
  const csv = 'id\n1\n'
  const taken = ['a.csv', 'b.dat', 'sub/c.tsv.gz', '_replay/t/0123456789abcdef.csv']
  const left = ['README.md', '.a.csv', 'a.csv.part', 'a.csv~', '_replay/t/mine.csv', 'x.parquet']
  for (const name of [...taken, ...left]) files.put(`bronze/p/${name}`, csv)
  for (const name of ['bronze/alone.csv', 'bronze/p/datapackage.proposed.yaml']) {
    files.put(name, csv)
  }
  for (const name of ['silver/p/t/a.csv', 'quarantine/p/t/a.csv', 'other/a.csv']) {
    files.put(name, csv)
  }
  const found = await unseen(nothing)
  const both = ['raw-ingestion', 'silver']
  expect(found.unseen.map(({ object, stages }) => [object, stages])).toEqual([
    ['bronze/alone.csv', ['raw-ingestion']],
    ['bronze/p/_replay/t/0123456789abcdef.csv', both],
    ['bronze/p/a.csv', both],
    ['bronze/p/b.dat', both],
    ['bronze/p/sub/c.tsv.gz', ['raw-ingestion']],
  ])
  expect(found.ends).toEqual([])
})

test('is told of each stage for itself, and a newer version as one', async () => {
  files.describe('p', resource('t', ['id:integer']))
  files.put('bronze/p/t/a.csv', 'id\n1\n')
  const [version] = (await inputsIn(files.lake.store, unreadable)).filter(({ key }) =>
    key.endsWith('a.csv'),
  )
  const seen = looksOf([{ object: 'bronze/p/t/a.csv', etag: version!.etag }])
  const other = looksOf([{ object: 'bronze/p/t/a.csv', etag: 'of another' }])
  const told = async (looked: Partial<Looked>) => (await unseen({ ...nothing, ...looked })).unseen
  expect(await told({ raw: seen, silver: seen })).toEqual([])
  expect(await told({ raw: seen })).toMatchObject([{ stages: ['silver'], changed: false }])
  expect(await told({ raw: other, silver: seen })).toMatchObject([
    { stages: ['raw-ingestion'], changed: true, size: 5, modified: expect.any(String) },
  ])
  // Of a database that knows nothing of the lake it is not asked.
  expect(await told({ raw: undefined, silver: seen })).toEqual([])
})

test('of a stream, what no contract lets through has an end, and no record of it', async () => {
  const receipts = resource('receipts', ['id:integer'], {}, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  files.put('streaming/till/receipts/a.csv', 'id\n1\n')
  files.put('streaming/till/receipts/b.ndjson', '{"id":1}\n')
  files.put('streaming/till/other.csv', 'id\n1\n')
  files.put('streaming/till/notes.txt', 'x')
  files.put('streaming/broken/datapackage.json', '{')
  files.put('streaming/broken/a.csv', 'id\n1\n')
  const { unseen: left, ends } = await unseen(nothing)
  expect(left.map(({ object, stages }) => [object, stages])).toEqual([
    ['streaming/till/receipts/a.csv', ['streaming']],
    ['streaming/till/receipts/b.ndjson', ['streaming']],
  ])
  expect(ends).toMatchObject([
    { object: 'streaming/broken/a.csv', status: 'refused', stage: 'streaming' },
    {
      object: 'streaming/till/other.csv',
      status: 'held',
      reason: expect.stringContaining('describe it as a resource in streaming/till/'),
    },
  ])
})

test('of Bronze, what is to be published besides, too', async () => {
  files.describe('p', resource('t', ['id:integer'], {}, { stream: {} }), resource('u', ['id']))
  files.describe('q', resource('t', ['id:integer']))
  for (const key of ['p/t/a.csv', 'p/u/a.csv', 'q/t/a.csv']) files.put(`bronze/${key}`, 'id\n1\n')
  const { store } = files.lake
  const inputs = await inputsIn(store, unreadable)
  const streamed = await streamedFolders(store, inputs)
  expect(streamed).toEqual(['bronze/p'])
  const loaded = looksOf(inputs.map(({ key: object, etag }) => ({ object, etag })))
  const left = [{ object: 'bronze/p/t/a.csv', stages: ['streaming'], changed: false }]
  for (const known of [{ streamed }, {}]) {
    const looked = { ...nothing, raw: loaded, silver: loaded, ...known }
    expect((await unseenAmong(store, inputs, looked)).unseen).toMatchObject(left)
  }
  // Both would be refused, without a record.
  const rival = resource('t', ['id:integer'], {}, { stream: {} })
  files.put('streaming/p/datapackage.json', JSON.stringify({ name: 'p', resources: [rival] }))
  const looked = { ...nothing, raw: loaded, silver: loaded, streamed }
  expect((await unseenAmong(store, inputs, looked)).unseen).toEqual([])
})

test('of many objects the lake is listed once, and a descriptor looked at once', async () => {
  files.describe('p', resource('t', ['id:integer']))
  for (let n = 0; n < 300; n++) files.put(`bronze/p/t/${n}.csv`, 'id\n1\n')
  const asked = { list: 0, head: 0, get: 0 }
  const { store } = files.lake
  const counting = Object.create(store, {
    list: { value: (...of: Parameters<ObjectStore['list']>) => counted('list').list(...of) },
    head: { value: (key: string) => counted('head').head(key) },
    get: { value: (key: string) => counted('get').get(key) },
  }) as ObjectStore
  const counted = (what: keyof typeof asked) => {
    asked[what]++
    return store
  }
  expect((await unseen(nothing, counting)).unseen).toHaveLength(300)
  expect(asked.list).toBe(2)
  // Three names of a descriptor in each of three folders.
  expect(asked.head).toBeLessThanOrEqual(9)
  expect(asked.get).toBeLessThanOrEqual(1)
})
