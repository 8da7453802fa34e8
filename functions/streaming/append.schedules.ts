import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readRecord } from '../../core/commit/commit-record.ts'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { LostAnswer, type Random, Scheduler, seeded } from '../../core/scheduler.ts'
import { MemoryStore } from '../../core/store/memory-store.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { checkpointKey, parseCheckpoint, type ShardId } from '../../core/stream/checkpoint.ts'
import type { ShardDescription, StreamedRecord } from '../../core/stream/kinesis.ts'
import { recover } from '../../core/stream/recovery.ts'
import { compareSequences } from '../../core/stream/sequence.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { append, type Time } from './append.ts'
import { publish } from './publish.ts'
import { fill, judge, keyOf, OBJECTS } from './till.schedules.ts'

/** A safety taken out of what the writers see, to show that the schedules need it. */
export type Without = (store: ObjectStore) => ObjectStore

const LEASE = 1
/** A schedule that is not done by then never ends; the longest that does takes a tenth of it. */
const MAX_STEPS = 30_000

interface World {
  random: Random
  scheduler: Scheduler
  store: MemoryStore
  stream: MemoryStream
  without: Without
  folder: string
  duck: Duck
}

/**
 * Handlers of batches that are re-cut at random, and ticks, over one lake and one stream, whose
 * shards are split and merged, and which is made anew. At every call of the store they may be
 * paused, killed, or lose the answer; chunks are sent again.
 *
 * @param parent for local files
 * @returns what is wrong once all have ended and one more has run undisturbed; or undefined
 */
