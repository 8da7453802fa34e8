import type { DatasetStatus, ShardStatus } from '../core/stream/stream-status.ts'
import type { RuleCount } from './shapes.ts'

/** Answers about datasets, proposals, streams and queries: a part of shapes.ts. */

/** GET /api/datasets */
export interface DatasetRow {
  /** `shop.orders` */
  dataset: string
  /** `bronze/shop/datapackage.yaml` */
  file: string | null
  /** Why its contract cannot be used. */
  broken: string | null
  load: string | null
  streamed: boolean
  windows: string[]
  objects: number
  records: number
  accepted: number
  rejected: number
  waiting: number
  mended: number
  held: number
  refused: number
  at: string | null
}

/** What a contract says, as a person would. */
export interface ContractWords {
  file: string
  hash: string
  /** One a sentence: which files, how rows are loaded, keys, partitions, limits, windows. */
  sentences: string[]
  fields: { name: string; column: string; type: string; rules: string[]; nullable: boolean }[]
}

/** GET /api/dataset?name= */
export interface DatasetDetail extends DatasetRow {
  contract: ContractWords | null
  /** Of its objects, oldest first, at most 200: for a chart. */
  quality: { object: string; at: string; records: number; accepted: number; rules: RuleCount[] }[]
  /** Headers that were not as the contract has them, newest first. */
  drift: { object: string; at: string | null; told: string }[]
  /** Held or refused objects with why. */
  stuck: { object: string; status: string; reason: string | null }[]
}

/** A row of GET /api/columns?dataset=, of Silver, as SUMMARIZE has it: values as text. */
export interface ColumnStats {
  name: string
  type: string
  min: string | null
  max: string | null
  distinct: number | null
  /** Percent of rows. */
  nulls: number | null
  mean: string | null
}

/** A row of GET /api/proposals: what is proposed for held files of a package. */
export interface ProposalRow {
  /** `shop`, as `sluice accept` takes it. */
  package: string
  key: string
  etag: string
  /** The descriptor that it would be, or be added to. */
  descriptor: string
  /** Held files that it names. */
  files: string[]
  /** What was found in each; null where it was edited since, so that it may be so no more. */
  remarks: { key: string; text: string }[] | null
  /** Files for which there is none, and why; of nothing else, where `diff` is empty. */
  without: { key: string; why: string }[]
  /** Lines of the descriptor as it would be: `+` new, `-` gone, ` ` as it stands. */
  diff: { mark: '+' | '-' | ' '; text: string }[]
  /** Why it cannot be accepted as it stands. */
  broken: string | null
}

/** POST /api/accept {package, etag}: 409 where the proposal is another by now. */
export interface AcceptAnswer {
  file: string
  resources: string[]
  keys: string[]
}

/** GET /api/streams */
export interface StreamsAnswer {
  shards: (ShardStatus & {
    /**
     * Milliseconds that the oldest record which is not committed has waited, 0 where there is none;
     * null where the stream cannot be asked.
     */
    lag: number | null
    /** Records a second, between the last two looks; null at the first. */
    rate: number | null
  })[]
  datasets: Omit<DatasetStatus, 'updated'>[]
  /** Why a stream did not answer that was asked how far behind it is; null where none failed. */
  unasked: string | null
}

/** GET /api/window?dataset=&name=: the newest 500 windows, oldest first. */
export interface WindowAnswer {
  groups: string[]
  measures: string[]
  rows: {
    start: string
    end: string
    late: boolean
    open: boolean
    /** Values of groups and measures, as text. */
    values: (string | null)[]
  }[]
}

/** GET /api/tables: what can be asked. */
export interface TableRow {
  name: string
  columns: { name: string; type: string }[]
}

/** POST /api/query {sql, limit?}: values as text or null, as DuckDB writes them. */
export interface QueryAnswer {
  columns: { name: string; type: string }[]
  rows: (string | null)[][]
  /** Whether there are more rows than were given. */
  cut: boolean
  seconds: number
}
