import { readRecord } from '../commit/commit-record.ts'
import type { Outcome } from '../outcome.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type Checkpoint, type DatasetState, type noCounts, parseCheckpoint } from './checkpoint.ts'
import {
  isDone,
  outcomeOf,
  PUBLISHED,
  type Publication,
  parsePublication,
  shardRecords,
} from './publication.ts'

/** How the streams of a lake stand: objects that were published, and shards. */

/** One shard of one making of a stream, as its checkpoint says. */
export interface ShardStatus {
  stream: string
  created: string
  shard: string
  /** Others have gone on from it. */
  closed: boolean
  position: string
  updated: string
  records: number
  accepted: number
  rejected: number
  late: number
  poison: number
  /** Groups of windows that are open. */
  open: number
  /** Objects that are not yet there as a whole. */
  objects: number
  /** The lowest watermark of its datasets, ISO 8601; null before any event. */
  watermark: string | null
  /** Bytes of the checkpoint, which are bounded by `open` and `objects`. */
  bytes: number
}

/** What became of every object that was ever published. */
export async function publicationsIn(store: ObjectStore): Promise<Publication[]> {
  const states: Publication[] = []
  for await (const { key } of store.list(PUBLISHED)) {
    const state = (await readRecord(store, key, parsePublication))?.record.state
    if (state) states.push(state)
  }
  return states
}

/**
 * Objects that are gone, deleted or renamed, while a part of them only may be committed: their
 * publication began into another making of the stream, and cannot be done again.
 *
 * @param now the stream that is read now: what was sent to it is still to come
 */
export async function lostObjects(
  store: ObjectStore,
  now: { name: string; created: string },
): Promise<Outcome[]> {
  const lost: Outcome[] = []
  for await (const { key } of store.list(PUBLISHED)) {
    const state = (await readRecord(store, key, parsePublication))?.record.state
    if (!state || ['published', 'refused'].includes(state.status)) continue
    const isOnItsWay = state.status === 'sent' && isDone(state, now.name, now.created)
    if (isOnItsWay || (await store.head(state.object))) continue
    const reason = 'it is gone, and only a part of it may be committed: put it back under this key'
    lost.push({ ...outcomeOf(state), status: 'failed', reason })
  }
  return lost
}

/** One streamed dataset, over all shards that ever had it. */
export interface DatasetStatus {
  dataset: string
  records: number
  accepted: number
  rejected: number
  late: number
  /** The lowest of the shards that are not closed, ISO 8601; null before any event. */
  watermark: string | null
  /** Names of windows that are open, or were. */
  windows: string[]
  /** When a shard that has it was committed last. */
  updated: string
}

export async function shardStatuses(store: ObjectStore): Promise<ShardStatus[]> {
  return (await streamStatus(store)).shards
}

/** How all shards stand, and what they have of each dataset. */
export async function streamStatus(
  store: ObjectStore,
): Promise<{ shards: ShardStatus[]; datasets: DatasetStatus[] }> {
  const shards: ShardStatus[] = []
  const parts: Part[] = []
  for await (const { key, size } of shardRecords(store)) {
    const state = (await readRecord(store, key, parseCheckpoint))?.record.state
    if (!state) continue
    shards.push(statusOf(state, size))
    for (const [dataset, part] of Object.entries(state.datasets)) {
      parts.push({ dataset, part, closed: state.closed, updated: state.updated })
    }
  }
  const byName = Map.groupBy(parts, ({ dataset }) => dataset)
  return { shards, datasets: [...byName].map(([name, all]) => datasetStatus(name, all)) }
}

interface Part extends Pick<Checkpoint, 'closed' | 'updated'> {
  dataset: string
  part: DatasetState
}

function datasetStatus(dataset: string, all: Part[]): DatasetStatus {
  const sum = (name: keyof typeof noCounts) =>
    all.reduce((total, { part }) => total + part.counts[name], 0)
  return {
    dataset,
    ...{ records: sum('records'), accepted: sum('accepted') },
    ...{ rejected: sum('rejected'), late: sum('late') },
    watermark: lowest(all.filter(({ closed }) => !closed).map(({ part }) => part.watermark)),
    windows: [...new Set(all.flatMap(({ part }) => Object.keys(part.windows)))].toSorted(),
    updated: all
      .map((one) => one.updated)
      .toSorted()
      .at(-1)!,
  }
}

/** Microseconds since 1970, each a decimal integer; as ISO 8601. */
function lowest(marks: (string | null)[]): string | null {
  const all = marks.flatMap((mark) => (mark === null ? [] : [BigInt(mark)]))
  const [least] = all.toSorted((a, b) => (a < b ? -1 : 1))
  return least === undefined ? null : new Date(Number(least / 1000n)).toISOString()
}

function statusOf(state: Checkpoint, bytes: number): ShardStatus {
  const { stream, created, shard, closed, position, updated, poison } = state
  const datasets = Object.values(state.datasets)
  const sum = (name: keyof typeof noCounts) =>
    datasets.reduce((total, { counts }) => total + counts[name], 0)
  const groups = datasets.flatMap(({ windows }) => Object.values(windows))
  return {
    ...{ stream, created, shard, closed, position, updated },
    ...{ records: sum('records'), accepted: sum('accepted'), rejected: sum('rejected') },
    ...{ late: sum('late'), poison, bytes },
    open: groups.reduce((total, { rows }) => total + rows.length, 0),
    objects: Object.keys(state.objects).length,
    watermark: lowest(datasets.map(({ watermark }) => watermark)),
  }
}
