import { join } from 'node:path'
import { type CommitOptions, commit, type Goal } from '../../core/commit/commit.ts'
import { readRecord } from '../../core/commit/commit-record.ts'
import { type Deadline, noDeadline } from '../../core/deadline.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { inLanes } from '../../core/lanes.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'
import {
  type Checkpoint,
  type DatasetState,
  LEASE,
  parseCheckpoint,
} from '../../core/stream/checkpoint.ts'
import { shardRecords } from '../../core/stream/publication.ts'
import { recover } from '../../core/stream/recovery.ts'
import { streamFences } from '../../core/stream/stream-fence.ts'
import { dropAll, goalOfTime } from '../../core/stream/stream-step.ts'
import { finish, forgotten } from '../streaming/finish.ts'

export interface TickOptions {
  /** The clock. */
  now?: Date
  /** Closes all windows of all shards, whatever the clock says. */
  all?: boolean
  /** Another clock for the protocol, for tests. */
  time?: Pick<CommitOptions<Checkpoint>, 'now' | 'pause' | 'lease'>
  /** A shard without a commit for so many ms counts as idle. */
  idle?: number
  /** No further shard is begun after it. */
  deadline?: Deadline
}

/** What is written once is not written again for a minute more of waiting. */
const IDLE = 60_000
/** Records of shards that are read at a time. */
const LANES = 16

/**
 * Closes the windows of shards that no record closes any more: all of those that have ended; and of
 * idle ones those that are over by the clock. Says of their objects which are there as a whole, and
 * forgets those. By the same protocol as `append`: a tick that meets a writer leaves the shard to
 * it; and so it does while batches come, which do the same.
 *
 * @returns the ends of the objects that were found to be there as a whole, how many shards were
 *   left to a writer, and for how many there was no time
 * @throws a fault of the store or the disk
 */
export async function tick(lake: Lake, options: TickOptions = {}): Promise<Ticked> {
  await recover(lake)
  const told: Ticked = { ends: [], busy: 0, left: 0 }
  const defaults = { now: new Date(), all: false, idle: IDLE, time: {}, deadline: noDeadline }
  const asked = { ...defaults, ...options }
  const awake = await awakeShards(lake.store)
  const isLate = asked.deadline.isOver()
  const due = isLate ? awake : await inLanes(awake, LANES, (one) => look(lake.store, one, asked))
  for (const shard of due) {
    if (!shard) continue
    if (isLate || asked.deadline.isOver()) {
      told.left++
      continue
    }
    try {
      told.ends.push(...(await tickShard(lake, shard.key, asked)))
    } catch (error) {
      if (!(error instanceof Busy)) throw error
      told.busy++
    }
  }
  return told
}

interface Ticked {
  ends: Outcome[]
  busy: number
  left: number
}

type Asked = Required<TickOptions>

/** The eTags of records of which nothing is left to be done, ever, unless a writer comes. */
const resting = new WeakMap<ObjectStore, Set<string>>()

/** All shards but those that rest: of an idle lake one list or two, however many it has. */
async function awakeShards(store: ObjectStore): Promise<ObjectVersion[]> {
  const known = resting.get(store)
  const [awake, rest]: [ObjectVersion[], Set<string>] = [[], new Set()]
  for await (const version of shardRecords(store)) {
    if (known?.has(nameOf(version))) rest.add(nameOf(version))
    else awake.push(version)
  }
  resting.set(store, rest)
  return awake
}

function nameOf({ key, etag }: { key: string; etag: string }): string {
  return `${key} ${etag}`
}