export async function runSchedule(
  seed: number,
  parent: string,
  without: Without = (store) => store,
): Promise<string | undefined> {
  const random = seeded(seed)
  const folder = mkdtempSync(join(parent, 'schedule-'))
  const base = { random, without, folder, duck: await openDuck(0) }
  const store = new MemoryStore(folder)
  const scheduler = new Scheduler(random, true)
  const world = { ...base, store, scheduler, stream: new MemoryStream('till') }
  try {
    await fill(store)
    // Once a process, and not of this one alone, which is killed in part.
    await recover(lakeOf(world, store))
    await publishAll(world)
    const wrong = (await disturbed(world)) ?? (await afterwards(world))
    return wrong && `seed ${seed}: ${wrong}`
  } finally {
    world.duck.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function disturbed(world: World): Promise<string | undefined> {
  const { random, scheduler, stream } = world
  for (let left = 60 + random(240); left > 0; left--) {
    scheduler.clock += random(1000) / 1000
    const dice = random(1000)
    if (dice < 60 && scheduler.live < 4) await start(world)
    else if (dice < 70) scheduler.kill()
    else if (dice < 80) await sendAgain(world)
    else if (dice < 84) await reshard(world)
    else if (dice < 86) {
      stream.recreate(1 + random(2))
      await publishAll(world)
    } else await scheduler.step('newest')
  }
  // The paused ones come back in any order, among new ones.
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    scheduler.clock += 0.1
    if (random(40) === 0 && scheduler.live < 4) await start(world)
    await scheduler.step('any')
    if (scheduler.live === 0 && (await nextBatches(world)).length === 0) return undefined
  }
  return 'never ended'
}

/** What killed writers had sent arrives now or later; then one more run, undisturbed. */
async function afterwards(world: World): Promise<string | undefined> {
  const { scheduler, store, folder, duck } = world
  for (const probability of [0.5, 1]) {
    await scheduler.arrive(probability)
    const time = { now: () => scheduler.clock + 100, lease: LEASE }
    const lake = lakeOf(world, world.without(store), duck)
    for (let next = await nextBatches(world); next.length > 0; next = await nextBatches(world)) {
      for (const { id, records } of next) {
        await append(lake, world.stream, { id, records: records.map(given) }, () => {}, time)
      }
    }
    // A last look at each shard buries what is left to be buried.
    for (const { id, records } of await allBatches(world)) {
      await append(lake, world.stream, { id, records: records.map(given) }, () => {}, time)
    }
    const { busy } = await tick(lake, { all: true, time })
    const wrong = busy ? `${busy} shards are busy` : await judge(store, duck, join(folder, 'seen'))
    if (wrong) return wrong
  }
  return undefined
}

interface Ready {
  id: ShardId
  /** From the first that is not committed on; of `allBatches`, all. */
  records: StreamedRecord[]
  /** How many of the shard stand before them. */
  before: StreamedRecord[]
}

/** A handler with a batch as Lambda would cut it anew, or a tick. */
async function start(world: World): Promise<void> {
  const { random, scheduler, stream } = world
  const calls = scheduler.writer()
  const time: Time = { now: () => scheduler.clock, pause: calls.pause, lease: LEASE }
  const store = calls.through(world.without(world.store))
  const sleepy = random(3) === 0
  const put: ObjectStore['put'] = (key, body, when) => {
    // The worst moment: its intent stands, and its files are on their way.
    const isFile = key.endsWith('.parquet') && !Buffer.isBuffer(body)
    if (sleepy && isFile && random(2) === 0) calls.freeze(10 + random(60))
    return store.put(key, body, when)
  }
  const lake = lakeOf(world, { ...store, put })
  const ready = await nextBatches(world)
  const next = ready[random(ready.length + 1)]
  if (!next) {
    calls.run(ending(tick(lake, { all: random(2) === 0, idle: 0, time })))
    return
  }
  const { id, records, before } = next
  const back = random(Math.min(3, before.length) + 1)
  const cut = [...before.slice(before.length - back), ...records]
  const batch = { id, records: cut.slice(0, 1 + random(Math.min(4, cut.length))).map(given) }
  calls.run(ending(append(lake, stream, batch, () => {}, time)))
}

/** A fault, Busy or a stream made anew ends an event early: it comes again. */
async function ending(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (fault) {
    const known = fault instanceof Busy || fault instanceof LostAnswer
    if (!known && !/made anew/.test(String(fault))) throw fault
  }
}

const given = ({ sequenceNumber, data }: StreamedRecord) => ({ sequence: sequenceNumber, data })

/** What is still to be committed of each shard that may be read: parents before children. */
async function nextBatches(world: World): Promise<Ready[]> {
  const all = await allBatches(world)
  const left = await Promise.all(
    all.map(async ({ id, records }) => {
      const state = (await readRecord(world.store, checkpointKey(id), parseCheckpoint))?.record
        .state
      const at = records.findIndex(
        ({ sequenceNumber }) => compareSequences(sequenceNumber, state?.position ?? '') > 0,
      )
      const cut = at < 0 ? records.length : at
      return { id, before: records.slice(0, cut), records: records.slice(cut) }
    }),
  )
  const unread = new Set(left.filter(({ records }) => records.length > 0).map(({ id }) => id.shard))
  const shards = new Map((await world.stream.shards()).map((shard) => [shard.id, shard]))
  const waits = (shard: ShardDescription | undefined): boolean =>
    (shard?.parents ?? []).some((parent) => unread.has(parent) || waits(shards.get(parent)))
  return left.filter(({ id, records }) => records.length > 0 && !waits(shards.get(id.shard)))
}

async function allBatches({ stream }: World): Promise<Ready[]> {
  const { created } = await stream.describe()
  const shards = await stream.shards()
  return shards.map(({ id: shard }) => {
    return { id: { stream: stream.name, created, shard }, before: [], records: stream.all(shard) }
  })
}

async function publishAll(world: World): Promise<void> {
  const lake = lakeOf(world, world.store)
  for (let n = 0; n < OBJECTS; n++) await publish(lake, world.stream, keyOf(n))
}

/** A publisher that was killed sends the same chunks anew. */
async function sendAgain({ random, stream }: World): Promise<void> {
  const shards = await stream.shards()
  const all = shards.flatMap(({ id }) => stream.all(id))
  const some = all.filter(() => random(4) === 0)
  await stream.put(some.map(({ data, partitionKey }) => ({ data, partitionKey })))
}

async function reshard({ random, stream }: World): Promise<void> {
  const open = (await stream.shards()).filter(({ closed }) => !closed)
  if (open.length > 3) return
  const one = open[random(open.length)]
  if (open.length === 2 && random(2) === 0) {
    try {
      stream.merge(open[0]!.id, open[1]!.id)
    } catch (error) {
      if (!/neighbours/.test(String(error))) throw error
    }
  } else if (one) stream.split(one.id)
}

function lakeOf({ folder }: World, store: ObjectStore, own?: Duck): Lake {
  return {
    store,
    async withScratch(_, work) {
      const place = mkdtempSync(join(folder, 'work-'))
      const duck = own ?? (await openDuck(0))
      try {
        return await work(place, duck)
      } finally {
        if (!own) duck.close()
      }
    },
  }
}
