import * as z from 'zod'
import { shortHash } from '../names.ts'
import { datasetFolder } from './stream-files.ts'

/**
 * The commit record of one partition's compaction. Its record names what compaction has made of the
 * partition; what that stands for is fenced, and stands on the record's garbage until it is.
 */
const compaction = z.object({
  dataset: z.string(),
  /** The folder: `streaming_results/till/receipts/events/day=03`. */
  folder: z.string(),
  /** Rows in what was made. */
  rows: z.number(),
})
export type Compaction = z.infer<typeof compaction>

export function parseCompaction(json: unknown): Compaction {
  return compaction.parse(json)
}

export function compactionsFolder(dataset: string): string {
  return `${datasetFolder(dataset)}/_compactions/`
}

export function compactionKey(dataset: string, folder: string): string {
  return `${compactionsFolder(dataset)}${shortHash(folder)}.json`
}

/** `compact-<partition>-<epoch>-<n>.parquet`: never a shard's. */
export function compactedName(folder: string, index: number): (epoch: number) => string {
  return (epoch) => `${folder}/compact-${shortHash(folder)}-${epoch}-${index}.parquet`
}
