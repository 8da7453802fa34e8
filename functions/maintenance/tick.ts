import { join } from 'node:path'
import { CHECKPOINTS, type Checkpoint, LEASE, parseCheckpoint } from '../../core/checkpoint.ts'
import { type CommitOptions, commit, type Goal } from '../../core/commit.ts'
import { readRecord } from '../../core/commit-record.ts'
import { type Deadline, noDeadline } from '../../core/deadline.ts'
import { Busy } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { mend } from '../../core/mend.ts'
import type { Outcome } from '../../core/outcome.ts'
import { PUBLISHED } from '../../core/publication.ts'
import { streamFences } from '../../core/stream-fence.ts'
import { dropAll, goalOfTime } from '../../core/stream-step.ts'
import { finish } from '../streaming/finish.ts'

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

/**
 * Closes the windows of shards that no record closes any more: all of those that have ended; and of
 * idle ones those that are over by the clock. By the same protocol as `append`: a tick that meets a
 * writer leaves the shard to it.
 *
 * @returns the ends of the objects that were found to be there as a whole, how many shards were
 *   left to a writer, and for how many there was no time
 * @throws a fault of the store or the disk
 */
export async function tick(lake: Lake, options: TickOptions = {}): Promise<Ticked> {
  await mend(lake)
  const told: Ticked = { ends: [], busy: 0, left: 0 }
  const defaults = { now: new Date(), all: false, idle: IDLE, time: {}, deadline: noDeadline }
  const asked = { ...defaults, ...options }
  for await (const { key } of lake.store.list(CHECKPOINTS)) {
    if (key.startsWith(PUBLISHED)) continue
    if (asked.deadline.isOver()) {
      told.left++
      continue
    }
    try {
      told.ends.push(...(await tickShard(lake, key, asked)))
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

async function tickShard(lake: Lake, record: string, options: Required<TickOptions>) {
  const held = await readRecord(lake.store, record, parseCheckpoint)
  const standing = held?.record.state
  if (!standing) return []
  const ends = await finish(lake.store, standing)
  // What a writer left that died is buried, too: nobody else comes to a shard that has ended.
  const isClean = !held.record.writing && held.record.garbage.length === 0
  if (isClean && closing(standing, options).size === 0) return ends
  await lake.withScratch(0, async (folder, duck) => {
    let before = standing
    let rounds = 0
    const fence = streamFences(lake.store, { folder, duck }, () => before)
    const target = async (state: Checkpoint | null): Promise<Goal<Checkpoint> | undefined> => {
      if (!state) return undefined
      before = state
      const own = join(folder, `round-${rounds++}`)
      const until = closing(state, options)
      const slice = { first: state.position, last: state.position }
      const tables: string[] = []
      const step = { duck, folder: own, before, slice, now: options.now }
      try {
        return until.size > 0 ? await goalOfTime(step, until, tables) : undefined
      } finally {
        await dropAll(duck, tables)
      }
    }
    await commit({
      store: lake.store,
      record,
      parse: parseCheckpoint,
      target,
      fence,
      lease: LEASE,
      ...options.time,
    })
  })
  return ends
}

/** For each dataset with windows to be closed, up to which event time, in microseconds. */
function closing(state: Checkpoint, options: Required<TickOptions>): Map<string, bigint> {
  const { now, all, idle } = options
  const ends = all || state.closed
  const isIdle = now.getTime() - Date.parse(state.updated) >= idle
  const cuts = new Map<string, bigint>()
  if (!ends && !isIdle) return cuts
  for (const [dataset, { windows, delay }] of Object.entries(state.datasets)) {
    const open = Object.values(windows).flatMap(({ every, rows }) =>
      rows.map(([start]) => BigInt(start ?? 0) + BigInt(every)),
    )
    const [first, last] = [open.reduce(lower, open[0]), open.reduce(higher, open[0])]
    if (first === undefined || last === undefined) continue
    const until = ends ? last : BigInt(now.getTime()) * 1000n - BigInt(delay)
    if (first <= until) cuts.set(dataset, until < last ? until : last)
  }
  return cuts
}

const lower = (a: bigint | undefined, b: bigint) => (a === undefined || b < a ? b : a)
const higher = (a: bigint | undefined, b: bigint) => (a === undefined || b > a ? b : a)
