import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import type { Deadline } from '../../core/deadline.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { partialsOf } from '../streaming/stream.fixture.ts'
import { compact } from './compact.ts'
import { maintenance } from './handler.ts'
import { dataset, SmallFiles } from './small-files.fixture.ts'
import { tick } from './tick.ts'
import { vacuum } from './vacuum.ts'

/** What there is no time for is left for the next schedule, and told. */

let stream: MemoryStream
let files: SmallFiles

beforeEach(async () => {
  stream = new MemoryStream('s', 4)
  files = new SmallFiles(stream)
  for (let n = 0; n < 4; n++) await files.publish(6, { rows: 4, minutes: 240 })
  await files.drain()
})
afterEach(() => files.close())

/** Over when it was asked so often. */
function after(asked: number): Deadline {
  let left = asked
  return { isOver: () => left-- <= 0 }
}

const tomorrow = new Date(Date.now() + 25 * 3_600_000)

test('compact stops between partitions; the next run does the rest', async () => {
  const rows = await files.plain()
  const whole = files.copy()
  const all = await compact(whole.lake, { all: true })
  whole.close()
  expect(all.length).toBeGreaterThan(2)
  // Asked for the dataset, and for each partition.
  const some = await compact(files.lake, { all: true, deadline: after(3) })
  expect(some.filter(({ after: made }) => made > 0)).toEqual(all.slice(0, 2))
  const left = some.filter(({ skipped }) => skipped !== undefined)
  expect(left.map(({ folder }) => folder)).toEqual(all.slice(2).map(({ folder }) => folder))
  expect(left[0]?.skipped).toBe('there was no time for it: the next run goes on with it')
  expect(await files.plain()).toEqual(rows)
  expect(await compact(files.lake, { all: true, deadline: after(0) })).toMatchObject([
    { dataset, before: 0, after: 0, skipped: left[0]?.skipped },
  ])
  expect(await compact(files.lake, { all: true })).toEqual(all.slice(2))
  expect(await files.plain()).toEqual(rows)
  expect(await compact(files.lake, { all: true })).toEqual([])
})

test('tick stops between shards; the next one closes the windows of the rest', async () => {
  const whole = files.copy()
  await tick(whole.lake, { all: true })
  const rows = (await partialsOf(whole.folder, dataset, 'sold')).length
  whole.close()
  const partials = async () => (await partialsOf(files.folder, dataset, 'sold')).length
  const before = await partials()
  // Asked before it looks at them, and for each shard.
  expect(await tick(files.lake, { all: true, deadline: after(2) })).toMatchObject({ left: 3 })
  const between = await partials()
  expect(between).toBeGreaterThan(before)
  expect(between).toBeLessThan(rows)
  expect(await tick(files.lake, { all: true })).toMatchObject({ left: 0 })
  expect(await partials()).toBe(rows)
})

test('vacuum stops between files; nothing is deleted that the rest may still need', async () => {
  await compact(files.lake, { all: true })
  const { fences } = await vacuum(files.lake, { now: tomorrow, dryRun: true })
  expect(fences.length).toBeGreaterThan(5)
  const some = await vacuum(files.lake, { now: tomorrow, deadline: after(5) })
  expect(some).toMatchObject({ checkpoints: [], left: 2 })
  expect(some.fences.length).toBeLessThan(fences.length)
  const rest = await vacuum(files.lake, { now: tomorrow })
  expect(rest.left).toBeUndefined()
  expect([...some.fences, ...rest.fences].sort()).toEqual(fences.sort())
})

test('a checkpoint stays as long as it is not known that no file of it stands', async () => {
  const former = await files.keys('streaming_checkpoint/s-')
  stream.recreate(1)
  await files.publish(1)
  await files.drain()
  for (const key of former) {
    const { record } = (await readRecord<Record<string, unknown>>(files.lake.store, key))!
    const state = { ...record.state, objects: {}, datasets: {} }
    await files.lake.store.put(key, Buffer.from(JSON.stringify({ ...record, state })))
  }
  for (const asked of [0, 1, 5]) {
    const some = await vacuum(files.lake, { now: tomorrow, deadline: after(asked) })
    expect(some).toMatchObject({ checkpoints: [], left: 2 })
  }
  expect(await files.keys('streaming_checkpoint/s-')).toEqual(expect.arrayContaining(former))
})

test('the line of the log says what is left', async () => {
  const told: object[] = []
  const handle = maintenance(files.lake, (job, done) => told.push({ job, ...done }))
  for (const job of ['tick', 'compact', 'vacuum']) await handle({ job }, after(0))
  expect(told).toEqual([
    { job: 'tick', finished: 0, busy: 0, left: 4 },
    { job: 'compact', before: 0, after: 0, rows: 0, skipped: [], left: 1 },
    { job: 'vacuum', fences: 0, orphans: 0, unknown: 0, checkpoints: 0, left: 2 },
  ])
})
