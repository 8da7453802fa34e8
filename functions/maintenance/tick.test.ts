import { afterEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import type { Lake } from '../../core/lake.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { CHECKPOINTS, type Checkpoint } from '../../core/stream/checkpoint.ts'
import { PUBLISHED } from '../../core/stream/publication.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { drain, eventsOf, partialsOf, StreamLake } from '../streaming/stream.fixture.ts'
import { tick } from './tick.ts'

let lake: StreamLake<MemoryStream>
afterEach(() => lake.close())

const sold = { windows: [{ name: 'sold', every: '1 minute', measures: { n: 'count()' } }] }
const sales = (stream: object = {}, windows: object = sold) => {
  const settings = { stream: { eventTime: 'at', watermark: '0 minutes', ...stream }, ...windows }
  return resource('sales', ['id:integer', 'at:datetime', 'shop'], {}, settings)
}

function begin(shards: number, stream: object = {}): void {
  lake = new StreamLake(new MemoryStream('till', shards))
  lake.streamed('till', sales(stream))
}

/** Objects of a row each, whose event time is so many minutes from now. */
async function publish(objects: number, minutes = -10): Promise<void> {
  const at = new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 19)
  for (let n = 0; n < objects; n++) {
    const key = `streaming/till/sales/${n}.csv`
    lake.put(key, `id,at,shop\n${[0, 1, 2, 3].map((id) => `${id},${at},S${id}\n`).join('')}`)
    await lake.publish(key)
  }
}

/** The lake, with a list of what its store is asked for; a write of some keys may fail. */
function watched({ lake: { store, ...rest } }: StreamLake<MemoryStream>, failing = 'no such key') {
  const asked: string[] = []
  const put: ObjectStore['put'] = async (key, ...more) => {
    asked.push(`put ${key}`)
    if (key.startsWith(failing)) throw new Error('the store is away')
    return store.put(key, ...more)
  }
  const watching: ObjectStore = {
    ...{ url: store.url, scratch: store.scratch, put, open: (version) => store.open(version) },
    head: (key) => {
      asked.push(`head ${key}`)
      return store.head(key)
    },
    get: (key) => {
      asked.push(`get ${key}`)
      return store.get(key)
    },
    delete: (key) => store.delete(key),
    list: (...which) => {
      asked.push(`list ${which.join(' ')}`)
      return store.list(...which)
    },
    locate: (key) => store.locate(key),
  }
  return { ...rest, store: watching, asked } satisfies Lake & { asked: string[] }
}

const minutes = (count: number) => ({ now: new Date(Date.now() + count * 60_000) })

async function states() {
  return Object.values(await lake.checkpoints())
}

test('an idle lake is asked for two lists, whatever it has', async () => {
  begin(8)
  await publish(20)
  await lake.drain()
  const seen = watched(lake)
  await tick(seen, minutes(30))
  expect((await states()).map(({ objects }) => objects)).toEqual(Array(8).fill({}))
  await tick(seen, minutes(31))
  seen.asked.length = 0
  for (const later of [32, 33]) await tick(seen, minutes(later))
  await tick(seen, { all: true })
  const lists = ['streaming_checkpoint/', 'streaming_checkpoint/ streaming_checkpoint/published/~']
  expect(seen.asked).toEqual([...lists, ...lists, ...lists].map((one) => `list ${one}`))
})

test('a shard that rests is looked at again when something has come', async () => {
  begin(1)
  const seen = watched(lake)
  for (const round of [0, 1, 2]) {
    await lake.give({ _dataset: 'till.sales', id: round, at: `2026-01-0${round + 1}T00:00:00` })
    await lake.drain()
    for (const later of [30, 31, 32]) await tick(seen, minutes(later))
    expect(await partialsOf(lake.folder, 'till.sales', 'sold')).toHaveLength(round + 1)
  }
})

