import { expect, test } from 'vitest'
import { Poller } from '../../local/poller.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { streaming } from './handler.ts'
import { eventsOf, recordsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

const BATCHES = 100
const SIZE = 500

/** By turns: no JSON, not UTF-8, a wrong type, a member too many, a chunk that was cut. */
const poison = [
  Buffer.from('{"id": 1,'),
  Buffer.from([0x7b, 0xff, 0x7d]),
  Buffer.from('{"_dataset":"till.receipts","id":"1.5"}'),
  Buffer.from('{"_dataset":"till.receipts","id":1,"nom":"x"}'),
  Buffer.from('SLUICE/1 {"kind":"chunk","object":"streaming/till/1.cs'),
]

test('100 batches of 500 with a poison record each: 49,900 land once, no shard waits', async () => {
  const lake = new StreamLake(new MemoryStream('till', 2))
  lake.streamed('till', resource('receipts', ['id:integer', 'name']))
  for (let batch = 0; batch < BATCHES; batch++) {
    const rows = Array.from({ length: SIZE - 1 }, (_, i) => {
      const id = batch * SIZE + i
      return Buffer.from(`{"_dataset":"till.receipts","id":${id},"name":"n${id % 7}"}`)
    })
    rows.splice((batch * 37) % SIZE, 0, poison[batch % poison.length]!)
    // Batches go to the shards by turns, each whole.
    const partitionKey = `batch-${batch}`
    await lake.stream.put(rows.map((data) => ({ data, partitionKey })))
  }
  const faults: unknown[] = []
  const handler = streaming(lake.lake, lake.stream, {
    object: () => {},
    batch: (_, fault) => void (fault && faults.push(fault)),
  })
  const retry = { first: 50, longest: 500 }
  const poller = new Poller(lake.stream, handler, {
    ...{ batchSize: SIZE, windowMs: 0, bisect: true, retry },
  })
  poller.start()
  await poller.drained()
  await poller.stop()

  expect(faults).toEqual([])
  const ids = (await eventsOf(lake.folder, 'till.receipts')).map(({ id }) => id)
  expect([ids.length, new Set(ids).size]).toEqual([49_900, 49_900])
  const kept = [
    ...(await rejectsOf(lake.folder, 'till.receipts')),
    ...(await rejectsOf(lake.folder, '_unknown')),
  ]
  expect(kept.length).toBe(BATCHES)
  const raws = kept.map(({ raw }) => Buffer.from(raw as unknown as Buffer).toString('latin1'))
  expect(new Set(raws)).toEqual(new Set(poison.map((one) => one.toString('latin1'))))
  expect(new Set(kept.map(({ sequence }) => sequence)).size).toBe(BATCHES)
  for (const [shard, { position }] of Object.entries(await lake.checkpoints())) {
    expect(position).toBe((await recordsOf(lake.stream, shard)).at(-1)?.sequenceNumber)
  }
  expect(await lake.wrongCounts()).toEqual([])
  lake.close()
})
