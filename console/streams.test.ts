import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StreamClient } from '../core/stream/kinesis.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { resource } from '../functions/stages.fixture.ts'
import { StreamLake } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { Api } from './api.fixture.ts'
import type { Failure, StreamsAnswer, WindowAnswer } from './shapes.ts'

const windows = [
  {
    name: 'sums',
    every: '5 minutes',
    groupBy: ['shop', 'kind'],
    measures: { n: 'count()', mean: 'avg(total)' },
  },
  { name: 'days', every: '1 day', measures: { open: 'max(at)' } },
]
const fields = ['id:integer', 'at:datetime', 'shop', 'kind', 'total:number']

let files: StreamLake<MemoryStream>
beforeEach(() => {
  files = new StreamLake(new MemoryStream('till', 2))
})
afterEach(() => files.close())

function describe(own: object[] = windows.slice(1)): void {
  const sluice = { stream: { eventTime: 'at', watermark: '2 minutes' }, windows: own }
  files.streamed('till', resource('receipts', fields, {}, sluice))
}

/** Rows of an object: `id,at,shop,kind,total`, the time without its day. */
async function flow(name: string, ...rows: string[]): Promise<void> {
  const key = `streaming/till/receipts/${name}.csv`
  const lines = rows.map((row) => row.replace(',', ',2026-03-14T'))
  files.put(key, `id,at,shop,kind,total\n${lines.join('\n')}\n`)
  await files.publish(key)
  await files.drain()
}

const asking = (stream: StreamClient) => new Api(files.lake, { stream: () => stream })
const streams = (api = new Api(files.lake)) => api.get<StreamsAnswer>('/streams')
const windowOf = (name: string) =>
  new Api(files.lake).get<WindowAnswer>('/window', { dataset: 'till.receipts', name })

test('nothing flows', async () => {
  expect(await streams()).toEqual({ shards: [], datasets: [], unasked: null })
  describe()
  expect(await streams()).toEqual({
    shards: [],
    datasets: [
      {
        ...{ dataset: 'till.receipts', records: 0, accepted: 0, rejected: 0, late: 0 },
        ...{ watermark: null, windows: ['days'] },
      },
    ],
    unasked: null,
  })
})

test('shards by their checkpoints, datasets over all of them', async () => {
  describe()
  await flow('1', '1,09:00:00,a,,1', 'x,,,,')
  await flow('2', '2,10:00:00,a,,1', '3,11:00:00,b,,2')
  files.stream.split('shardId-000000000000')
  await flow('3', '4,12:00:00,a,,1')
  const { shards, datasets, unasked } = await streams()
  expect(shards.every(({ lag, rate }) => lag === null && rate === null)).toBe(true)
  expect(shards.reduce((sum, { records }) => sum + records, 0)).toBe(5)
  expect(datasets).toEqual([
    {
      ...{ dataset: 'till.receipts', records: 5, accepted: 4, rejected: 1, late: 0 },
      ...{ watermark: expect.stringMatching(/^2026-03-1\dT.*Z$/), windows: ['days'] },
    },
  ])
  expect(unasked).toBeNull()
})

test('the watermark of a dataset is the lowest of its shards', async () => {
  describe()
  for (const [shard, at] of ['2026-03-14T10:00:00', '2026-03-14T09:00:00'].entries()) {
    await into(shard, { _dataset: 'till.receipts', id: 1, at })
  }
  await files.drain()
  const { shards, datasets } = await streams()
  const marks = ['2026-03-14T09:58:00.000Z', '2026-03-14T08:58:00.000Z']
  expect(shards.map(({ watermark }) => watermark)).toEqual(marks)
  expect(datasets[0]!.watermark).toBe(marks[1])
})

/** Into the shard of this number. */
async function into(number: number, record: object): Promise<void> {
  const data = Buffer.from(JSON.stringify(record))
  for (let key = 0; ; key++) {
    const probe = new MemoryStream('probe', 2)
    const put = [{ data, partitionKey: String(key) }]
    await probe.put(put)
    if (probe.all(`shardId-00000000000${number}`).length > 0) return files.stream.put(put)
  }
}

