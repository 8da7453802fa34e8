import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { commit, type Goal } from '../../core/commit/commit.ts'
import { readRecord } from '../../core/commit/commit-record.ts'
import type { Contract } from '../../core/contract/contract.ts'
import { DataError, type Duck } from '../../core/duck/duckdb.ts'
import { Busy, Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import type { LocalCopy, ObjectVersion } from '../../core/store/object-store.ts'
import {
  type Compaction,
  compactedName,
  compactionKey,
  parseCompaction,
} from '../../core/stream/compaction.ts'
import { mergeFiles, openReal } from './merge-files.ts'

/**
 * One partition's small files → few. What is made lies in pieces: a piece is one file with a commit
 * record of its own, which grows until it is full; then the next begins. A full one is final, so
 * everybody agrees which piece grows, two cannot take the same file, and no row is written again
 * and again while a partition grows.
 */

export interface Partition {
  lake: Lake
  duck: Duck
  scratch: string
  dataset: string
  contract: Contract
  folder: string
  /** Small files of shards that stood when they were looked for, fences among them. */
  files: ObjectVersion[]
  fence: (key: string) => Promise<Buffer>
  now: () => number
  /** Fewer files are left as they are; two or more. */
  atLeast: number
}

/** What became of one partition: files with rows that were taken, what is there instead. */
export interface Compacted {
  dataset: string
  folder: string
  before: number
  after: number
  rows: number
  /** Why it, or a part of it, was left as it is. */
  skipped?: string
}

/** A piece of so many bytes is full. The same for all, or two would take one file. */
const FULL = 64 << 20
/** What one commit takes: bytes on the local disk, and names on the record. */
const TOGETHER = { bytes: 512 << 20, files: 2_000 }

/**
 * Compacts until too few small files are left. What another writer is at, and what cannot be read
 * together, is left as it is.
 *
 * @throws a fault of the store or the disk
 */
export async function compactPartition(work: Partition): Promise<Compacted> {
  const { dataset, folder } = work
  const done: Compacted = { dataset, folder, before: 0, after: 0, rows: 0 }
  const pieces = new Map<number, number>()
  try {
    for (;;) {
      const { piece, unsettled } = await look(work)
      for (const record of unsettled) await settle(work, record, async () => undefined)
      const batch = await grow(work, piece)
      if (!batch) break
      done.before += batch.inputs.length + (batch.made && !pieces.has(piece) ? 1 : 0)
      pieces.set(piece, batch.goal.state.rows)
    }
  } catch (error) {
    if (![Busy, DataError, Refused].some((known) => error instanceof known)) throw error
    done.skipped = (error as Error).message
  }
  done.after = pieces.size
  done.rows = [...pieces.values()].reduce((sum, rows) => sum + rows, 0)
  return done
}

/** The key of a piece's record; `compactedName` has the piece as its number. */
export function pieceKey(dataset: string, folder: string, piece: number): string {
  return compactionKey(dataset, piece === 0 ? folder : `${folder}/#${piece}`)
}

interface Look {
  /** The piece that grows, and its file. */
  piece: number
  made: ObjectVersion | undefined
  /** What compaction has made dead, and may not have buried yet. */
  dead: Set<string>
  /** Records of full pieces with something to be buried. */
  unsettled: string[]
}

async function look({ lake: { store }, dataset, folder }: Partition): Promise<Look> {
  const dead = new Set<string>()
  const unsettled: string[] = []
  for (let piece = 0; ; piece++) {
    const key = pieceKey(dataset, folder, piece)
    const record = (await readRecord(store, key, parseCompaction))?.record
    for (const name of record?.garbage ?? []) dead.add(name)
    const [file] = record?.files ?? []
    const made = file === undefined ? undefined : await store.head(file)
    // A file that somebody removed is nothing to be replaced: the next piece begins.
    const isFull = file !== undefined && (made?.size ?? FULL) >= FULL
    if (!isFull) return { piece, made, dead, unsettled }
    if (record?.writing || (record?.garbage ?? []).length > 0) unsettled.push(key)
  }
}

type Target = (state: Compaction | null) => Promise<Goal<Compaction> | undefined>

async function settle(work: Partition, record: string, target: Target): Promise<boolean> {
  const { fence, now } = work
  const { store } = work.lake
  const done = await commit({ store, record, parse: parseCompaction, target, fence, now })
  // A plain glob sees those rows twice until they are buried.
  if (done.unburied) throw done.unburied
  return done.done === 'committed'
}

interface Batch {
  goal: Goal<Compaction>
  /** Of shards. */
  inputs: string[]
  made: ObjectVersion | undefined
}

/** Adds the next files to a piece, if there are enough; or buries what others left. */
async function grow(work: Partition, piece: number): Promise<Batch | undefined> {
  const asked: { batch: Batch | undefined } = { batch: undefined }
  const batches = join(work.scratch, 'batches')
  const target: Target = async (state) => {
    // Asked once more after its own commit: the next batch is another one's.
    if (asked.batch && asked.batch.goal.state === state) return undefined
    asked.batch = await nextBatch(work, piece, batches)
    return asked.batch?.goal
  }
  const record = pieceKey(work.dataset, work.folder, piece)
  const committed = await settle(work, record, target)
  await rm(batches, { recursive: true, force: true })
  if (!committed || !asked.batch) return undefined
  const taken = new Set(asked.batch.inputs)
  work.files = work.files.filter(({ key }) => !taken.has(key))
  return asked.batch
}

let rounds = 0

/**
 * Files that stand now, after the record was read. Only the partition's records make one dead, and
 * what they have made dead is on their garbage, or is a fence by now: another version than the one
 * that stood. So as long as nobody touches the record, what is opened here goes on standing.
 */
async function nextBatch(
  work: Partition,
  piece: number,
  folder: string,
): Promise<Batch | undefined> {
  const { store } = work.lake
  const { duck } = work
  const { piece: growing, dead, made } = await look(work)
  if (growing !== piece) return undefined
  for (;;) {
    const standing = work.files.filter(({ key }) => !dead.has(key))
    const some = firstOf(made ? [made, ...standing] : standing)
    if (some.length < work.atLeast) return undefined
    const copies = new Map<ObjectVersion, LocalCopy>()
    try {
      const real = await openReal({ store, duck }, some, copies)
      const gone = new Set(some.filter((version) => !real.has(version)))
      if (made && gone.has(made)) throw new Busy(`${made.key} is no longer ${made.etag}`)
      work.files = work.files.filter((version) => !gone.has(version))
      if (real.size < work.atLeast) continue
      const { path, rows } = await mergeFiles(work, real, join(folder, `${piece}-${rounds++}`))
      const inputs = [...real.keys()].filter((version) => version !== made).map(({ key }) => key)
      const files = [{ path, key: compactedName(work.folder, piece) }]
      const state = { dataset: work.dataset, folder: work.folder, rows }
      return { goal: { state, replaces: true, files, buries: inputs }, inputs, made }
    } catch (error) {
      // A file that was replaced while it was read may look broken: then that is what is wrong.
      for (const copy of copies.values()) await copy.verify()
      throw error
    } finally {
      for (const copy of copies.values()) await copy.release()
    }
  }
}

function firstOf(files: ObjectVersion[]): ObjectVersion[] {
  let bytes = 0
  const end = files.findIndex(({ size }, i) => {
    bytes += size
    return i >= TOGETHER.files || (i >= 2 && bytes > TOGETHER.bytes)
  })
  return end < 0 ? files : files.slice(0, end)
}
