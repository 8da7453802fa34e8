import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, partialsOf, StreamLake } from './stream.fixture.ts'

/** What counts as late, over splits, over makings of a stream, and with a clock that is ahead. */

let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  const windows = [{ name: 'w', every: '5 minutes', measures: { n: 'count()' } }]
  const stream = { eventTime: 'at', watermark: '1 minute' }
  lake.streamed('till', resource('t', ['id:integer', 'at:datetime'], {}, { stream, windows }))
})
afterEach(() => lake.close())

let id = 0
const give = (...times: string[]) =>
  lake.give(...times.map((time) => ({ _dataset: 'till.t', id: ++id, at: `2026-03-14T${time}:00` })))
const partials = async () =>
  (await partialsOf(lake.folder, 'till.t', 'w')).map((one) => [Number(one.n), one.late === 'true'])

test('what comes for a closed window is late in the children of a shard, too', async () => {
  await give('10:00', '10:02', '10:30')
  await lake.drain()
  lake.stream.split('shardId-000000000000')
  await give('10:01', '10:40')
  await lake.drain()
  expect(await partials()).toEqual(
    expect.arrayContaining([
      [2, false],
      [1, true],
    ]),
  )
})

test('and in a stream that was made anew', async () => {
  await give('10:00', '10:02')
  await lake.drain()
  await tick(lake.lake, { all: true })
  lake.stream.recreate(1)
  await give('10:03')
  await lake.drain()
  expect(await partials()).toEqual(
    expect.arrayContaining([
      [2, false],
      [1, true],
    ]),
  )
})

test('one clock that is far ahead makes nobody late', async () => {
  const now = new Date(Date.now() - 60_000).toISOString().slice(11, 16)
  await lake.give({ _dataset: 'till.t', id: 1, at: '2162-01-01T00:00:00' })
  await lake.drain()
  const today = new Date().toISOString().slice(0, 10)
  await lake.give({ _dataset: 'till.t', id: 2, at: `${today}T${now}:00` })
  await lake.drain()
  expect((await eventsOf(lake.folder, 'till.t')).length).toBe(2)
  const [state] = Object.values(await lake.checkpoints())
  expect(Number(state!.datasets['till.t']!.newest)).toBeLessThan(
    (Date.now() + 2 * 86_400_000) * 1000,
  )
})