test('how far behind, where the stream can be asked', async () => {
  describe()
  await flow('1', '1,09:00:00,a,,1')
  const now = await streams(asking(files.stream))
  expect(now.shards.map(({ lag }) => lag)).toEqual([0])
  const { shard } = now.shards[0]!
  // Records arrive in the past, so that no clock decides.
  const late = proxied(files.stream, {
    get: async (iterator, limit) => {
      const page = await files.stream.get(iterator, limit)
      const arrived = new Date(Date.now() - 90_000)
      return { ...page, records: page.records.map((one) => ({ ...one, arrived })) }
    },
  })
  for (const number of [0, 1]) await into(number, { _dataset: 'till.receipts', id: 2 })
  const behind = await streams(asking(late))
  expect(behind.shards.find((one) => one.shard === shard)!.lag).toBeGreaterThanOrEqual(90_000)
  // A stream that was made anew has none of what the checkpoint is of.
  files.stream.recreate(2)
  expect((await streams(asking(files.stream))).shards.map(({ lag }) => lag)).toEqual([null])
})

test('a stream that cannot be asked spoils nothing', async () => {
  describe()
  await flow('1', '1,09:00:00,a,,1')
  const fails = () => Promise.reject(new Error('no credentials'))
  const { shards, unasked } = await streams(asking(proxied(files.stream, { describe: fails })))
  expect([shards.length, shards[0]!.lag, unasked]).toEqual([1, null, 'no credentials'])
  const hangs = proxied(files.stream, { describe: () => new Promise(() => {}) })
  expect((await streams(asking(hangs))).unasked).toBe('the stream has not answered yet')
})

function proxied(stream: MemoryStream, own: Partial<StreamClient>): StreamClient {
  return new Proxy<StreamClient>(stream, {
    get: (_, name: keyof StreamClient) => {
      const found = own[name] ?? stream[name]
      return typeof found === 'function' && !own[name] ? found.bind(stream) : found
    },
  })
}

test('windows as the merging view has them, late and open ones told', async () => {
  files.close()
  files = new StreamLake(new MemoryStream('till', 1))
  describe(windows)
  await flow('1', '1,09:00:00,a,,1', '2,09:01:00,a,,2', '3,09:06:00,a,,8')
  await flow('2', '4,09:30:00,b,,1.5')
  await flow('3', '5,09:02:00,a,,3')
  const found = await windowOf('sums')
  expect(found.groups).toEqual(['shop', 'kind'])
  expect(found.measures).toEqual(['n', 'mean'])
  const at = (start: string, end: string) => ({
    start: `2026-03-14T${start}:00.000Z`,
    end: `2026-03-14T${end}:00.000Z`,
  })
  expect(found.rows).toEqual([
    { ...at('09:00', '09:05'), late: true, open: false, values: ['a', null, '3', '2.0'] },
    { ...at('09:05', '09:10'), late: false, open: false, values: ['a', null, '1', '8.0'] },
    { ...at('09:30', '09:35'), late: false, open: true, values: ['b', null, '1', '1.5'] },
  ])
  await tick(files.lake, { all: true })
  expect((await windowOf('sums')).rows.every(({ open }) => !open)).toBe(true)
  // A measure that has the name of the flag.
  expect(await windowOf('days')).toMatchObject({
    ...{ groups: [], measures: ['open'] },
    rows: [{ start: '2026-03-14T00:00:00.000Z', open: false, values: ['2026-03-14 09:30:00'] }],
  })
})

test('the newest 500, and no window in part', async () => {
  describe([{ name: 'm', every: '1 second', groupBy: ['shop'], measures: { n: 'count()' } }])
  const two = (n: number) => String(n).padStart(2, '0')
  const at = (n: number) => `${two(Math.floor(n / 60))}:${two(n % 60)}`
  const rows = Array.from({ length: 903 }, (_, i) => `${i},10:${at(Math.floor(i / 3))},${i % 3},,1`)
  await flow('1', ...rows)
  const { rows: found } = await windowOf('m')
  expect(found.length).toBe(498)
  expect(found[0]).toMatchObject({ start: '2026-03-14T10:02:15.000Z', values: ['0', '1'] })
  expect(found.at(-1)).toMatchObject({ start: '2026-03-14T10:05:00.000Z', values: ['2', '1'] })
})

test.each([
  ['/window?dataset=till.receipts&name=nope', 404, 'there is: days'],
  ['/window?dataset=till.nope&name=days', 404, 'there is: none'],
  ['/window?dataset=till.receipts', 400, 'name'],
])('%s is %d', async (path, status, why) => {
  describe()
  const told = await new Api(files.lake).ask(path)
  expect([told.status, (told.body as Failure).error]).toEqual([
    status,
    expect.stringContaining(why),
  ])
})
