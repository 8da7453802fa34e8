import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { CHECKPOINTS } from '../../core/stream/checkpoint.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { resource } from '../stages.fixture.ts'
import { append } from './append.ts'
import { asGiven, eventsOf, recordsOf, rejectsOf, StreamLake } from './stream.fixture.ts'

/** Where shards come and go, and streams are made anew, every row is there once. */

const zero = 'shardId-000000000000'
let lake: StreamLake<MemoryStream>
afterEach(() => lake.close())

function begin(shards = 1, stream: object = {}): void {
  lake = new StreamLake(new MemoryStream('till', shards))
  lake.streamed('till', resource('receipts', ['id:integer', 'name'], {}, { stream }))
}

const keyOf = (n: number | string) => `streaming/till/receipts/${n}.csv`

/** Puts an object of so many rows, `n-0`, `n-1`, …, and one that is rejected. */
function object(n: number, rows: number): void {
  const lines = Array.from({ length: rows }, (_, i) => `${n * 1000 + i},${n}-${i}`)
  lake.put(keyOf(n), ['id,name', ...lines, `x,${n}`, ''].join('\n'))
}

async function send(...numbers: number[]): Promise<void> {
  for (const n of numbers) {
    object(n, 3)
    expect((await lake.publish(keyOf(n)))?.status).toBe('published')
  }
}

/** Every row of these objects, once; and their rejects, once. */
async function expectOnce(...numbers: number[]): Promise<void> {
  const names = (await eventsOf(lake.folder, 'till.receipts')).map(({ name }) => name)
  const wanted = numbers.flatMap((n) => [0, 1, 2].map((i) => `${n}-${i}`))
  expect(names.toSorted()).toEqual(wanted.toSorted())
  const rejects = (await rejectsOf(lake.folder, 'till.receipts')).map(({ text }) => text)
  expect(rejects.toSorted()).toEqual(numbers.map((n) => `x,${n}`).toSorted())
  for (const n of numbers) {
    const said = { status: 'published', records: 4, rejected: 1 }
    expect(await lake.publication(keyOf(n))).toMatchObject(said)
  }
}

/** All that a stream holds, put into it once more. */
async function again(): Promise<void> {
  const shards = (await lake.stream.shards()).map(({ id }) => recordsOf(lake.stream, id))
  await lake.stream.put((await Promise.all(shards)).flat())
}

describe('chunks that were committed once add nothing', () => {
  test('to the same shard', async () => {
    begin()
    await send(1, 2)
    await lake.drain()
    await again()
    await lake.drain({ size: 1 })
    await expectOnce(1, 2)
  })

  test('to the children of a shard that was split', async () => {
    begin()
    await send(1, 2, 3)
    await lake.drain({ size: 2 })
    lake.stream.split(zero)
    await again()
    await send(4)
    await lake.drain({ size: 1 })
    await expectOnce(1, 2, 3, 4)
  })

  test('to the shard that two were merged to', async () => {
    begin(2)
    await send(1, 2, 3, 4)
    await lake.drain({ size: 1 })
    lake.stream.merge(zero, 'shardId-000000000001')
    await again()
    await lake.drain({ size: 3 })
    await expectOnce(1, 2, 3, 4)
  })

  test('to a child whose parent has never had a record: its grandparent is asked', async () => {
    begin()
    await send(1)
    // Without its end, so that the checkpoint alone knows of it.
    const [chunk] = await recordsOf(lake.stream, zero)
    const { created } = await lake.stream.describe()
    const id = { stream: 'till', created, shard: zero }
    await append(lake.lake, lake.stream, { id, records: [asGiven(chunk!)] }, () => {})
    for (const half of lake.stream.split(zero)) {
      for (const quarter of lake.stream.split(half)) lake.stream.split(quarter)
    }
    await again()
    const last = (await lake.stream.shards()).slice(-8).map(({ id: one }) => one)
    await lake.drain({ shards: last })
    await expectOnce(1)
  })

  test('to a stream that was made anew, with another number of shards', async () => {
    begin(2)
    await send(1, 2, 3)
    const all = (
      await Promise.all([0, 1].map((n) => recordsOf(lake.stream, `shardId-00000000000${n}`)))
    ).flat()
    // Some are committed as chunks only, some as a whole, some not at all.
    const { created } = await lake.stream.describe()
    const id = { stream: 'till', created, shard: zero }
    const records = (await recordsOf(lake.stream, zero)).slice(0, 1).map(asGiven)
    await append(lake.lake, lake.stream, { id, records }, () => {})
    lake.stream.recreate(3)
    await lake.stream.put(all)
    await lake.drain({ size: 1 })
    lake.stream.recreate(1)
    await lake.stream.put(all)
    await lake.drain()
    await expectOnce(1, 2, 3)
  })
})

