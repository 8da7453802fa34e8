import { expect, test } from 'vitest'
import { conformance } from '../core/stream/kinesis.conformance.ts'
import { MemoryStream } from './stream.fixture.ts'

conformance('memory', async () => {
  const stream = new MemoryStream('orders')
  return {
    stream,
    split: async (shard) => void stream.split(shard),
    merge: async (one, two) => void stream.merge(one, two),
  }
})

test('a stream made anew is empty, younger, and takes no iterator of the one before', async () => {
  const stream = new MemoryStream('orders', 1)
  await stream.put([{ partitionKey: 'a', data: Buffer.from('a') }])
  const { created } = await stream.describe()
  const iterator = await stream.iterator('shardId-000000000000', 'TRIM_HORIZON')
  stream.recreate(3)
  expect((await stream.describe()).created > created).toBe(true)
  expect((await stream.shards()).length).toBe(3)
  await expect(stream.get(iterator, 1)).rejects.toThrow()
})
