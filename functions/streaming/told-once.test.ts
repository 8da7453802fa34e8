import { expect, test } from 'vitest'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource, storeWith } from '../stages.fixture.ts'
import { drain, StreamLake } from './stream.fixture.ts'

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
