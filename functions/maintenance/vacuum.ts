import { LIFETIME } from '../../core/commit/commit.ts'
import { type CommitRecord, readRecord } from '../../core/commit/commit-record.ts'
import { folderOf } from '../../core/commit/manifest.ts'
import { type Deadline, noDeadline } from '../../core/deadline.ts'
import { DataError, type Duck } from '../../core/duck/duckdb.ts'
import { Busy, Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { fileLiteral } from '../../core/names.ts'
import type { ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'
import {
  CHECKPOINTS,
  type Checkpoint,
  parseCheckpoint,
  shardStem,
} from '../../core/stream/checkpoint.ts'
import { PUBLISHED } from '../../core/stream/publication.ts'
import { parseName, partsOf, RESULTS } from '../../core/stream/stream-files.ts'
import { pieceKey } from './partition.ts'

/** What nobody needs any more, and nobody can come to need. */

export interface VacuumOptions {
  /** What was changed within so many ms is left alone. */
  graceMs?: number
  /** The clock. */
  now?: Date
  /** Tells what would be deleted, and deletes nothing. */
  dryRun?: boolean
  /** Nothing further is looked at after it. */
  deadline?: Deadline
}

/** The keys that were deleted. */
export interface Vacuumed {
  /** Files without a row, over names that are never used again. */
  fences: string[]
  /** Files of Silver that were never committed, and never can be. */
  orphans: string[]
  /** Of streams that were made anew. */
  checkpoints: string[]
  /** How many old files have no commit record, so that nothing can be said of them: they stay. */
  unknown: number
  /** How many of its four steps there was no time for, if for any. */
  left?: number
}

const DAY = 86_400_000
/** A writer gives up for good after its lifetime; twice that leaves room for clocks that differ. */
const LEAST = 2 * LIFETIME
/** No fence has so many bytes, whatever its columns. */
const FENCE_BYTES = 4 << 20

/**
 * Deletes fences, orphans of Silver and checkpoints of earlier makings of a stream, none of them
 * changed within the grace period. Whoever could put a file under a fence's name has given up by
 * then.
 *
 * @throws Refused for too short a grace period; a fault of the store
 */
export async function vacuum(lake: Lake, options: VacuumOptions = {}): Promise<Vacuumed> {
  const { graceMs = DAY, now = new Date(), dryRun = false, deadline = noDeadline } = options
  if (!(graceMs >= LEAST)) {
    const least = LEAST / 3_600_000
    throw new Refused(
      `a grace period of ${graceMs / 3_600_000} hours: at least ${least} are allowed`,
    )
  }
  const { store } = lake
  const before = new Date(now.getTime() - graceMs)
  const gone: Vacuumed = { fences: [], orphans: [], checkpoints: [], unknown: 0 }
  const shards = await readShards(store)
  const stems = new Set<string>()
  const trees = ['silver/', 'quarantine/', RESULTS]
  await lake.withScratch(0, async (_, duck) => {
    const judge = new Judge(store, duck, shards)
    for (let tree = trees[0]; tree !== undefined; trees.shift(), tree = trees[0]) {
      for await (const version of store.list(tree)) {
        if (deadline.isOver()) return
        if (!version.key.endsWith('.parquet')) continue
        const stem = parseName(version.key)?.stem
        if (stem !== undefined) stems.add(stem)
        const verdict = version.modified < before ? await judge.of(version) : 'stays'
        if (verdict === 'unknown') gone.unknown++
        else if (verdict !== 'stays') await remove(store, version, gone[verdict], dryRun)
      }
    }
  })
  // Of a checkpoint nobody knows whether it is needed until all files are looked at.
  if (trees.length > 0) return { ...gone, left: trees.length + 1 }
  for (const shard of shards.filter((one) => isLeft(one, shards, stems, before))) {
    await remove(store, shard.version, gone.checkpoints, dryRun)
  }
  return gone
}

/** Deleting has no condition, so the last look comes right before. */
async function remove(store: ObjectStore, judged: ObjectVersion, gone: string[], dryRun: boolean) {
  const { key, etag } = judged
  if (!dryRun) {
    if ((await store.head(key))?.etag !== etag) return
    await store.delete(key)
  }
  gone.push(key)
}

interface Shard {
  version: ObjectVersion
  stem: string
  state: Checkpoint
  record: CommitRecord<Checkpoint>
}

async function readShards(store: ObjectStore): Promise<Shard[]> {
  const shards: Shard[] = []
  for await (const listed of store.list(CHECKPOINTS)) {
    if (listed.key.startsWith(PUBLISHED)) continue
    const held = await readRecord(store, listed.key, parseCheckpoint)
    if (!held?.record.state) continue
    const { record, etag } = held
    const state = held.record.state
    shards.push({ version: { ...listed, etag }, stem: shardStem(state), state, record })
  }
  return shards
}

/** Whether a checkpoint is final, holds nothing that is still needed, and is of a stream of old. */
function isLeft(shard: Shard, shards: Shard[], stems: Set<string>, before: Date): boolean {
  const { state, record, version } = shard
  const { closed, objects, datasets, stream, created, updated } = state
  const isOld = version.modified < before && new Date(updated) < before
  const windows = Object.values(datasets).flatMap((dataset) => Object.values(dataset.windows))
  const isEmpty = windows.every(({ rows }) => rows.length === 0) && isNone(objects)
  const isSettled = !record.writing && record.garbage.length === 0
  const isAnew = shards.some((one) => one.state.stream === stream && one.state.created > created)
  return closed && isOld && isEmpty && isSettled && isAnew && !stems.has(shard.stem)
}

function isNone(objects: object): boolean {
  return Object.keys(objects).length === 0
}

type Verdict = 'fences' | 'orphans' | 'unknown' | 'stays'

/** A file's commit record, where it has one, and the epoch that its name carries. */
interface Owner {
  record: CommitRecord<unknown> | undefined
  epoch: number
  /** Its record names every file that stands; a stream's names the newest only. */
  isWhole: boolean
}

const SILVER = /^silver\/([^/]+\/[^/]+)\/(?:.+\/)?([0-9a-f]{16})-[0-9a-f]{16}-(\d+)-\d+\.parquet$/
const REJECTS = /^quarantine\/([^/]+\/[^/]+)\/([0-9a-f]{16})-[0-9a-f]{16}-(\d+)\.parquet$/
const COMPACTED = /^(.+)\/compact-[0-9a-f]{16}-(\d+)-(\d+)\.parquet$/
/** Records that are remembered: the files of one object lie in several folders. */
const REMEMBERED = 10_000

class Judge {
  readonly #store: ObjectStore
  readonly #duck: Duck
  readonly #shards: Map<string, CommitRecord<unknown>>
  readonly #known = new Map<string, CommitRecord<unknown> | undefined>()

  constructor(store: ObjectStore, duck: Duck, shards: Shard[]) {
    this.#store = store
    this.#duck = duck
    this.#shards = new Map(shards.map(({ stem, record }) => [stem, record]))
  }

  async of(version: ObjectVersion): Promise<Verdict> {
    const { key, size } = version
    const { record, epoch, isWhole } = await this.#ownerOf(key)
    if (!record) return 'unknown'
    const { files, writing, garbage } = record
    // Dead names are buried by their own record first, whatever lies there now.
    if ([files, writing?.files ?? [], garbage].some((names) => names.includes(key))) return 'stays'
    const rows = size < FENCE_BYTES ? await this.#rowsOf(version) : 1
    if (rows === 0) return 'fences'
    if (rows === undefined) return 'unknown'
    return isWhole && epoch <= record.epoch ? 'orphans' : 'stays'
  }

  async #ownerOf(key: string): Promise<Owner> {
    const [, folder, object, silverEpoch] = SILVER.exec(key) ?? REJECTS.exec(key) ?? []
    if (folder !== undefined) {
      const manifest = `${folderOf('silver', folder)}/_manifests/${object}.json`
      const record = await this.#read(manifest)
      return { record, epoch: Number(silverEpoch), isWhole: true }
    }
    const shard = parseName(key)
    if (shard) {
      return { record: this.#shards.get(shard.stem), epoch: shard.epoch, isWhole: false }
    }
    const [, partition, epoch, piece] = COMPACTED.exec(key) ?? []
    if (partition === undefined) return { record: undefined, epoch: 0, isWhole: false }
    const record = await this.#read(pieceKey(partsOf(key).dataset, partition, Number(piece)))
    return { record, epoch: Number(epoch), isWhole: false }
  }

  async #read(record: string): Promise<CommitRecord<unknown> | undefined> {
    if (this.#known.has(record)) return this.#known.get(record)
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    const found = (await readRecord(this.#store, record))?.record
    this.#known.set(record, found)
    return found
  }

  /** Undefined where that cannot be told: the file is no Parquet, or was changed just now. */
  async #rowsOf(version: ObjectVersion): Promise<number | undefined> {
    try {
      const copy = await this.#store.open(version)
      try {
        const metadata = `parquet_file_metadata(${fileLiteral(copy.path)})`
        const [[rows] = []] = await this.#duck.all(`SELECT num_rows FROM ${metadata}`)
        await copy.verify()
        return Number(rows)
      } finally {
        await copy.release()
      }
    } catch (error) {
      if (error instanceof Busy || error instanceof DataError) return undefined
      throw error
    }
  }
}
