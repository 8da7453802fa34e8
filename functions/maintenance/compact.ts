import { type CommitRecord, readRecord } from '../../core/commit/commit-record.ts'
import type { Contract } from '../../core/contract/contract.ts'
import { type Deadline, noDeadline } from '../../core/deadline.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { type StandingDataset, standingFiles } from '../../core/standing.ts'
import type { ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'
import {
  CHECKPOINTS,
  type Checkpoint,
  parseCheckpoint,
  shardStem,
} from '../../core/stream/checkpoint.ts'
import { compactionsFolder, parseCompaction } from '../../core/stream/compaction.ts'
import { PUBLISHED } from '../../core/stream/publication.ts'
import { recover } from '../../core/stream/recovery.ts'
import { contractOfDataset } from '../../core/stream/stream-catalog.ts'
import { streamFences } from '../../core/stream/stream-fence.ts'
import { eventsFolder, parseName } from '../../core/stream/stream-files.ts'
import { type Compacted, compactPartition } from './partition.ts'

/** Many small files of events → few: which partitions and files are taken. */

export interface CompactOptions {
  /** Only this dataset. */
  dataset?: string
  /** Every partition: also those whose time is not over, which get more files yet. */
  all?: boolean
  /** The clock. */
  now?: Date
  /** Files of fewer bytes are small. */
  smallerThan?: number
  /** A partition of fewer small files is left as it is. */
  atLeast?: number
  /** No further partition is begun after it. */
  deadline?: Deadline
}

type Rules = Required<Omit<CompactOptions, 'dataset'>>

/** Why a partition, or a dataset, was left when the deadline had passed. */
export const NO_TIME = 'there was no time for it: the next run goes on with it'

/**
 * Merges the small event files of closed partitions. Every partition that is done is committed; a
 * run that was ended by a fault is finished by the next one.
 *
 * @returns one entry for each partition that was changed, or was left though it has small files
 * @throws Refused for a dataset that no stream has; a fault of the store or the disk
 */
export async function compact(lake: Lake, options: CompactOptions = {}): Promise<Compacted[]> {
  const sizes = { smallerThan: 64 << 20, atLeast: 2 }
  const rules = { all: false, now: new Date(), ...sizes, deadline: noDeadline, ...options }
  await recover(lake)
  const shards = await readShards(lake.store)
  const datasets = new Set(shards.flatMap(({ state }) => Object.keys(state?.datasets ?? {})))
  if (options.dataset !== undefined && !datasets.has(options.dataset)) {
    const known = [...datasets].join(', ') || 'none yet'
    throw new Refused(`no stream has rows of ${options.dataset}; streamed datasets: ${known}`)
  }
  const done: Compacted[] = []
  for (const dataset of options.dataset === undefined ? datasets : [options.dataset]) {
    done.push(...(await compactDataset(lake, dataset, rules)))
  }
  return done
}

async function compactDataset(lake: Lake, dataset: string, rules: Rules): Promise<Compacted[]> {
  const { store } = lake
  if (rules.deadline.isOver()) return [leftAt(dataset, eventsFolder(dataset), NO_TIME)]
  const standing = await standingFiles(store, dataset)
  const small = await smallFiles(store, standing, rules)
  const unsettled = await unsettledFolders(store, dataset)
  if (small.length === 0 && unsettled.length === 0) return []
  const [newest] = standing.checkpoints.toSorted((a, b) => (a.updated < b.updated ? 1 : -1))
  const file = newest?.datasets[dataset]?.file
  const contract = await contractOfDataset(store, dataset, file)
  if (!contract) {
    const skipped = `${file ?? 'no descriptor'} has no valid contract of ${dataset}: mend it`
    return [leftAt(dataset, eventsFolder(dataset), skipped)]
  }
  const bytes = small.reduce((sum, { size }) => sum + size, 0)
  return lake.withScratch(bytes, async (scratch, duck) => {
    const fence = streamFences(store, { duck, folder: scratch }, () => newest)
    const empty = (await fence(`${eventsFolder(dataset)}/any.parquet`)).length
    // Nothing with rows has the size of a fence; if something had, it would only be left as it is.
    const taken = small.filter(({ size }) => size !== empty)
    const byFolder = Map.groupBy(taken, ({ key }) => key.slice(0, key.lastIndexOf('/')))
    for (const folder of byFolder.keys()) {
      if (!rules.all && !isClosed(folder, contract, standing)) byFolder.delete(folder)
    }
    const done: Compacted[] = []
    const skew = rules.now.getTime() - Date.now()
    const base = { lake, duck, scratch, dataset, contract, fence, now: () => Date.now() + skew }
    for (const folder of new Set([...unsettled, ...byFolder.keys()])) {
      const files = byFolder.get(folder) ?? []
      if (rules.deadline.isOver()) {
        done.push(leftAt(dataset, folder, NO_TIME))
        continue
      }
      const { atLeast } = rules
      const end = await compactPartition({ ...base, folder, files, atLeast: Math.max(2, atLeast) })
      if (end.before > 0 || end.skipped !== undefined) done.push(end)
    }
    return done
  })
}

function leftAt(dataset: string, folder: string, skipped: string): Compacted {
  return { dataset, folder, before: 0, after: 0, rows: 0, skipped }
}

/**
 * The small files of shards. Those of a shard's newest commit are left alone: a checkpoint that is
 * lost is made anew from their footers. The checkpoints are read after the files: what is newest by
 * now is newer than all those, or among them.
 */
async function smallFiles(store: ObjectStore, standing: StandingDataset, rules: Rules) {
  const shards = await readShards(store)
  const newest = new Set(shards.flatMap(({ files }) => files))
  const stems = new Set(shards.flatMap(({ state }) => (state ? shardStem(state) : [])))
  return standing.events.filter(({ key, size }: ObjectVersion) => {
    const name = parseName(key)
    return name && stems.has(name.stem) && !newest.has(key) && size < rules.smallerThan
  })
}

async function readShards(store: ObjectStore): Promise<CommitRecord<Checkpoint>[]> {
  const records: CommitRecord<Checkpoint>[] = []
  for await (const { key } of store.list(CHECKPOINTS)) {
    if (key.startsWith(PUBLISHED)) continue
    const held = await readRecord(store, key, parseCheckpoint)
    if (held) records.push(held.record)
  }
  return records
}

/** Where a compaction died: its files, or those that it stands for, are still to be buried. */
async function unsettledFolders(store: ObjectStore, dataset: string): Promise<string[]> {
  const folders: string[] = []
  for await (const { key } of store.list(compactionsFolder(dataset))) {
    const record = (await readRecord(store, key, parseCompaction))?.record
    const [left] = [...(record?.writing?.files ?? []), ...(record?.garbage ?? [])]
    if (left !== undefined) folders.push(left.slice(0, left.lastIndexOf('/')))
  }
  return folders
}

/** Whether every shard that is read has passed the end of the partition's time, if it has one. */
function isClosed(folder: string, contract: Contract, { checkpoints }: StandingDataset): boolean {
  const end = endOf(folder, contract)
  if (end === undefined) return true
  const open = checkpoints.filter(({ closed }) => !closed)
  return open.every(({ datasets }) => {
    const watermark = datasets[contract.dataset]?.watermark ?? undefined
    return watermark !== undefined && end <= BigInt(watermark)
  })
}

/** 400 years: `Date.UTC` takes years below 100 for those of the last century. */
const CYCLE = 146_097 * 86_400_000

/**
 * When the time that a folder's name says is over, in microseconds since 1970:
 * `year=2026/month=01` at the end of January. Undefined where it says none that has one end.
 */
function endOf(folder: string, { dataset, partitionBy, stream }: Contract): bigint | undefined {
  const values = folder.slice(eventsFolder(dataset).length + 1).split('/')
  const said = (part: string) => {
    const at = partitionBy.findIndex((one) => one.part === part && one.field === stream?.eventTime)
    const [, name, digits] = /^(\w+)=(\d+)$/.exec(values[at] ?? '') ?? []
    return name === part ? Number(digits) : undefined
  }
  const [year, month, day, hour] = [said('year'), said('month'), said('day'), said('hour')]
  if (year === undefined) return undefined
  const at = (...rest: [number, number?, number?]) => Date.UTC(year + 400, ...rest) - CYCLE
  if (month === undefined) return micros(at(12))
  if (day === undefined) return micros(at(month))
  return micros(hour === undefined ? at(month - 1, day + 1) : at(month - 1, day, hour + 1))
}

function micros(ms: number): bigint {
  return BigInt(ms) * 1000n
}
