import { afterEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, partialsOf, StreamLake } from './stream.fixture.ts'

let lake: StreamLake<MemoryStream>
afterEach(() => lake.close())

test('windows go by the instant of an event, whatever its offset', async () => {
  lake = new StreamLake(new MemoryStream('till', 1))
  const fields = [
    { name: 'id', type: 'integer' },
    { name: 'at', type: 'datetime', format: '%Y-%m-%d %H:%M:%S%z' },
  ]
  const measures = { rows: 'count()', first: 'min(at)', last: 'max(at)' }
  const windows = [{ name: 'w', every: '1 hour', groupBy: ['at'], measures }]
  const all = [{ name: 'all', every: '1 hour', measures }]
  const stream = { eventTime: 'at', watermark: '2 minutes' }
  const described = resource('t', [], { fields }, { stream, windows: [...windows, ...all] })
  lake.streamed('till', described)
  let id = 0
  const give = (...times: string[]) =>
    lake.give(...times.map((at) => ({ _dataset: 'till.t', id: id++, at })))
  await give('2020-01-05 10:30:00+02:00', '2020-01-05 08:45:00Z')
  await lake.drain()
  await give('2020-01-05 03:59:59-0500', '2020-01-05 10:59:59')
  await lake.drain()
  await tick(lake.lake, { all: true })
  expect(await eventsOf(lake.folder, 'till.t')).toMatchObject([
    { at: '2020-01-05 08:30:00+00' },
    { at: '2020-01-05 08:45:00+00' },
    { at: '2020-01-05 08:59:59+00' },
  ])
  expect(await partialsOf(lake.folder, 'till.t', 'all')).toMatchObject([
    {
      ...{ window_start: '2020-01-05 08:00:00', rows: '3' },
      ...{ first: '2020-01-05 08:30:00+00', last: '2020-01-05 08:59:59+00' },
    },
  ])
  expect((await partialsOf(lake.folder, 'till.t', 'w')).length).toBe(3)
})
