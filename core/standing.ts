import { type CommitRecord, readRecord } from './commit/commit-record.ts'
import type { ObjectStore, ObjectVersion } from './store/object-store.ts'
import { CHECKPOINTS, type Checkpoint, parseCheckpoint, shardStem } from './stream/checkpoint.ts'
import { compactionsFolder, parseCompaction } from './stream/compaction.ts'
import { PUBLISHED } from './stream/publication.ts'
import { datasetFolder, parseName, quarantineFolder } from './stream/stream-files.ts'

/**
 * What a streamed dataset is at one moment: the files that were committed by then, fences among
 * them, and the windows that were open. A plain glob sees the same once every writer has ended;
 * this does at any time, while batches are appended and files compacted.
 */
export interface StandingDataset {
  /** Below `events/`. */
  events: ObjectVersion[]
  /** Below `windows/<name>/`. */
  windows: Map<string, ObjectVersion[]>
  /** Of every shard that has the dataset. */
  checkpoints: Checkpoint[]
}

type Records = Map<string, { etag: string; record: CommitRecord<Checkpoint> }>

/** Compaction takes seconds a partition: one that goes on and on is not met so often. */
const LOOKS = 20

/**
 * Every checkpoint is read first and makes a cut: a file counts if its commit is in it. Of what
 * compaction does, either all is seen or nothing, or all is looked at again.
 */
export async function standingFiles(store: ObjectStore, dataset: string): Promise<StandingDataset> {
  for (let look = 0; look < LOOKS; look++) {
    // Compactions first: what they stand for by then was committed before the cut.
    const compactions = await compactionsOf(store, dataset)
    const records = await recordsByStem(store)
    const found: ObjectVersion[] = []
    for await (const version of store.list(`${datasetFolder(dataset)}/`)) {
      if (counts(version.key, records, compactions)) found.push(version)
    }
    if ((await compactionsOf(store, dataset)).etags === compactions.etags) {
      return sorted(dataset, found, records)
    }
  }
  throw new Error(`${dataset} is being compacted again and again; try later`)
}

/** The files of a dataset's quarantine by the same cut: of its streams, and never compacted. */
export async function standingRejects(
  store: ObjectStore,
  dataset: string,
): Promise<ObjectVersion[]> {
  const records = await recordsByStem(store)
  const compactions = { etags: '', made: new Set<string>(), dead: new Set<string>() }
  const found: ObjectVersion[] = []
  for await (const version of store.list(`${quarantineFolder(dataset)}/`)) {
    if (counts(version.key, records, compactions)) found.push(version)
  }
  return found
}

interface Compactions {
  etags: string
  /** What compaction has made, and what it has made dead. */
  made: Set<string>
  dead: Set<string>
}

function counts(key: string, records: Records, compactions: Compactions): boolean {
  if (!key.endsWith('.parquet') || compactions.dead.has(key)) return false
  const name = parseName(key)
  if (!name) return compactions.made.has(key)
  const record = records.get(name.stem)?.record
  // Without a checkpoint there is no cut; `recover` sees to that.
  if (!record) return true
  if (name.epoch > record.epoch || record.garbage.includes(key)) return false
  return !record.writing?.files.includes(key)
}

/** Every checkpoint as it stands, by what the names of its shard's files begin with. */
export async function recordsByStem(store: ObjectStore): Promise<Records> {
  const records: Records = new Map()
  for await (const { key } of store.list(CHECKPOINTS)) {
    if (key.startsWith(PUBLISHED)) continue
    const held = await readRecord(store, key, parseCheckpoint)
    if (held?.record.state) records.set(shardStem(held.record.state), held)
  }
  return records
}

async function compactionsOf(store: ObjectStore, dataset: string): Promise<Compactions> {
  const all: Compactions = { etags: '', made: new Set(), dead: new Set() }
  for await (const { key } of store.list(compactionsFolder(dataset))) {
    const held = await readRecord(store, key, parseCompaction)
    if (!held) continue
    all.etags += `${key} ${held.etag}\n`
    for (const file of held.record.files) all.made.add(file)
    for (const file of held.record.garbage) all.dead.add(file)
  }
  return all
}

function sorted(dataset: string, found: ObjectVersion[], records: Records): StandingDataset {
  const base = `${datasetFolder(dataset)}/`
  const kindOf = ({ key }: ObjectVersion) => key.slice(base.length).split('/')
  const windows = found.filter((version) => kindOf(version)[0] === 'windows')
  const states = [...records.values()].flatMap(({ record }) => record.state ?? [])
  return {
    events: found.filter((version) => kindOf(version)[0] === 'events'),
    windows: Map.groupBy(windows, (version) => kindOf(version)[1] ?? ''),
    checkpoints: states.filter(({ datasets }) => datasets[dataset]),
  }
}