test('what is forgotten stays published: chunks that come again add nothing', async () => {
  begin(2)
  await publish(5)
  await lake.drain()
  expect((await states()).reduce((sum, { finished }) => sum + finished, 0)).toBe(0)
  await tick(lake.lake, minutes(30))
  expect((await states()).reduce((sum, { finished }) => sum + finished, 0)).toBe(5)
  for (const { id } of await lake.stream.shards()) await lake.stream.put(lake.stream.all(id))
  await lake.drain()
  expect(await eventsOf(lake.folder, 'till.sales')).toHaveLength(20)
  expect(await lake.wrongCounts()).toEqual([])
})

test('objects are left to the batches that come, while they come', async () => {
  begin(1)
  lake.streamed('till', sales({}, {}))
  await publish(3)
  await lake.drain()
  const seen = watched(lake)
  await tick(seen)
  expect(seen.asked.filter((one) => !one.startsWith('list'))).toEqual([
    expect.stringMatching(/^get streaming_checkpoint\/till-.+\.json$/),
  ])
  expect(Object.keys((await states())[0]?.objects ?? {})).toHaveLength(3)
  await tick(seen, minutes(30))
  expect(await states()).toMatchObject([{ objects: {}, finished: 3 }])
})

test('what a writer left that died is buried, though nothing else is left to be done', async () => {
  begin(1)
  lake.streamed('till', sales({}, {}))
  await publish(1)
  await lake.drain()
  await tick(lake.lake, minutes(30))
  const [key = ''] = await keysOf(CHECKPOINTS)
  const { record } = (await readRecord<Checkpoint>(lake.lake.store, key))!
  const [dead = ''] = record.files.map((file) => file.replace(/-\d+-0\.parquet$/, '-9-0.parquet'))
  const writing = { files: [dead], until: 1 }
  await lake.lake.store.put(key, Buffer.from(JSON.stringify({ ...record, epoch: 9, writing })))
  for (const later of [31, 32]) await tick(lake.lake, minutes(later))
  expect(await keysOf(dead)).toEqual([dead])
  const mended = await readRecord(lake.lake.store, key)
  expect(mended?.record).toMatchObject({ writing: null, garbage: [] })
  expect(await eventsOf(lake.folder, 'till.sales')).toHaveLength(4)
})

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of lake.lake.store.list(prefix)) keys.push(key)
  return keys.filter((key) => !key.startsWith(PUBLISHED))
}

test('windows are closed on time, though objects were forgotten meanwhile', async () => {
  begin(1)
  await publish(1, 30)
  await lake.drain()
  const before = (await states())[0]
  await tick(lake.lake, minutes(2))
  expect(await states()).toMatchObject([{ objects: {}, updated: before?.updated }])
  expect(await partialsOf(lake.folder, 'till.sales', 'sold')).toEqual([])
  const at = (later: number) => ({ now: new Date(Date.parse(before!.updated) + later) })
  await tick(lake.lake, { ...at(32 * 60_000), idle: 32 * 60_000 })
  expect(await partialsOf(lake.folder, 'till.sales', 'sold')).toMatchObject([{ n: '4' }])
})

test.each([
  ['in one shard', {}],
  ['over several shards', { partitionKey: 'shop' }],
])('an object whose end was not said, %s, is said by a tick, and forgotten', async (_, stream) => {
  begin(4, stream)
  await publish(6)
  const dead = watched(lake, PUBLISHED)
  for (const { id } of await lake.stream.shards()) {
    await drain(dead, lake.stream, { shards: [id] }).catch((error) => {
      expect(error).toMatchObject({ message: 'the store is away' })
    })
  }
  expect(await lake.publication('streaming/till/sales/0.csv')).toMatchObject({ status: 'sent' })
  const { ends } = await tick(lake.lake, minutes(30))
  expect(ends.map(({ object, status }) => [object, status]).sort()).toEqual(
    Array.from({ length: 6 }, (_, n) => [`streaming/till/sales/${n}.csv`, 'loaded']),
  )
  expect((await states()).flatMap(({ objects }) => Object.keys(objects))).toEqual([])
  expect((await tick(lake.lake, minutes(31))).ends).toEqual([])
})
