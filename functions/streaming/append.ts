import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommitOptions, commit, type Goal } from '../../core/commit/commit.ts'
import { readStreamConfig } from '../../core/config.ts'
import type { Deadline } from '../../core/deadline.ts'
import type { Duck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { logUnburied } from '../../core/log.ts'
import type { Appended, Outcome } from '../../core/outcome.ts'
import { memoryOf } from '../../core/store/memo-store.ts'
import { nextSlice, type StreamRecord } from '../../core/stream/batch.ts'
import {
  type Checkpoint,
  checkpointKey,
  LEASE,
  parseCheckpoint,
  type ShardId,
} from '../../core/stream/checkpoint.ts'
import { settleAgain } from '../../core/stream/committed.ts'
import type { StreamClient } from '../../core/stream/kinesis.ts'
import { begin } from '../../core/stream/lineage.ts'
import { recover } from '../../core/stream/recovery.ts'
import { compareSequences } from '../../core/stream/sequence.ts'
import { streamFences } from '../../core/stream/stream-fence.ts'
import { sortOut } from '../../core/stream/stream-sort.ts'
import { dropAll, goalOfRows } from '../../core/stream/stream-step.ts'
import { finish, forgotten } from './finish.ts'

/** Kinesis records → Parquet and windows: a batch of one shard, one checkpoint. */

/** A batch of the event source mapping: records of one shard. */
export interface Batch {
  id: ShardId
  records: StreamRecord[]
  /** When the first of them came, as far as that is known. */
  arrived?: Date | undefined
}

/**
 * Commits every record of the batch that is not committed yet, or as many as there is time for; the
 * rest has added nothing.
 *
 * @param committed told after each commit, of which a large batch has several; and of the objects
 *   that are there as a whole by it
 * @throws Busy where another writer is at work on the shard, or a fault of store or disk: what is
 *   committed by then stands, and the batch, re-cut or not, is to be given again
 */
export async function append(
  lake: Lake,
  stream: StreamClient,
  batch: Batch,
  committed: (appended: Appended, finished: Outcome[]) => void,
  time: Time = {},
): Promise<void> {
  await recover(lake)
  const end =
    batch.records
      .map(({ sequence }) => sequence)
      .toSorted(compareSequences)
      .at(-1) ?? ''
  const bytes = batch.records.reduce((sum, { data }) => sum + data.length, 0)
  for (;;) {
    let before: Checkpoint | undefined
    const state = await lake.withScratch(4 * bytes, (folder, duck) =>
      appendSlice({ lake, stream, batch, folder, duck, time, rounds: 0 }, (standing) => {
        before = standing
      }),
    )
    let ends: Outcome[] = []
    try {
      ends = await finish(lake.store, state)
    } finally {
      // The commit stands, whatever keeps its ends from being found: they are looked for again.
      committed(appended(before ?? state, state), ends)
    }
    if (compareSequences(state.position, end) >= 0 || time.deadline?.isOver()) return
  }
}

/** Until when a further commit is begun; and another clock than this machine's, for tests. */
export interface Time extends Pick<CommitOptions<Checkpoint>, 'now' | 'pause' | 'lease'> {
  deadline?: Deadline
}

interface Work {
  lake: Lake
  stream: StreamClient
  batch: Batch
  folder: string
  duck: Duck
  time: Time
  /** How often the goal was asked for: each time in a folder of its own. */
  rounds: number
}

async function appendSlice(work: Work, began: (before: Checkpoint) => void): Promise<Checkpoint> {
  const { lake, stream, batch, time } = work
  const { store } = lake
  let standing: Checkpoint | null = null
  let reached = batch.records.at(-1)?.sequence ?? ''
  const fence = streamFences(store, work, () => standing ?? undefined)
  const target = async (state: Checkpoint | null) => {
    standing = state
    // One slice at a time: the next one gets a folder of its own.
    if (!state?.begun || compareSequences(state.position, reached) >= 0) return undefined
    const goal = await nextState(work, state)
    if (goal) began(state)
    reached = goal?.state.position ?? reached
    return goal
  }
  const protocol = { store, fence, lease: LEASE, ...time }
  for (;;) {
    const record = checkpointKey(batch.id)
    const outcome = await commit({ ...protocol, record, parse: parseCheckpoint, target })
    const { state, done } = outcome
    logUnburied(record, outcome.unburied)
    if (state?.begun) {
      // Another one has committed what this one was about to: it is told of there.
      if (done === 'unchanged') began(state)
      return state
    }
    const times = { time: { lease: LEASE, ...time }, arrived: batch.arrived }
    await begin({ store, stream, fence, ...times }, batch.id)
  }
}

/** What is to be committed over the checkpoint that stands. */
async function nextState(work: Work, before: Checkpoint): Promise<Goal<Checkpoint> | undefined> {
  const { lake, batch, duck } = work
  const found = await nextSlice(batch.records, before.position)
  if (!found) return undefined
  if (before.closed) {
    throw new Busy(`${checkpointKey(batch.id)}: others have gone on from it; it takes no more`)
  }
  const folder = join(work.folder, `round-${work.rounds++}`)
  const tables: string[] = []
  await mkdir(folder)
  try {
    const { slice, committed } = await settleAgain(lake.store, before, found)
    const store = memoryOf(lake.store)
    const known = await forgotten(store, before, slice)
    const { dataset, limit } = readStreamConfig()
    const sorted = await sortOut({ store, duck, folder, before: known, dataset, slice, tables })
    const base = { ...before, finished: before.finished + known.dropped, committed }
    const step = { duck, folder, before: base, slice, now: new Date() }
    return await goalOfRows(step, { ...sorted, limit }, tables)
  } finally {
    await dropAll(duck, tables)
  }
}

function appended(before: Checkpoint, after: Checkpoint): Appended {
  const sum = ({ datasets }: Checkpoint, name: 'records' | 'accepted' | 'rejected') =>
    Object.values(datasets).reduce((total, { counts }) => total + counts[name], 0)
  const { shard, position } = after
  return {
    shard,
    position,
    records: sum(after, 'records') - sum(before, 'records'),
    accepted: sum(after, 'accepted') - sum(before, 'accepted'),
    rejected: sum(after, 'rejected') - sum(before, 'rejected'),
    poison: after.poison - before.poison,
  }
}
