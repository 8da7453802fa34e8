import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Busy } from '../errors.ts'
import { LostAnswer, type Random, Scheduler, seeded } from '../scheduler.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type CommitOptions, commit, type Goal } from './commit.ts'
import { readRecord } from './commit-record.ts'

/**
 * A stage that only counts. `silver`: the state is the version, each replaces all before, every
 * fourth has no files. `stream`: the state is the position, batches are added, re-cut at random.
 */
export type Kind = 'silver' | 'stream'

/** Takes a safety out of what the writers see or say, to show that the schedules need it. */
export interface Without {
  store?: (store: ObjectStore) => ObjectStore
  key?: (name: string, epoch: number) => string
}

export const RECORD = 'silver/shop/orders/_manifests/0.json'
export const FENCE = Buffer.from('fence')
const STREAM = 29
const LEASE = 3
/** A schedule that is not done by then never ends; the longest that does takes a tenth of it. */
const MAX_STEPS = 20_000

/**
 * Runs writers over a store, at every call of which they may be paused, killed, or lose the answer.
 *
 * @param inner an empty lake
 * @param folder for local files
 * @returns what is wrong once all have ended and one more has run undisturbed; or undefined
 * @throws whatever a writer throws that no schedule may bring about
 */
export async function runSchedule(
  inner: ObjectStore,
  kind: Kind,
  seed: number,
  folder: string,
  without: Without = {},
): Promise<string | undefined> {
  const random = seeded(seed)
  const world = { kind, random, version: 1, head: 3 + random(6), folder: localFiles(folder) }
  const scheduler = new Scheduler(random)
  const target = async (state: number | null) => goal(world, state, without.key ?? withEpoch)
  const start = () => {
    const calls = scheduler.writer()
    const store = calls.through(without.store?.(inner) ?? inner)
    const write = { store, record: RECORD, target, fence: () => FENCE, lease: LEASE }
    calls.run(writer({ ...write, now: () => scheduler.clock, pause: calls.pause }))
  }

  for (let left = 20 + random(280); left > 0; left--) {
    scheduler.clock += random(1000) / 1000
    const dice = random(100)
    if (dice < 15 && scheduler.live < 5) start()
    else if (dice < 20) scheduler.kill()
    else if (dice < 25) grow(world)
    else await scheduler.step('newest')
  }
  // The paused ones come back in any order, among new ones.
  world.head = STREAM
  for (let steps = 0; ; steps++) {
    if (steps === MAX_STEPS) return `${kind} ${seed}: never ended`
    scheduler.clock += 0.1
    if (random(50) === 0 && scheduler.live < 5) start()
    await scheduler.step('any')
    if (scheduler.live === 0 && (await allDone(inner, target))) break
  }
  // What killed writers had sent arrives now or later; their events come again, undisturbed.
  for (const probability of [0.5, 1]) {
    await scheduler.arrive(probability)
    const now = () => scheduler.clock + 100
    const store = without.store?.(inner) ?? inner
    await commit({ store, record: RECORD, target, fence: () => FENCE, now })
    const wrong = await judge(inner, world, `${kind} ${seed}`)
    if (wrong) return wrong
  }
  return undefined
}

interface World {
  kind: Kind
  random: Random
  version: number
  head: number
  folder: (content: string) => string
}

/** One event of a stage; a fault or Busy ends it early. */
async function writer(options: CommitOptions<number>): Promise<void> {
  try {
    await commit(options)
  } catch (fault) {
    if (!(fault instanceof Busy || fault instanceof LostAnswer)) throw fault
  }
}

type Naming = (name: string, epoch: number) => string

const withEpoch: Naming = (name, epoch) => `silver/shop/orders/${name}-${epoch}.parquet`

function goal(world: World, state: number | null, key: Naming): Goal<number> | undefined {
  const file = (name: string, rows: string[]) => ({
    path: world.folder(JSON.stringify(rows)),
    key: (epoch: number) => key(name, epoch),
  })
  if (world.kind === 'silver') {
    const { version } = world
    if (state === version) return undefined
    const files = rowsOf(version).map((row, i) => file(`v${version}.${i}`, [row]))
    return { state: version, replaces: true, files }
  }
  const at = state ?? 0
  if (at >= world.head) return undefined
  const last = at + 1 + world.random(world.head - at)
  const rows = Array.from({ length: last - at }, (_, i) => `${at + 1 + i}`)
  const cut = world.random(rows.length + 1)
  const parts = [rows.slice(0, cut), rows.slice(cut)].filter((part) => part.length > 0)
  const files = parts.map((part) => file(`e${part[0]}-${part.at(-1)}`, part))
  return { state: last, replaces: false, files }
}

const rowsOf = (version: number) => Array.from({ length: version % 4 }, (_, i) => `${version}.${i}`)

/** A newer version, or the one before put back; more of the stream. */
function grow(world: World): void {
  if (world.kind === 'silver') world.version += world.version > 1 && world.random(4) === 0 ? -1 : 1
  else world.head = Math.min(STREAM, world.head + world.random(5))
}

async function allDone(store: ObjectStore, target: CommitOptions<number>['target']) {
  const held = await readRecord<number>(store, RECORD)
  return held && !held.record.writing && !(await target(held.record.state))
}

/** From outside, as a reader's plain glob: the rows that stand, and the files the record names. */
async function judge(store: ObjectStore, world: World, name: string) {
  const real = new Map<string, string[]>()
  for await (const { key } of store.list('')) {
    const body = (await store.get(key))?.body ?? FENCE
    if (key !== RECORD && !body.equals(FENCE)) real.set(key, JSON.parse(body.toString()))
  }
  const stream = Array.from({ length: STREAM }, (_, i) => `${i + 1}`)
  const want = world.kind === 'silver' ? rowsOf(world.version) : stream
  const record = (await readRecord(store, RECORD))?.record
  const same = (a: string[], b: string[]) => `${a.toSorted()}` === `${b.toSorted()}`
  const named = record?.files ?? []
  // Of a stream, the record names the newest files only.
  const known =
    world.kind === 'silver'
      ? same([...real.keys()], named)
      : named.every((key) => real.has(key)) && named.length <= 2
  if (same([...real.values()].flat(), want) && known) return
  const standing = JSON.stringify([...real])
  return `${name}: standing ${standing}, wanted ${want}, record ${JSON.stringify(record)}`
}

/** Each content is written once, and never removed while the test runs. */
function localFiles(folder: string): (content: string) => string {
  return (content) => {
    const key = `${folder}\0${content}`
    const path = written.get(key) ?? join(mkdtempSync(join(folder, 'rows-')), 'file')
    if (!written.has(key)) writeFileSync(path, content)
    written.set(key, path)
    return path
  }
}

const written = new Map<string, string>()