test('after the stream was made anew, what is whole is not sent again, the rest is', async () => {
  begin(2)
  await send(1, 2)
  await lake.drain()
  await send(3)
  lake.stream.recreate(2)
  const again = [1, 2, 3].map((n) => lake.publish(keyOf(n)))
  const statuses = (await Promise.all(again)).map((outcome) => outcome?.status)
  expect(statuses).toEqual(['unchanged', 'unchanged', 'published'])
  await lake.drain()
  await expectOnce(1, 2, 3)
})

test('a writer of the stream of before is refused once the new one has begun', async () => {
  begin()
  await send(1)
  const { created } = await lake.stream.describe()
  const records = (await recordsOf(lake.stream, zero)).map(asGiven)
  const [first, ...rest] = records
  const old = { stream: 'till', created, shard: zero }
  await append(lake.lake, lake.stream, { id: old, records: [first!] }, () => {})
  lake.stream.recreate(1)
  await lake.publish(keyOf(1))
  await lake.drain()
  const late = append(lake.lake, lake.stream, { id: old, records: rest }, () => {})
  await expect(late).rejects.toThrow()
  await expectOnce(1)
})

test('a shard that has been closed takes no more, and says so', async () => {
  begin()
  await send(1)
  await lake.drain()
  lake.stream.split(zero)
  await send(2)
  await lake.drain()
  expect((await lake.checkpoints())[zero]).toMatchObject({ closed: true })
  const { created } = await lake.stream.describe()
  const id = { stream: 'till', created, shard: zero }
  const records = [
    { sequence: `9${'9'.repeat(60)}`, data: Buffer.from('{"_dataset":"till.receipts","id":1}') },
  ]
  const late = append(lake.lake, lake.stream, { id, records }, () => {})
  await expect(late).rejects.toMatchObject({ name: 'Busy' })
  await expectOnce(1, 2)
})

test('a spread object is whole when its last shard has its chunks, and not before', async () => {
  begin(4, { partitionKey: 'name' })
  const rows = Array.from({ length: 200 }, (_, i) => `${i},${i}`)
  lake.put(keyOf(1), ['id,name', ...rows, 'x,0', ''].join('\n'))
  await lake.publish(keyOf(1))
  const shards = (await lake.stream.shards()).map(({ id }) => id)
  for (const [i, shard] of shards.entries()) {
    expect((await lake.publication(keyOf(1)))?.status).toBe('sent')
    const { ends } = await lake.drain({ shards: [shard], size: 5 })
    expect(ends.length).toBe(i === shards.length - 1 ? 1 : 0)
  }
  const said = { status: 'published', records: 201, rejected: 1 }
  expect(await lake.publication(keyOf(1))).toMatchObject(said)
  expect(await eventsOf(lake.folder, 'till.receipts')).toHaveLength(200)
})

test('objects that are whole leave the checkpoints, which stay small', async () => {
  begin(2, { partitionKey: 'name' })
  for (let n = 0; n < 300; n++) {
    object(n, 3)
    await lake.publish(keyOf(n))
    if (n % 50 === 49) await lake.drain({ size: 60 })
  }
  // The last ones are known by the next batch to be whole.
  await send(999)
  await lake.drain()
  for (const { objects, finished } of Object.values(await lake.checkpoints())) {
    expect(Object.keys(objects).length).toBeLessThan(60)
    expect(finished).toBeGreaterThan(200)
  }
  for await (const { key, size } of lake.lake.store.list(CHECKPOINTS)) {
    if (!key.includes('/published/')) expect(size, key).toBeLessThan(40_000)
  }
  expect(await eventsOf(lake.folder, 'till.receipts')).toHaveLength(301 * 3)
})

test('whatever happens to the stream, every row is there once', async () => {
  const deed = fc.constantFrom(
    'publish',
    'publish',
    'drain',
    'again',
    'split',
    'merge',
    'recreate',
    'tick',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 14 }), fc.boolean(), async (deeds, spread) => {
      begin(2, spread ? { partitionKey: 'id' } : {})
      try {
        const numbers: number[] = []
        for (const one of deeds) await act(one, numbers)
        for (const n of numbers) await lake.publish(keyOf(n))
        await lake.drain({ size: 3 })
        await expectOnce(...numbers)
        expect(await rejectsOf(lake.folder, '_unknown')).toEqual([])
      } finally {
        lake.close()
      }
    }),
    { numRuns: Number(process.env.SLUICE_ROUNDS ?? 15) },
  )
})

async function act(deed: string, numbers: number[]): Promise<void> {
  const { stream } = lake
  const open = (await stream.shards()).filter(({ closed }) => !closed).map(({ id }) => id)
  if (deed === 'publish') await send(numbers.push(numbers.length + 1))
  if (deed === 'drain') await lake.drain({ size: 2 })
  if (deed === 'again') await again()
  if (deed === 'split') stream.split(open[0]!)
  if (deed === 'recreate') stream.recreate(1 + (numbers.length % 2))
  if (deed === 'tick') await tick(lake.lake, { all: true })
  // Whichever two of them are neighbours.
  if (deed === 'merge' && open.length === 2) stream.merge(open[0]!, open[1]!)
}