/** @returns the shard, if there is something to be done */
async function look(store: ObjectStore, shard: ObjectVersion, asked: Asked) {
  const held = await readRecord(store, shard.key, parseCheckpoint)
  const state = held?.record.state
  if (!state) return undefined
  // What a writer left that died is buried, too: nobody else comes to a shard that has ended.
  const isClean = !held.record.writing && held.record.garbage.length === 0
  const isOpen = Object.values(state.datasets).some((one) => endsOf(one).length > 0)
  if (isClean && !isOpen && !hasEnds(state)) {
    resting.get(store)?.add(nameOf({ key: shard.key, etag: held.etag }))
    return undefined
  }
  const isDue = closing(state, asked).size > 0 || (isOver(state, asked) && hasEnds(state))
  return isClean && !isDue ? undefined : shard
}

/** Whether it knows of objects that have come to their end. */
function hasEnds({ objects }: Checkpoint): boolean {
  return Object.values(objects).some(({ chunks }) => chunks !== null)
}

async function tickShard(lake: Lake, record: string, asked: Asked): Promise<Outcome[]> {
  const standing = (await readRecord(lake.store, record, parseCheckpoint))?.record.state
  if (!standing) return []
  const ends = isOver(standing, asked) ? await finish(lake.store, standing) : []
  await lake.withScratch(0, async (folder, duck) => {
    let before = standing
    let rounds = 0
    const fence = streamFences(lake.store, { folder, duck }, () => before)
    const target = async (state: Checkpoint | null) => {
      before = state ?? standing
      return state
        ? nextState(lake, duck, join(folder, `round-${rounds++}`), state, asked)
        : undefined
    }
    const protocol = { store: lake.store, fence, lease: LEASE, ...asked.time }
    await commit({ ...protocol, record, parse: parseCheckpoint, target })
  })
  return ends
}

/** The same without windows that are over, and without objects of which all is said. */
async function nextState(
  lake: Lake,
  duck: Duck,
  folder: string,
  before: Checkpoint,
  asked: Asked,
): Promise<Goal<Checkpoint> | undefined> {
  const until = closing(before, asked)
  const { objects, dropped } = isOver(before, asked)
    ? await forgotten(lake.store, before)
    : { objects: before.objects, dropped: 0 }
  if (until.size === 0 && dropped === 0) return undefined
  const finished = before.finished + dropped
  // What only forgets leaves the shard as idle as it was: its windows do not wait for that.
  const since = until.size > 0 ? {} : { updated: before.updated }
  const slice = { first: before.position, last: before.position }
  const tables: string[] = []
  try {
    const step = { duck, folder, before, slice, now: asked.now }
    return await goalOfTime(step, until, { objects, finished, ...since }, tables)
  } finally {
    await dropAll(duck, tables)
  }
}

/** Whether its windows are closed by the clock: no record does it for now, or for good. */
function isOver({ closed, updated }: Checkpoint, { now, all, idle }: Asked): boolean {
  return all || closed || now.getTime() - Date.parse(updated) >= idle
}

/** For each dataset with windows to be closed, up to which event time, in microseconds. */
function closing(state: Checkpoint, asked: Asked): Map<string, bigint> {
  const ends = asked.all || state.closed
  const cuts = new Map<string, bigint>()
  if (!isOver(state, asked)) return cuts
  for (const [name, dataset] of Object.entries(state.datasets)) {
    const open = endsOf(dataset)
    const [first, last] = [open.reduce(lower, open[0]), open.reduce(higher, open[0])]
    if (first === undefined || last === undefined) continue
    const until = ends ? last : BigInt(asked.now.getTime()) * 1000n - BigInt(dataset.delay)
    if (first <= until) cuts.set(name, until < last ? until : last)
  }
  return cuts
}

/** When its open windows end, once for each of their groups, in microseconds. */
function endsOf({ windows }: DatasetState): bigint[] {
  return Object.values(windows).flatMap(({ every, rows }) =>
    rows.map(([start]) => BigInt(start ?? 0) + BigInt(every)),
  )
}

const lower = (a: bigint | undefined, b: bigint) => (a === undefined || b < a ? b : a)
const higher = (a: bigint | undefined, b: bigint) => (a === undefined || b > a ? b : a)
