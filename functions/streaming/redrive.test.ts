import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seeded } from '../../core/scheduler.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { Mapping } from './given-up.fixture.ts'
import { eventsOf, StreamLake } from './stream.fixture.ts'

/** What Lambda gave up comes in once, whatever was committed of it, however often it is put. */

const receipts = resource('receipts', ['id:integer', 'name'])
const zero = 'shardId-000000000000'
const one = 'shardId-000000000001'
let lake: StreamLake<MemoryStream>
let mapping: Mapping
let opened: StreamLake<MemoryStream>[] = []

function begin(shards = 1): void {
  lake = new StreamLake(new MemoryStream('till', shards))
  lake.streamed('till', receipts)
  opened.push(lake)
  mapping = new Mapping(lake)
}
beforeEach(() => begin())
afterEach(() => {
  for (const each of opened) each.close()
  opened = []
})

const row = (id: number | string) => JSON.stringify({ _dataset: 'till.receipts', id })
const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => row(from + i))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => String(i))
const ids = async () => (await eventsOf(lake.folder, 'till.receipts')).map(({ id }) => id)

async function expectOnce(count: number): Promise<void> {
  expect((await ids()).toSorted()).toEqual(upTo(count).toSorted())
  expect(await lake.wrongCounts()).toEqual([])
}

describe('of a batch of six', () => {
  test.each(upTo(7).map(Number))('%i were committed before it was given up', async (committed) => {
    await lake.give(...rows(10))
    await mapping.deliver(zero, 2)
    await mapping.giveUp(zero, 6, committed)
    await mapping.finish()
    expect(await ids()).toHaveLength(4 + committed)
    expect((await mapping.redrive())[0]).toMatchObject({ status: 'redriven', records: 6 })
    await mapping.finish(4)
    await expectOnce(10)
  })

  test('none were, and nothing came after it', async () => {
    await lake.give(...rows(6))
    await mapping.giveUp(zero, 6, 0)
    await mapping.redrive()
    await mapping.finish()
    await expectOnce(6)
  })
})

describe('redriven', () => {
  beforeEach(async () => {
    await lake.give(...rows(9))
    await mapping.deliver(zero, 1)
  })

  test('twice, at once and later', async () => {
    const key = await mapping.giveUp(zero, 6, 2)
    const old = (await mapping.failed.get(key))!.body
    for (let time = 0; time < 2; time++) {
      for (let copy = 0; copy < 2; copy++) {
        await mapping.redrive()
        expect(await mapping.failed.head(key)).toBeUndefined()
        await mapping.failed.put(key, old)
      }
      await mapping.finish(5)
      await expectOnce(9)
    }
  })

  test('and killed before the object was removed', async () => {
    await mapping.giveUp(zero, 6, 2)
    const dies = () => Promise.reject(new Error('killed'))
    const failing = Object.create(mapping.failed, { delete: { value: dies } })
    for (const method of ['list', 'get'] as const) {
      failing[method] = mapping.failed[method].bind(mapping.failed)
    }
    expect(await mapping.redrive(failing)).toMatchObject([{ status: 'failed', reason: 'killed' }])
    await mapping.redrive()
    await mapping.finish()
    await expectOnce(9)
  })

  test('while the shard has not gone beyond it, and gets it once more', async () => {
    const key = await mapping.giveUp(zero, 6, 2)
    await mapping.redrive()
    // As if the mapping had been made anew.
    const again = new Mapping(lake)
    await again.finish(3)
    await expectOnce(9)
    expect(await mapping.failed.head(key)).toBeUndefined()
  })

  test('and given up once more', async () => {
    await mapping.giveUp(zero, 6, 2)
    await mapping.redrive()
    await mapping.deliver(zero, 2)
    await mapping.giveUp(zero, 6, 4)
    await mapping.redrive()
    await mapping.finish()
    await expectOnce(9)
  })

  test.each([0, 1])('into shards that splits have made, first after %i of them', async (splits) => {
    const key = await mapping.giveUp(zero, 6, 2)
    const old = (await mapping.failed.get(key))!.body
    for (let split = 0; split < 3; split++) {
      await mapping.failed.put(key, old)
      if (split >= splits) await mapping.redrive()
      await mapping.finish()
      const open = (await lake.stream.shards()).filter(({ closed }) => !closed)
      for (const { id } of open) lake.stream.split(id)
    }
    await expectOnce(9)
  })

  test('on a dry run changes nothing', async () => {
    const key = await mapping.giveUp(zero, 6, 2)
    const planned = await mapping.redrive(mapping.failed, true)
    expect(planned).toMatchObject([{ status: 'planned', object: key, records: 6 }])
    expect(await mapping.failed.head(key)).toBeDefined()
    expect(mapping.left(zero)).toBe(2)
  })
})

test('into a stream that was made anew, of shards that had begun and had not', async () => {
  begin(2)
  const all = rows(12).map((data, i) => ({ data: Buffer.from(data), partitionKey: `${i}` }))
  await lake.stream.put(all)
  await mapping.giveUp(zero, mapping.left(zero), 2)
  await mapping.giveUp(one, mapping.left(one), 0)
  lake.stream.recreate(1)
  const created = new Date(Date.now() + 3_600_000).toISOString()
  lake.stream.describe = async () => ({ name: 'till', arn: '', status: 'ACTIVE', created })
  expect(await mapping.redrive()).toMatchObject([{ shard: zero }, { shard: one }])
  await new Mapping(lake).finish()
  expect((await ids()).toSorted()).toEqual(upTo(12).toSorted())
})

test('a batch that comes again goes on with the run that it began', async () => {
  await lake.give(...rows(6))
  await mapping.die(zero, 2)
  await mapping.deliver(zero, 6)
  const { committed } = (await lake.checkpoints())[zero]!
  expect(Object.values(committed).flat()).toHaveLength(1)
})

test('what came in many batches is remembered, and the checkpoint stays small', async () => {
  await lake.give(...rows(90))
  for (let batch = 0; batch < 30; batch++) {
    if (batch % 10 === 4) await mapping.giveUp(zero, 3, batch % 3)
    else for (let each = 0; each < 3; each++) await mapping.deliver(zero, 1)
  }
  const { committed } = (await lake.checkpoints())[zero]!
  expect(Object.values(committed).flat().length).toBeLessThan(34)
  await mapping.redrive()
  await mapping.finish()
  await expectOnce(90)
})

test.each([1, 2, 3, 4, 5, 6])('after any schedule all is there once (seed %i)', async (seed) => {
  const random = seeded(seed)
  begin(2)
  let count = 0
  for (let step = 0; step < 40; step++) {
    for (const data of rows(random(5), count)) {
      await lake.stream.put([{ data: Buffer.from(data), partitionKey: `${count++}` }])
    }
    const shards = await lake.stream.shards()
    const open = shards.filter(({ closed }) => !closed)
    if (step % 15 === 14) lake.stream.split(open[random(open.length)]!.id)
    // Lambda reads a parent to its end first.
    const ready = shards.filter(({ id, parents }) => {
      return mapping.left(id) > 0 && parents.every((parent) => mapping.left(parent) === 0)
    })
    const shard = ready[random(Math.max(1, ready.length))]?.id
    if (shard === undefined) continue
    const size = 1 + random(mapping.left(shard))
    const act = random(20)
    if (act < 8) await mapping.deliver(shard, size)
    else if (act < 12) await mapping.die(shard, size)
    else if (act < 17) await mapping.giveUp(shard, size, random(size + 1))
    else await mapping.redrive()
  }
  await mapping.redrive()
  await mapping.finish(7)
  await expectOnce(count)
})
