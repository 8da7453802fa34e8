import type { Outcome } from '../core/outcome.ts'
import type { RowError } from '../core/rejects.ts'

/**
 * What the console's server and its page say to each other: JSON, one type for each answer. Types
 * alone: the page is a program of the browser. Times are ISO 8601, UTC.
 */

export type * from './dataset-shapes.ts'

/** An answer that could not be given: with status 400 (asked wrongly), 403, 404, 409 or 500. */
export interface Failure {
  /** What, where, what was allowed, what to do; no path of the machine. */
  error: string
}

/**
 * A page of a longer list; `next` asks for the one after it, and is null at the end. Where much had
 * to be looked through, a page has fewer rows than were asked for, or none, and a `next`.
 */
export interface Page<T> {
  rows: T[]
  next: string | null
}

/** GET /api/place: what this console looks at. */
export interface Place {
  /** `s3://bucket`, or the name of the folder alone. */
  lake: string
  version: string
  /** Whether this very process loads what is dropped; else whoever watches the lake does. */
  loads: boolean
  /** Bytes: a larger file is refused. */
  uploadLimit: number
}

export type Stage = Outcome['stage']

/** How many objects wait, are at work and have ended in a stage, since this process began. */
export interface StageNow {
  stage: Stage
  /** null: not known here, as another process does the work. */
  waiting: number | null
  running: { object: string; since: string }[] | null
  done: number
  failed: number
}

/** GET /api/flow, and the event `flow` of GET /api/live: all in one look. */
export interface Flow {
  stages: StageNow[]
  /** Records a second over the last ten seconds. */
  rate: number
  /** Objects of Bronze by how they stand in Postgres; those of a stream alone, there. */
  objects: { loaded: number; published: number; refused: number; held: number }
  /** Of those objects: the sums of the last line of `sluice status`. */
  records: { accepted: number; rejected: number; waiting: number; mended: number; all: number }
  /** By all shards of streams, whoever sent it; null where no stream was read yet. */
  committed: { records: number; accepted: number; rejected: number } | null
  /** Objects that lie in Bronze and that Postgres has not looked at in this version. */
  arriving: number | null
  /** How much of what was being done since the last rest is done, 0 to 1; null at rest. */
  progress: number | null
  /** When the newest end was. */
  at: string | null
}

/** Events of GET /api/live, by name. An `end` is told when an object has ended in a stage. */
export interface LiveEvents {
  flow: Flow
  end: Outcome & { at: string }
  /** Something else changed (a proposal, a descriptor, a checkpoint): views ask again. */
  changed: { what: 'proposal' | 'contract' | 'stream' }
}

/** How an object stands in one stage. */
export interface StageEnd {
  status: Outcome['status']
  reason: string | null
  records: number
  accepted: number
  rejected: number
  waiting: number
  mended: number
  /** The stage's own time. */
  seconds: number | null
  at: string | null
}

/** A row of GET /api/objects?search=&dataset=&status=&cursor=: newest end first. */
export interface ObjectRow {
  object: string
  dataset: string | null
  /** Bytes. */
  size: number | null
  at: string | null
  raw: StageEnd | null
  silver: StageEnd | null
  stream: StageEnd | null
}

export interface RuleCount {
  rule: string
  field: string | null
  records: number
}

/** GET /api/object?key= */
/** Why an object could not be loaded, how often, and when last. */
export interface LoadFailure {
  reason: string
  tries: number
  at: string
}

export interface ObjectDetail extends ObjectRow {
  /** Of its rows in Postgres, `_object_id`; null where the ledger does not know it. */
  id: number | null
  /** The table, and how many of its rows are this object's; null where there is no such table. */
  table: { name: string; rows: number | null } | null
  /** A SELECT of its rows, to be copied. */
  sql: string | null
  version: { etag: string; versionId: string | null; size: number; modified: string } | null
  contract: { file: string; hash: string } | null
  rules: RuleCount[]
  /** The stages that have not looked at it as it lies there, if any; and what has them do so. */
  unseen: { stages: Stage[]; changed: boolean; failure: LoadFailure | null; next: string } | null
  /** Parquet of Silver and quarantine. */
  files: { key: string; size: number; kind: 'silver' | 'quarantine' }[]
  /** Further files, of an object in very many partitions. */
  filesLeft?: number
  /** The object that its mended rows are in; or, of such a one, the object that they are of. */
  replay: string | null
  source: string | null
  /** The commit records as they stand: the ledger's row, the manifest, the publication. */
  commits: { stage: Stage; record: unknown }[]
}

export type RejectState = 'rejected' | 'waiting' | 'mended'

/** A row of GET /api/rejects?dataset=&object=&rule=&field=&search=&state=&cursor= */
export interface RejectRow {
  object: string | null
  dataset: string
  version: string | null
  record: number | null
  line: number
  /** The record as text, at most 10,000 characters of it. */
  text: string
  /** Labels of the header with the cells of this record, where it can be cut; else null. */
  cells: { label: string; value: string }[] | null
  errors: RowError[]
  /** Where it can be mended here; else why not. */
  mendable: true | string
  /** Of a stream. */
  shard?: string
  sequence?: string
}

/** GET /api/rejects/facets?dataset=&object=&state= */
export interface Facets {
  /** Of what is asked for; `datasets` are all, whichever is asked for. */
  total: number
  datasets: { dataset: string; records: number }[]
  /**
   * Of what is rejected as the objects were loaded, what is mended since among them; of streams, as
   * their newest files have it, and only where a dataset or an object is asked for.
   */
  rules: RuleCount[]
  /** Records that are not among those of `rules`, as counting them would take too long. */
  uncounted?: number
}

/** POST /api/replay/row */
export interface MendRow {
  object: string
  version: string
  record: number
  cells: { label: string; value: string }[]
}

/** What became of mended rows: of POST /api/replay/row, and POST /api/replay/file (text/csv). */
export interface Mended {
  went: number
  same: number
  stay: { object: string; line: number | null; record: number | null; errors: RowError[] }[]
  /** Replay objects that hold what went. */
  keys: string[]
}

/**
 * GET /api/drop/goal?tree=&package=&name= what would become of a file that is dropped so, as far as
 * its key tells. With status 400 why it would not be taken at all.
 */
export interface DropGoal {
  key: string
  /** `held`: no contract names it; `contract`: a descriptor, or a part of one. */
  becomes: 'loaded' | 'held' | 'refused' | 'contract'
  dataset: string | null
  /** Those that would take it. */
  stages: Stage[]
  load: 'append' | 'upsert' | 'replace' | null
  /** Of what is not loaded: why, and what to do. */
  why: string | null
  /** The file of this key that is there, which this one would replace as its newer version. */
  there: { size: number; modified: string } | null
  /** Of what would be held: other names below the package, and the dataset that takes each. */
  offers: { name: string; dataset: string }[]
  /** Bytes: a larger file is refused. */
  limit: number
}

/** POST /api/drop?package=&name=[&replaces=<etag>], its body the file; 409 where one is there. */
export interface DropAnswer {
  key: string
  etag: string
}
