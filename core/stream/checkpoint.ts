import * as z from 'zod'
import type { OpenWindow } from '../contract/window.ts'
import { shortHash } from '../names.ts'
import type { Chunk, End } from './chunk.ts'
import { added, type Intervals, union } from './intervals.ts'

/**
 * How far one shard of a stream has been committed, and all that must be known to go on from there.
 * It is the state of a commit record (commit-record.ts), so its position, its windows and the files
 * that belong to them become final in one step. Its size is bounded: by the limit of groups of the
 * open windows, and by the objects that are being published.
 */
export interface Checkpoint {
  stream: string
  /** When the stream was created: one of the same name that is made anew has other records. */
  created: string
  shard: string
  /** Grows with every commit: of two files of the same number, the later epoch's stands. */
  commit: number
  /** The sequence number of the last record that was committed; '' before the first. */
  position: string
  /** Whether it knows what its parents, and earlier makings of the stream, have seen. */
  begun: boolean
  /** Whether its children, or a stream that was made anew, have gone on from it: it is final. */
  closed: boolean
  /** When it was committed last. */
  updated: string
  /** By name. */
  datasets: Record<string, DatasetState>
  /** By the version of the object, those that are not yet there as a whole. */
  objects: Record<string, ObjectState>
  /** How many objects it saw become whole. */
  finished: number
  /** Kinesis records that were no rows at all, and kept in quarantine. */
  poison: number
  /**
   * What was committed last of other producers' records, by `shardStem` of the shard that they
   * stood in: the first and the last sequence number of what came in one piece (see committed.ts).
   */
  committed: Record<string, Runs>
}

export type Runs = [first: string, last: string][]

export interface DatasetState {
  /** The descriptor that its contract stands in. */
  file: string
  counts: StreamCounts
  /** The newest event time, microseconds since 1970 as a decimal integer; null before any. */
  newest: string | null
  /** Windows that end at or before it are closed, in the same unit; null before any. */
  watermark: string | null
  /** How far the watermark stays behind the newest event, in the same unit. */
  delay: number
  windows: Record<string, OpenWindow>
}

export interface StreamCounts {
  records: number
  accepted: number
  rejected: number
  /** Accepted rows that came after a window of theirs was closed, once for each window. */
  late: number
}

export interface ObjectState {
  object: string
  seen: Intervals
  /** How many chunks and records there are, when that is known. */
  chunks: number | null
  records: number
  /** Whether other shards may have some. */
  spread: boolean
  /** How many records were rejected, by chunk, where any were. */
  rejected: Record<string, number>
}

const whole = z.int().nonnegative()
const cell = z.string().nullable()
const column = z.object({ name: z.string(), type: z.string() })
const windowSchema = z.object({
  every: whole,
  groups: z.array(column),
  measures: z.array(column.extend({ merge: z.enum(['sum', 'min', 'max']) })),
  rows: z.array(z.array(cell)),
})
const datasetSchema = z.object({
  file: z.string(),
  counts: z.object({ records: whole, accepted: whole, rejected: whole, late: whole }),
  newest: cell,
  watermark: cell,
  delay: whole,
  windows: z.record(z.string(), windowSchema),
})
const objectSchema = z.object({
  object: z.string(),
  seen: z.array(z.tuple([whole, whole])),
  chunks: whole.nullable(),
  records: whole,
  spread: z.boolean(),
  rejected: z.record(z.string(), whole),
})
const checkpointSchema = z.object({
  stream: z.string(),
  created: z.string(),
  shard: z.string(),
  commit: whole,
  position: z.string().regex(/^\d*$/),
  begun: z.boolean(),
  closed: z.boolean(),
  updated: z.string(),
  datasets: z.record(z.string(), datasetSchema),
  objects: z.record(z.string(), objectSchema),
  finished: whole,
  poison: whole,
  committed: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))).default({}),
})

export function parseCheckpoint(json: unknown): Checkpoint {
  return checkpointSchema.parse(json)
}

/** Others wait so long (ms) for a writer that has gone; it renews its intent three times within. */
export const LEASE = 5_000

export const CHECKPOINTS = 'streaming_checkpoint/'

/** Which shard of which making of a stream. */
export interface ShardId {
  stream: string
  created: string
  shard: string
}

/** `streaming_checkpoint/till-20261124T105500.123Z/`: all shards of one making of a stream. */
export function checkpointFolder({ stream, created }: Omit<ShardId, 'shard'>): string {
  return `${CHECKPOINTS}${stream}-${created.replace(/[-:]/g, '')}/`
}

export function checkpointKey(id: ShardId): string {
  return `${checkpointFolder(id)}${id.shard}.json`
}

/**
 * The first part of the names of a shard's files: two streams may have shards of the same name,
 * and so have two makings of one.
 */
export function shardStem(id: ShardId): string {
  return `${shortHash(`${id.stream}/${id.created}`, 8)}-${id.shard}`
}

export function newCheckpoint(id: ShardId): Checkpoint {
  const { stream, created, shard } = id
  const nothing = { datasets: {}, objects: {}, finished: 0, poison: 0, committed: {} }
  const begin = {
    commit: 0,
    position: '',
    begun: false,
    closed: false,
    updated: new Date(0).toISOString(),
  }
  return { stream, created, shard, ...begin, ...nothing }
}

export const noCounts: StreamCounts = { records: 0, accepted: 0, rejected: 0, late: 0 }

const unseen = { seen: [], chunks: null, records: 0, spread: false, rejected: {} }

/** Notes one more chunk, or how many there are. */
export function noted(objects: Checkpoint['objects'], part: Chunk | End): Checkpoint['objects'] {
  const { object, version } = part
  const before = own(objects, version) ?? { object, ...unseen }
  const after =
    part.kind === 'end'
      ? { ...before, chunks: part.chunks, records: part.records, spread: part.spread }
      : { ...before, seen: added(before.seen, part.chunk) }
  return { ...objects, [version]: after }
}

/** What several shards have seen of the objects that are under way. */
export function unionOf(all: Checkpoint['objects'][]): Checkpoint['objects'] {
  const merged: Checkpoint['objects'] = {}
  for (const [version, state] of all.flatMap((objects) => Object.entries(objects))) {
    const before = own(merged, version)
    merged[version] = before
      ? {
          object: state.object,
          seen: union(before.seen, state.seen),
          chunks: state.chunks ?? before.chunks,
          records: Math.max(state.records, before.records),
          spread: state.spread || before.spread,
          rejected: { ...before.rejected, ...state.rejected },
        }
      : state
  }
  return merged
}

/** A member that is the record's own: names come from strangers, and every object has some. */
export function own<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
