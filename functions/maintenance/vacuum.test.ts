import { copyFileSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import { Refused } from '../../core/errors.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { instead } from '../dying.fixture.ts'
import { refine } from '../silver/refine.ts'
import { resource, TestLake } from '../stages.fixture.ts'
import { compact } from './compact.ts'
import { base, dataset, rowsIn, SmallFiles } from './small-files.fixture.ts'
import { vacuum } from './vacuum.ts'

const HOUR = 3_600_000
const tomorrow = { now: new Date(Date.now() + 25 * HOUR) }
const nothing = { fences: [], orphans: [], checkpoints: [], unknown: 0 }

let stream: MemoryStream
let files: SmallFiles
let silver: TestLake

beforeEach(() => {
  stream = new MemoryStream('s', 1)
  files = new SmallFiles(stream)
  silver = new TestLake()
  silver.describe('p', resource('t', ['id:integer', 'kind'], {}, { partitionBy: ['kind'] }))
})
afterEach(() => {
  files.close()
  silver.close()
})

test('fences of a compaction vanish after the grace period, and a glob sees the same', async () => {
  await files.publish(8, { rows: 4, minutes: 120 })
  await files.drain()
  const rows = await files.plain()
  await compact(files.lake, { all: true })
  const before = await files.keys(`${base}/events/`)
  expect(await vacuum(files.lake)).toEqual(nothing)
  const told = await vacuum(files.lake, { ...tomorrow, dryRun: true })
  expect(await files.keys(`${base}/events/`)).toEqual(before)
  expect(await vacuum(files.lake, tomorrow)).toEqual(told)
  expect(told).toEqual({ ...nothing, fences: expect.any(Array) })
  expect(told.fences).toHaveLength(6)
  const after = await files.keys(`${base}/events/`)
  expect(after).toEqual(before.filter((key) => !told.fences.includes(key)))
  expect(after).toHaveLength(Object.values(await files.files()).reduce((a, b) => a + b))
  expect(await files.plain()).toEqual(rows)
  expect(await files.standing()).toEqual(rows)
  expect(await vacuum(files.lake, tomorrow)).toEqual(nothing)
})

test.each([0, 1.99 * HOUR, Number.NaN])('a grace period of %s ms is refused', async (graceMs) => {
  await expect(vacuum(files.lake, { graceMs })).rejects.toThrow(Refused)
  await expect(vacuum(files.lake, { graceMs })).rejects.toThrow(/at least 2 are allowed/)
  expect(await vacuum(files.lake, { graceMs: 2 * HOUR })).toEqual(nothing)
})

test('fences over what a dead append had written vanish, those of rejects, too', async () => {
  await files.publish(1)
  files.put(
    'streaming/till/receipts/bad.csv',
    'id,store,total,at\nx,S,1,2026-01-02T00:00:00\n7,S,1,\n',
  )
  const { publish } = await import('../streaming/publish.ts')
  await publish(files.lake, stream, 'streaming/till/receipts/bad.csv')
  const dying = failing((key) => key.includes('/events/') && key.includes('day=__'))
  await expect(files.drain(dying)).rejects.toThrow('it died')
  await later(() => files.drain())
  const rows = await files.plain()
  const { fences, ...rest } = await vacuum(files.lake, tomorrow)
  expect(rest).toEqual({ orphans: [], checkpoints: [], unknown: 0 })
  expect(fences.map((key) => key.split('/')[0]).toSorted()).toEqual([
    'quarantine',
    'streaming_results',
  ])
  expect(await files.plain()).toEqual(rows)
})

/** A lake whose process dies with the first write of such a key. */
function failing(dies: (key: string) => boolean) {
  let dead = false
  const put = async (...args: Parameters<ObjectStore['put']>) => {
    dead ||= dies(args[0])
    if (dead) throw new Error('it died')
    return files.lake.store.put(...args)
  }
  return instead(files.lake, { put })
}

/** When no intent lives any more. */
async function later(work: () => Promise<unknown>): Promise<void> {
  const real = Date.now
  Date.now = () => real() + 60_000
  try {
    await work()
  } finally {
    Date.now = real
  }
}

const object = 'bronze/p/t/a.csv'

function silverRows(): Promise<string[]> {
  return rowsIn(globSync(join(silver.folder, 'silver/p/t/**/*.parquet')))
}

async function twoVersions(): Promise<string> {
  silver.put(object, 'id,kind\n1,a\n2,b\nx,b\n')
  await refine(silver.lake, object)
  silver.put(object, 'id,kind\n2,b\n3,c\ny,b\n')
  await refine(silver.lake, object)
  return globSync(join(silver.folder, 'silver/p/t/kind=c/*.parquet'))[0]!
}

test('Silver: fences over the version before vanish, those of its rejects, too', async () => {
  await twoVersions()
  const rows = await silverRows()
  expect(rows).toHaveLength(2)
  const { fences, ...rest } = await vacuum(silver.lake, tomorrow)
  expect(fences.map((key) => key.split('/').slice(0, -1).join('/'))).toEqual([
    ...['silver/p/t/kind=a', 'silver/p/t/kind=b', 'quarantine/p/t'],
  ])
  expect(rest).toEqual({ orphans: [], checkpoints: [], unknown: 0 })
  expect(await silverRows()).toEqual(rows)
  expect(globSync(join(silver.folder, 'quarantine/p/t/*.parquet'))).toHaveLength(1)
})

test('Silver: a file that its record can never name is an orphan', async () => {
  const path = await twoVersions()
  await vacuum(silver.lake, tomorrow)
  const named = (epoch: number) => path.replace(/-\d+-(\d+)\.parquet$/, `-${epoch}-9.parquet`)
  for (const epoch of [1, 2, 3]) copyFileSync(path, named(epoch))
  expect(await vacuum(silver.lake)).toEqual(nothing)
  const { orphans, ...rest } = await vacuum(silver.lake, tomorrow)
  const gone = [1, 2].map((epoch) => named(epoch).slice(silver.folder.length + 1))
  expect({ orphans, ...rest }).toEqual({ ...nothing, orphans: gone })
  expect(globSync(join(silver.folder, 'silver/p/t/kind=c/*.parquet'))).toHaveLength(2)
})

test.each(['garbage', 'writing'])('Silver: what is in %s of its record stays', async (where) => {
  const path = await twoVersions()
  await vacuum(silver.lake, tomorrow)
  const other = path.replace(/-\d+-(\d+)\.parquet$/, '-2-9.parquet')
  copyFileSync(path, other)
  const [record] = globSync(join(silver.folder, 'silver/p/t/_manifests/*.json'))
  const key = record!.slice(silver.folder.length + 1)
  const held = await readRecord(silver.lake.store, key)
  const name = other.slice(silver.folder.length + 1)
  const named = where === 'garbage' ? [name] : { files: [name], until: 0 }
  await silver.lake.store.put(key, Buffer.from(JSON.stringify({ ...held?.record, [where]: named })))
  expect(await vacuum(silver.lake, tomorrow)).toEqual(nothing)
})

test('files without a commit record, and files of others, are counted and left', async () => {
  const path = await twoVersions()
  copyFileSync(path, join(silver.folder, 'silver/p/t/mine.parquet'))
  silver.put('silver/p/t/no.parquet', 'no Parquet')
  rmSync(join(silver.folder, 'silver/p/t/_manifests'), { recursive: true })
  const before = globSync(join(silver.folder, '**/*.parquet'))
  expect(await vacuum(silver.lake, tomorrow)).toEqual({ ...nothing, unknown: before.length })
  expect(globSync(join(silver.folder, '**/*.parquet'))).toEqual(before)
})

test('what a compaction that died made dead is left until it is buried', async () => {
  await files.publish(8, { rows: 4, minutes: 120 })
  await files.drain()
  const rows = await files.plain()
  const dying = failing((key) => key.includes('/events/') && !key.includes('compact-'))
  await expect(compact(dying, { all: true })).rejects.toThrow('it died')
  expect(await files.plain()).not.toHaveLength(rows.length)
  expect(await vacuum(files.lake, tomorrow)).toEqual(nothing)
  await compact(files.lake, { all: true, ...tomorrow })
  expect(await files.plain()).toEqual(rows)
  expect((await vacuum(files.lake, tomorrow)).fences).toHaveLength(6)
})

test('what was changed since it was judged is not deleted', async () => {
  await twoVersions()
  const head = async (key: string) => {
    const found = await silver.lake.store.head(key)
    return found && key.endsWith('.parquet') ? { ...found, etag: 'another' } : found
  }
  expect(await vacuum(instead(silver.lake, { head }), tomorrow)).toEqual(nothing)
  expect((await vacuum(silver.lake, tomorrow)).fences).toHaveLength(3)
})

/** The checkpoint of a stream that was made anew, of which no file stands. */
async function formerCheckpoint(change: (state: Record<string, unknown>) => void): Promise<string> {
  await files.publish(1)
  await files.drain()
  const [key] = await files.keys('streaming_checkpoint/s-')
  stream.recreate(1)
  await files.publish(1)
  await files.drain()
  const held = await readRecord<Record<string, unknown>>(files.lake.store, key!)
  const { record } = held!
  record.state!.objects = {}
  record.state!.datasets = {}
  change(record.state!)
  await files.lake.store.put(key!, Buffer.from(JSON.stringify(record)))
  for (const file of record.files) await files.lake.store.delete(file)
  return key!
}

test('the checkpoint of a former making goes, when nothing of it is left', async () => {
  const key = await formerCheckpoint(() => {})
  expect(await vacuum(files.lake)).toEqual(nothing)
  expect(await vacuum(files.lake, tomorrow)).toEqual({ ...nothing, checkpoints: [key] })
  expect(await files.keys('streaming_checkpoint/s-')).toHaveLength(1)
  await files.publish(1)
  await files.drain()
  expect(await files.plain()).toHaveLength(6)
})

const windows = { sold: { every: 1, groups: [], measures: [], rows: [['0']] } }
const counts = { records: 0, accepted: 0, rejected: 0, late: 0 }
const open = { file: 'f', counts, newest: null, watermark: null, delay: 0, windows }
const seen = { object: 'o', seen: [], chunks: null, records: 0, spread: false, rejected: {} }

test.each([
  ['is not closed', { closed: false }],
  ['has open windows', { datasets: { [dataset]: open } }],
  ['knows chunks of objects', { objects: { v: seen } }],
  ['is of the newest making', { created: '2027-01-01T00:00:00.000Z' }],
  ['was committed just now', { updated: tomorrow.now.toISOString() }],
])('a checkpoint stays that %s', async (_, change) => {
  await formerCheckpoint((state) => Object.assign(state, change))
  expect((await vacuum(files.lake, tomorrow)).checkpoints).toEqual([])
})

test('a checkpoint stays of which files stand, fences or not', async () => {
  await files.publish(3)
  await files.drain()
  stream.recreate(1)
  await files.publish(1)
  await files.drain()
  const [key] = await files.keys('streaming_checkpoint/s-')
  const held = await readRecord<Record<string, unknown>>(files.lake.store, key!)
  const state = { ...held!.record.state, objects: {}, datasets: {} }
  await files.lake.store.put(key!, Buffer.from(JSON.stringify({ ...held!.record, state })))
  expect(state).toMatchObject({ closed: true })
  expect((await vacuum(files.lake, tomorrow)).checkpoints).toEqual([])
})
