import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LIFETIME } from '../../core/commit/commit.ts'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { publish } from './publish.ts'
import { drain } from './stream.fixture.ts'
import { fill, judge, keyOf, OBJECTS } from './till.schedules.ts'

/** Checkpoints that someone deletes, or puts back as they were: the next start sees it. */

let home: string
let stream: MemoryStream
let duck: Duck
let lake: Lake
let starts = 0

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'sluice-recovery-'))
  stream = new MemoryStream('till')
  duck = await openDuck()
  lake = openLake(join(home, 'lake-0'))
  await fill(lake.store)
})
afterEach(() => {
  duck.close()
  rmSync(home, { recursive: true, force: true })
})

/** The lake as the next process finds it, which looks for itself. */
function restarted(): Lake {
  const next = join(home, `lake-${++starts}`)
  cpSync(folder(), next, { recursive: true, preserveTimestamps: true })
  lake = openLake(next)
  return lake
}

const folder = () => new URL(lake.store.url).pathname

const shardFiles = () => {
  const found = readdirSync(join(folder(), 'streaming_checkpoint'), { recursive: true })
  const paths = found.map((name) => join(folder(), 'streaming_checkpoint', String(name)))
  return paths.filter((path) => /shardId-\d+\.json$/.test(path)).toSorted()
}

const publishSome = async (from: number, to: number) => {
  for (let n = from; n < to; n++) await publish(lake, stream, keyOf(n))
}

const drained = () => drain(lake, stream, { size: 2 })
const looksRight = async () => judge(lake.store, duck, join(home, 'seen'))

test.each([1, 2])('%i deleted checkpoints are made anew from the files', async (count) => {
  await publishSome(0, 7)
  await drained()
  const before = shardFiles().map((path) => JSON.parse(readFileSync(path, 'utf8')))
  for (const path of shardFiles().slice(0, count)) rmSync(path)
  restarted()
  await publishSome(7, OBJECTS)
  await drained()
  await tick(lake, { all: true })
  expect(await looksRight()).toBeUndefined()
  const after = shardFiles().map((path) => JSON.parse(readFileSync(path, 'utf8')))
  expect(after.map(({ epoch }) => epoch)).toEqual(
    before.map(({ epoch }) => expect.toSatisfy((now: number) => now >= epoch)),
  )
})

test('a checkpoint that was put back as it was is brought forward again', async () => {
  await publishSome(0, 4)
  await drained()
  const old = shardFiles().map((path) => [path, readFileSync(path)] as const)
  await publishSome(4, OBJECTS)
  await drained()
  for (const [path, bytes] of old) writeFileSync(path, bytes)
  restarted()
  await drained()
  await tick(lake, { all: true })
  expect(await looksRight()).toBeUndefined()
})

test('what a tick wrote is known again, too', async () => {
  await publishSome(0, OBJECTS)
  await drained()
  const old = shardFiles().map((path) => [path, readFileSync(path)] as const)
  await tick(lake, { all: true })
  for (const [path, bytes] of old) writeFileSync(path, bytes)
  restarted()
  await drained()
  await tick(lake, { all: true })
  expect(await looksRight()).toBeUndefined()
})

test('of a commit that was done twice, the later one is known by its epoch', async () => {
  await publishSome(0, OBJECTS)
  const [shard] = (await stream.shards()).map(({ id }) => id)
  const dying = { ...lake, store: dyingAt(lake.store, 'last record') }
  await expect(drain(dying, stream, { size: 100, shards: [shard!] })).rejects.toThrow('kill -9')
  await undisturbed(async () => {
    // Its files stand; the next one buries them only after its own commit: it dies before that.
    const early = { ...lake, store: dyingAt(lake.store, 'fences') }
    await drain(early, stream, { size: 3, shards: [shard!] }).catch(() => {})
  })
  for (const path of shardFiles()) rmSync(path)
  restarted()
  await undisturbed(async () => {
    await drained()
    await tick(lake, { all: true })
  })
  expect(await looksRight()).toBeUndefined()
})

test('files of a commit that never ended say so, as long as a writer may live', async () => {
  await publishSome(0, OBJECTS)
  const dying = { ...lake, store: dyingAt(lake.store, 'second file') }
  await expect(drain(dying, stream, { size: 100 })).rejects.toThrow('kill -9')
  for (const path of shardFiles()) rmSync(path)
  restarted()
  await expect(drained()).rejects.toThrow(Busy)
  await expect(drained()).rejects.toThrow(/its writer may live until .*start again then/)
  const old = Date.now() / 1000 - LIFETIME / 1000 - 60
  for (const name of readdirSync(folder(), { recursive: true })) {
    if (/parquet$/.test(String(name))) utimesSync(join(folder(), String(name)), old, old)
  }
  restarted()
  await expect(drained()).rejects.toThrow(/do not tell how far .*sluice publish --anew/)
})

test('without checkpoints and publications nothing is published again', async () => {
  await publishSome(0, OBJECTS)
  await drained()
  await publishSome(0, OBJECTS)
  await stream.put([{ data: Buffer.from('{}'), partitionKey: 'a' }])
  await stream.put([{ data: Buffer.from('{}'), partitionKey: 'b' }])
  await drained()
  rmSync(join(folder(), 'streaming_checkpoint'), { recursive: true })
  restarted()
  stream.recreate()
  await expect(publish(lake, stream, keyOf(0))).rejects.toThrow(/sluice publish --anew/)
})

/** The store as a process sees it that dies at some call. */
function dyingAt(store: ObjectStore, where: 'second file' | 'last record' | 'fences'): ObjectStore {
  let files = 0
  const put: ObjectStore['put'] = async (key, body, when) => {
    const isFence = key.endsWith('.parquet') && Buffer.isBuffer(body)
    if (key.endsWith('.parquet') && !isFence) files++
    const isDone = files > 0 && key.includes('shardId') && key.endsWith('.json')
    const dead = { 'second file': files > 1, 'last record': isDone, fences: isFence }
    if (dead[where]) throw new Error('kill -9')
    return store.put(key, body, when)
  }
  return new Proxy(store, {
    get(target, name) {
      const value = name === 'put' ? put : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Whatever lease a dead writer had is over. */
async function undisturbed(work: () => Promise<void>): Promise<void> {
  const real = Date.now
  Date.now = () => real() + 60_000
  try {
    await work()
  } finally {
    Date.now = real
  }
}
