import { expect, test } from 'vitest'
import type { Appended } from '../../core/outcome.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { PUBLISHED } from '../../core/stream/publication.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource, storeWith } from '../stages.fixture.ts'
import { append } from './append.ts'
import { asGiven, drain, recordsOf, StreamLake } from './stream.fixture.ts'

test('what another one has committed meanwhile is told by that one alone', async () => {
  const lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', resource('receipts', ['id:integer']))
  await lake.give(...[1, 2, 3].map((id) => ({ _dataset: 'till.receipts', id })))
  const { store } = lake.lake
  let others: { records: number }[] = []
  // Its first intent comes too late: another one has been there.
  const put: ObjectStore['put'] = async (key, body, ...more) => {
    const isIntent = Buffer.isBuffer(body) && JSON.parse(body.toString()).writing
    if (isIntent && others.length === 0) others = (await lake.drain()).batches
    return store.put(key, body, ...more)
  }
  const late = { ...lake.lake, store: storeWith(store, { put }) }
  const { batches } = await drain(late, lake.stream)
  const told = [...batches, ...others].map(({ records }) => records)
  expect(others.map(({ records }) => records)).toEqual([3])
  expect(told.reduce((sum, records) => sum + records, 0)).toBe(3)
  lake.close()
})

test('a commit is told, though what ends by it cannot be found out at once', async () => {
  const lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', resource('receipts', ['id:integer']))
  const key = 'streaming/till/receipts/1.csv'
  lake.put(key, 'id\n1\nx\n')
  await lake.publish(key)
  const { store } = lake.lake
  const put: ObjectStore['put'] = async (one, ...more) => {
    if (one.startsWith(PUBLISHED)) throw new Error('away')
    return store.put(one, ...more)
  }
  const faulty = { ...lake.lake, store: storeWith(store, { put }) }
  const [shard = ''] = (await lake.stream.shards()).map(({ id }) => id)
  const { created } = await lake.stream.describe()
  const records = (await recordsOf(lake.stream, shard)).map(asGiven)
  const told: [number, number][] = []
  const committed = ({ accepted, rejected }: Appended) => told.push([accepted, rejected])
  const batch = { id: { stream: 'till', created, shard }, records }
  await expect(append(faulty, lake.stream, batch, committed)).rejects.toThrow('away')
  expect(told).toEqual([[1, 1]])
  expect((await lake.drain()).ends).toMatchObject([{ object: key, status: 'loaded' }])
  lake.close()
})
