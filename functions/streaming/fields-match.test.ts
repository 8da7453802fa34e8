import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { chunkOf, eventsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** Chunks name the field of each cell; what that is today, the contract of today says. */

const key = 'streaming/till/receipts/1.csv'
let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
})
afterEach(() => lake.close())

function described(fieldsMatch: string, fields: string[], sluice = {}): void {
  lake.streamed('till', resource('receipts', fields, { fieldsMatch }, sluice))
}

const events = () => eventsOf(lake.folder, 'till.receipts')
const poison = async () => {
  return (await rejectsOf(lake.folder, '_unknown')).flatMap(({ errors }) => errors)
}

test('cells of no field are passed over, fields of no label are null', async () => {
  described('partial', ['id:integer', 'name', 'at:date'])
  lake.put(key, 'x,name,id\nany,a,1\n,,\nany,b,x\nany\n')
  const drift = 'extra-label: "x" (label 1) is no field; to load it add to the contract: - {name:'
  const outcome = await lake.publish(key)
  expect(outcome).toMatchObject({ status: 'published', records: 4 })
  expect(outcome?.reason).toContain(drift)
  await lake.drain()
  expect(await events()).toEqual([{ id: '1', name: 'a', at: null }])
  const kept = await rejectsOf(lake.folder, 'till.receipts')
  expect(kept.map(({ line, errors }) => [line, errors[0]!.rule]).toSorted()).toEqual([
    [3, 'blank-row'],
    [4, 'type-error'],
    [5, 'missing-cell'],
  ])
  expect(await lake.publication(key)).toMatchObject({ status: 'published', rejected: 3 })
  expect((await lake.publication(key))?.reason).toContain(drift)
})

test('a partition key that the header lacks is that of a missing value', async () => {
  described('superset', ['id:integer', 'store'], { stream: { partitionKey: 'store' } })
  lake.put(key, 'id\n1\n2\n')
  expect(await lake.publish(key)).toMatchObject({ status: 'published', records: 2 })
  await lake.drain()
  expect(await events()).toEqual([
    { id: '1', store: null },
    { id: '2', store: null },
  ])
})

test('chunks of a time when every cell was a field are read as they were', async () => {
  described('partial', ['id:integer', 'name', 'at:date'])
  await lake.stream.put([{ data: await chunkOf({ fields: ['id', 'name'] }), partitionKey: 'k' }])
  await lake.drain()
  expect(await events()).toEqual([{ id: '1', name: 'a', at: null }])
})

test.each([
  ['cells without a field are not taken any more', 'superset', ['id:integer', 'name'], false],
  ['the form became stricter', 'equal', ['id:integer', 'name'], false],
  ['a field was added that may be absent', 'partial', ['id:integer', 'name', 'note'], true],
  ['a field is none any more, and need not be', 'partial', ['id:integer'], true],
])('between publication and append %s', async (_, form, fields, isTaken) => {
  described('partial', ['id:integer', 'name'])
  lake.put(key, 'id,x,name\n1,any,a\n')
  await lake.publish(key)
  described(form, fields)
  await lake.drain()
  expect(await events()).toHaveLength(isTaken ? 1 : 0)
  const rules = (await poison()).map(({ rule }) => rule)
  expect(rules).toEqual(isTaken ? [] : ['incorrect-label'])
})

test('a member that no field names is passed over, too, where labels are', async () => {
  described('subset', ['id:integer', 'name'])
  await lake.give({ _dataset: 'till.receipts', id: 1, coupon: 'x' })
  await lake.drain()
  described('superset', ['id:integer', 'name'])
  await lake.give({ _dataset: 'till.receipts', id: 2, coupon: 'x' })
  await lake.drain()
  expect(await events()).toEqual([{ id: '1', name: null }])
  const [kept] = await rejectsOf(lake.folder, 'till.receipts')
  expect(kept!.errors).toMatchObject([{ rule: 'extra-cell', field: 'coupon' }])
})
