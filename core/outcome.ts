/** What became of one object in one stage: a line of `--json`, a row of the table. */
export interface Outcome {
  stage: 'raw-ingestion' | 'silver' | 'streaming'
  /** The key below the lake. */
  object: string
  dataset: string | undefined
  status: 'loaded' | 'published' | 'unchanged' | 'refused' | 'held' | 'failed'
  /** Why, of the last three; of `loaded` what else is worth knowing. */
  reason: string | undefined
  records: number
  accepted: number
  rejected: number
  /** Rows that wait for their parent, in Postgres. */
  waiting: number
  /** Rejected once, and mended since: their rows are those of another object (see replay.ts). */
  mended?: number | null
  /** The stage's own time for this object. */
  seconds: number
}

export type Counts = Pick<Outcome, 'records' | 'accepted' | 'rejected' | 'waiting'>

export const none: Counts = { records: 0, accepted: 0, rejected: 0, waiting: 0 }

/** What became of a batch of one shard of a stream. */
export interface Appended {
  shard: string
  /** Up to which sequence number all is committed; '' where nothing is. */
  position: string
  records: number
  accepted: number
  rejected: number
  /** Kinesis records that could not be read. */
  poison: number
}
