import * as z from 'zod'
import type { Duck } from '../duck/duckdb.ts'
import { fileLiteral, literal } from '../names.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { type Checkpoint, parseCheckpoint, type ShardId, shardStem } from './checkpoint.ts'

/**
 * The names of what a stream becomes. A name is made of the shard, the sequence numbers of the
 * records in it and the epoch of the commit, so it means the same rows for ever, or a fence:
 *
 *     streaming_results/till/receipts/events/day=03/1b9a04c7-shardId-…01-4950…-4961…-12-0.parquet
 *     streaming_results/till/receipts/windows/revenue/1b9a04c7-shardId-…01-…-12-1.parquet
 *     quarantine/till/receipts/stream/1b9a04c7-shardId-…01-4950…-4961…-12-2.parquet
 */
export interface StreamFileName {
  /** `shardStem` of the shard. */
  stem: string
  first: string
  last: string
  epoch: number
}

export const RESULTS = 'streaming_results/'
/** Records that name no dataset that there is; no dataset's folder begins so. */
export const UNKNOWN = '_unknown'

export function datasetFolder(dataset: string): string {
  return `${RESULTS}${dataset.replace('.', '/')}`
}

export function eventsFolder(dataset: string): string {
  return `${datasetFolder(dataset)}/events`
}

export function windowFolder(dataset: string, window: string): string {
  return `${datasetFolder(dataset)}/windows/${window}`
}

export function quarantineFolder(dataset: string): string {
  return `quarantine/${dataset.replace('.', '/')}/stream`
}

/** What a key below the results or the quarantine of streams is of. */
export function partsOf(key: string): {
  tree: 'events' | 'windows' | 'quarantine'
  dataset: string
  window: string | undefined
} {
  const [tree, schema, table, kind, name] = key.split('/')
  const dataset = `${schema}.${table}`
  if (tree === 'quarantine') return { tree, dataset, window: undefined }
  if (kind === 'windows') return { tree: kind, dataset, window: name }
  return { tree: 'events', dataset, window: undefined }
}

/** The name of a shard's file, as a function of the epoch that its commit gets. */
export function nameOf(
  id: ShardId,
  slice: { first: string; last: string },
): (index: number) => (epoch: number) => string {
  const stem = `${shardStem(id)}-${slice.first}-${slice.last}`
  return (index) => (epoch) => `${stem}-${epoch}-${index}.parquet`
}

/** @returns undefined for the name of anything else: what compaction made, a stranger's file */
export function parseName(key: string): StreamFileName | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1)
  const found = /^([0-9a-f]{8}-.+)-(\d*)-(\d*)-(\d+)-\d+\.parquet$/.exec(name)
  if (!found) return undefined
  const [, stem = '', first = '', last = '', epoch = ''] = found
  return { stem, first, last, epoch: Number(epoch) }
}

/** What every file of a commit says in its footer, so that a lost checkpoint can be made anew. */
export interface Footer {
  /** How many files the commit has; 0 where that was not known when it was written. */
  files: number
  checkpoint: Checkpoint
}

/** The option of COPY that writes it. */
export function footerOption(footer: Footer): string {
  return `, KV_METADATA {sluice: ${literal(JSON.stringify(footer))}}`
}

/** How many rows a file has, and its footer, if it has one of ours. */
export async function readFooter(
  store: ObjectStore,
  duck: Duck,
  version: ObjectVersion,
): Promise<{ rows: number; footer: Footer | undefined }> {
  const copy = await store.open(version)
  try {
    const path = fileLiteral(copy.path)
    const [[rows = 0] = []] = await duck.all(`SELECT num_rows FROM parquet_file_metadata(${path})`)
    const [[text] = []] = await duck.all(`SELECT decode(value) FROM parquet_kv_metadata(${path})
      WHERE decode(key) = 'sluice'`)
    const json = typeof text === 'string' ? footerSchema.safeParse(JSON.parse(text)) : undefined
    return { rows: Number(rows), footer: json?.data }
  } catch (error) {
    // In a folder the file may have become a fence while it was read: then this says so.
    await copy.verify()
    throw error
  } finally {
    await copy.release()
  }
}

const footerSchema = z.object({
  files: z.int(),
  checkpoint: z.unknown().transform(parseCheckpoint),
})
