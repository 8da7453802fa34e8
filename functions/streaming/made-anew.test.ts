import { afterEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { append } from './append.ts'
import { asGiven, eventsOf, recordsOf, StreamLake } from './stream.fixture.ts'

const parent = 'shardId-000000000000'
let lake: StreamLake<MemoryStream>
afterEach(() => lake.close())

async function send(n: number): Promise<void> {
  const key = `streaming/till/receipts/${n}.csv`
  lake.put(key, `id\n${n}\n`)
  expect(await lake.publish(key)).toMatchObject({ status: 'published' })
}

test('records in hand as a stream is made anew close no shard that is to be read', async () => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', resource('receipts', ['id:integer']))
  const [child] = lake.stream.split(parent)
  await send(1)
  const records = (await recordsOf(lake.stream, child)).map(asGiven)
  lake.stream.recreate(1)
  await send(2)
  expect(lake.stream.split(parent)).toContain(child)
  await send(3)
  const { created } = await lake.stream.describe()
  const id = { stream: 'till', created, shard: child }
  const arrived = new Date(Date.parse(created) - 1)
  const told = append(lake.lake, lake.stream, { id, records, arrived }, () => {})
  await expect(told).rejects.toThrow(/made anew.*came before/)
  await lake.drain()
  expect(await eventsOf(lake.folder, 'till.receipts')).toMatchObject([{ id: '2' }, { id: '3' }])
})
