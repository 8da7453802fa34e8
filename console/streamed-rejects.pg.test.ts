import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { publish } from '../functions/streaming/publish.ts'
import { drain } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { Api } from './api.fixture.ts'
import { rejectRoutes } from './rejects.ts'
import type { Facets, Page, RejectRow } from './shapes.ts'

/** Records that streams have rejected stand behind those of the ledger. */

let api: Api
let stream: MemoryStream
beforeEach(() => {
  api = new Api(files.lake, { database: raw.database }, rejectRoutes)
  stream = new MemoryStream('till', 1)
  const receipts = resource('receipts', ['id:integer', 'name'], {}, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  files.describe('p', resource('t', ['id:integer', 'name'], {}, { stream: {} }))
})

/** Publishes an object, and commits it: a file of quarantine of its own. */
async function flow(key: string, text: string): Promise<void> {
  files.put(key, text)
  await publish(files.lake, stream, key)
  await drain(files.lake, stream)
}

async function give(...records: string[]): Promise<void> {
  await stream.put(records.map((one) => ({ data: Buffer.from(one), partitionKey: 'given' })))
  await drain(files.lake, stream)
}

const [a, b, ofBronze] = [
  'streaming/till/receipts/a.csv',
  'streaming/till/receipts/b.csv',
  'bronze/p/t/a.csv',
]

/** What each of them has rejected comes last first, file by file. */
async function fill(): Promise<void> {
  await flow(a, 'id,name\n1,a\nx,b\ny,"c, d"\n')
  await flow(b, 'id,name\nz,<b>\n2,b,c\n')
  await give('{"_dataset":"till.receipts","id":1.50,"name":"e"}', 'no JSON')
  await flow(ofBronze, 'id,name\nu,a\n')
  await raw.run(ofBronze)
  await give('{"_dataset":"p.t","id":"v"}')
}

type Asked = Record<string, string>
/** All pages, one after the other: how many rows each has, is a question of time. */
async function rows(asked: Asked = {}): Promise<RejectRow[]> {
  const found: RejectRow[] = []
  for (let cursor = ''; ; ) {
    const page = await api.get<Page<RejectRow>>('/rejects', cursor ? { ...asked, cursor } : asked)
    expect(page.rows.length).toBeLessThanOrEqual(Number(asked.limit ?? 50))
    found.push(...page.rows)
    if (page.next === null) return found
    cursor = page.next
  }
}
const texts = async (asked?: Asked) => (await rows(asked)).map(({ text }) => text)

const foreign = '{"_dataset":"p.t","id":"v"}'
const given = '{"_dataset":"till.receipts","id":1.50,"name":"e"}'
const ofTill = [given, 'z,<b>', '2,b,c', 'x,b', 'y,"c, d"']

test('all of them are there, what the ledger has but once', async () => {
  await fill()
  const all = ['u,a', 'no JSON', foreign, ...ofTill]
  expect(await texts()).toEqual(all)
  for (const limit of ['1', '2', '3', '7', '8']) expect(await texts({ limit })).toEqual(all)
})

test('each tells where it came from, and its cells as far as they have names', async () => {
  await fill()
  const [json, , extra, first] = await rows({ dataset: 'till.receipts' })
  expect(json).toMatchObject({
    ...{ object: null, record: null, version: null, dataset: 'till.receipts', line: 1 },
    cells: [
      { label: '_dataset', value: 'till.receipts' },
      { label: 'id', value: '1.50' },
      { label: 'name', value: 'e' },
    ],
    errors: [{ rule: 'type-error', field: 'id' }],
    mendable: expect.stringContaining('takes nothing back'),
    ...{ shard: 'shardId-000000000000', sequence: expect.stringMatching(/^\d+$/) },
  })
  expect(extra!.cells).toBe(null)
  expect(first).toMatchObject({
    ...{ object: a, record: 2, line: 3, version: expect.any(String) },
    cells: [
      { label: 'id', value: 'x' },
      { label: 'name', value: 'b' },
    ],
  })
})

test('labels are told of no header that may be in another order', async () => {
  const any = resource('receipts', ['id:integer', 'name'], { fieldsMatch: 'equal' }, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [any] }))
  await flow(a, 'name,id\nb,x\n')
  expect(await rows()).toMatchObject([{ text: 'b,x', cells: null }])
})

test('each filter leaves out what is not asked for', async () => {
  await fill()
  expect(await texts({ dataset: 'till.receipts' })).toEqual(ofTill)
  expect(await texts({ dataset: 'p.t' })).toEqual(['u,a', foreign])
  expect(await texts({ dataset: '_unknown' })).toEqual(['no JSON'])
  expect(await texts({ object: a })).toEqual(['x,b', 'y,"c, d"'])
  expect(await texts({ object: a, dataset: 'p.t' })).toEqual([])
  expect(await texts({ object: ofBronze })).toEqual(['u,a'])
  expect(await texts({ object: 'streaming/till/receipts/none.csv' })).toEqual([])
  expect(await texts({ rule: 'extra-cell', field: '' })).toEqual(['2,b,c'])
  expect(await texts({ dataset: 'till.receipts', field: 'id', search: '<B>' })).toEqual(['z,<b>'])
  expect(await texts({ search: `' OR true --` })).toEqual([])
  expect(await texts({ rule: `'`, field: `'` })).toEqual([])
  for (const state of ['waiting', 'mended']) expect(await texts({ state })).toEqual([])
})

test('their sums stand beside those of the ledger', async () => {
  await fill()
  const facets = (asked: Asked = {}) => api.get<Facets>('/rejects/facets', asked)
  const datasets = [
    { dataset: 'till.receipts', records: 5 },
    { dataset: 'p.t', records: 1 },
    { dataset: '_unknown', records: 1 },
  ]
  const ofTable = { rule: 'type-error', field: 'id', records: 1 }
  expect(await facets()).toEqual({ total: 7, datasets, rules: [ofTable], uncounted: 6 })
  expect(await facets({ dataset: 'till.receipts' })).toEqual({
    ...{ total: 5, datasets, uncounted: 0 },
    rules: [
      { rule: 'type-error', field: 'id', records: 4 },
      { rule: 'extra-cell', field: null, records: 1 },
    ],
  })
  expect(await facets({ object: a })).toEqual({
    ...{ total: 2, datasets: [{ dataset: 'till.receipts', records: 2 }], uncounted: 0 },
    rules: [{ rule: 'type-error', field: 'id', records: 2 }],
  })
  expect(await facets({ state: 'waiting' })).toMatchObject({ total: 0, datasets: [] })
})
