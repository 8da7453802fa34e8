import { type CommitOptions, commit, type Goal } from '../commit/commit.ts'
import { readRecord } from '../commit/commit-record.ts'
import type { ObjectStore } from '../store/object-store.ts'
import {
  CHECKPOINTS,
  type Checkpoint,
  checkpointKey,
  type DatasetState,
  newCheckpoint,
  noCounts,
  own,
  parseCheckpoint,
  type ShardId,
  unionOf,
} from './checkpoint.ts'
import { keepRuns } from './committed.ts'
import type { StreamClient } from './kinesis.ts'

/** What the commits of a beginning need. */
export interface Beginning {
  store: ObjectStore
  stream: StreamClient
  fence: (key: string) => Promise<Buffer>
  time: Pick<CommitOptions<Checkpoint>, 'now' | 'pause' | 'lease'>
  /** When the oldest of the records came that are to be added, as far as that is known. */
  arrived?: Date | undefined
}

/**
 * Makes a shard's checkpoint, where it has none: it begins with the chunks that its parents have
 * seen, and every shard of an earlier making of the stream; those are closed, so that no writer
 * which was paused on one of them can add what would be added here again.
 *
 * The record is put before the others are looked at. A writer of an earlier making that comes late
 * puts its own first, too, and looks then: so one of the two sees the other.
 *
 * @throws Busy where a writer is at work on one of them; Error where the stream was made anew, or
 *   the records are of an earlier making, whose shards of these names had other parents
 */
export async function begin(beginning: Beginning, id: ShardId): Promise<void> {
  await put(beginning, checkpointKey(id), async (state) => {
    if (state?.begun) return undefined
    if (!state) return newCheckpoint(id)
    const before = [...(await earlierMakings(beginning, id)), ...(await parents(beginning, id))]
    const closed = (await Promise.all(before.map((key) => close(beginning, key)))).flat()
    const objects = unionOf(closed.map((one) => one.objects))
    return { ...state, objects, datasets: watermarksOf(closed), begun: true }
  })
}

/** What is late for the newest making of those that were closed is late here, too. */
function watermarksOf(closed: Checkpoint[]): Checkpoint['datasets'] {
  const newest = closed
    .map(({ created }) => created)
    .toSorted()
    .at(-1)
  const datasets: Checkpoint['datasets'] = {}
  const states = closed.filter(({ created }) => created === newest)
  for (const [name, state] of states.flatMap((one) => Object.entries(one.datasets))) {
    const mark = (one: DatasetState | undefined) => BigInt(one?.watermark ?? -(2n ** 63n))
    const before = own(datasets, name)
    if (before && mark(before) <= mark(state)) continue
    datasets[name] = { ...state, counts: noCounts, windows: {} }
  }
  return datasets
}

async function put(
  { store, fence, time }: Beginning,
  record: string,
  next: (state: Checkpoint | null) => Promise<Checkpoint | undefined>,
): Promise<Checkpoint | null> {
  const target = async (standing: Checkpoint | null): Promise<Goal<Checkpoint> | undefined> => {
    const state = await next(standing)
    return state && { state: { ...state, commit: state.commit + 1 }, replaces: false, files: [] }
  }
  return (await commit({ store, record, parse: parseCheckpoint, target, fence, ...time })).state
}

/** The checkpoints of all shards of the streams of that name that were created before. */
async function earlierMakings({ store }: Beginning, id: ShardId): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(`${CHECKPOINTS}${id.stream}-`)) {
    const made = createdOf(key, id.stream)
    const own = createdOf(checkpointKey(id), id.stream) ?? ''
    if (made === undefined || made === own) continue
    if (made > own) {
      throw new Error(
        `stream ${id.stream} was made anew (${made}); this is of ${id.created}: end what reads ` +
          'it, or, where a clock was ahead, wait until then',
      )
    }
    keys.push(key)
  }
  return keys
}

/** `streaming_checkpoint/till-20261124T105500.123Z/shardId-….json` → `20261124T105500.123Z`. */
function createdOf(key: string, stream: string): string | undefined {
  const below = key.slice(CHECKPOINTS.length + stream.length + 1)
  return /^(\d{8}T\d{6}\.\d{3}Z)\/[^/]+\.json$/.exec(below)?.[1]
}

/** Parents that never had a record begin, too, only to be closed: they pass on what theirs saw. */
async function parents(beginning: Beginning, id: ShardId): Promise<string[]> {
  const shards = await beginning.stream.shards()
  const own = shards.find(({ id: shard }) => shard === id.shard)?.parents ?? []
  const { arrived } = beginning
  // Begun by these, it would close parents whose own records are still to come.
  if (own.length > 0 && arrived && arrived < new Date(id.created)) {
    throw new Error(
      `stream ${id.stream} was made anew (${id.created}), and these records came before ` +
        `(${arrived.toISOString()}): they are of another ${id.shard}`,
    )
  }
  const ids = own.map((shard) => ({ ...id, shard }))
  for (const parent of ids) await begin(beginning, parent)
  return ids.map(checkpointKey)
}

async function close(beginning: Beginning, key: string): Promise<Checkpoint[]> {
  const { store } = beginning
  // An intent without a state: its writer had not begun, and begins no more.
  if (!(await readRecord(store, key, parseCheckpoint))?.record.state) return []
  const state = await put(beginning, key, async (standing) => {
    if (!standing || standing.closed) return undefined
    await keepRuns(store, standing)
    return { ...standing, closed: true }
  })
  return state ? [state] : []
}
