/** What the stack is made of, as plain data: names, prefixes, limits. It imports nothing. */

/** What one function may use, and what its work may take of it. */
export interface Limits {
  /**
   * MB; 1,769 are one vCPU:
   * https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
   */
  memory: number
  /** MB of /tmp, where an object is copied, unpacked and spilled. */
  disk: number
  /** Seconds of one invocation, 900 at most. */
  timeout: number
  /** DuckDB's own share of the memory, in MB. */
  duckMemory: number
  /** DuckDB's threads for a large object. */
  threads: number
}

/** What a function may do below which prefixes of the lake. */
export interface Access {
  reads: string[]
  /** Where it reads the very version that it has seen, though another one be current by then. */
  pins: string[]
  /** What is written where it pins are files, which may go up in parts. */
  writes: string[]
  /** Whole patterns of single objects that it writes beside those it reads. */
  puts?: string[]
  /** Whole patterns, which leave out what is never deleted: commit records, and runs. */
  deletes?: string[]
}

/** A Lambda function. */
export interface FunctionShape {
  /** The `service` of its logs and metrics. */
  service: string
  bundle: string
  handler: string
  limits: Limits
}

/** A stage that takes events of objects through a queue of its own. */
export interface StageShape extends FunctionShape {
  /** Of the resources, in the form of CloudFormation's logical ids. */
  id: 'RawIngestion' | 'Silver' | 'Publish'
  /** What the keys of its objects begin with; its rule asks for these. */
  prefixes: string[]
  access: Access
  /** Whether records are judged here: the others pass them on. */
  loads: boolean
  /** Invocations at once: for raw-ingestion, what the database bears. */
  concurrency: number
}

/**
 * Measured: silver takes 1 GB of CSV in 13 s with one thread and in 7 s with two, for the same
 * price, and has at most 0.9 GB of memory at work; what is small mostly waits for S3, and is
 * cheaper by less memory.
 */
const wide: Limits = { memory: 1769, disk: 10_240, timeout: 900, duckMemory: 768, threads: 1 }
const narrow: Limits = { ...wide, disk: 2_048 }
const light: Limits = { memory: 512, disk: 512, timeout: 300, duckMemory: 0, threads: 1 }

/**
 * Bytes of text above which a function refuses an object: its disk holds the object as it came,
 * unpacked, and what is made of it; and half of its time must be enough (docs/operations.md has the
 * measured seconds for each GB).
 */
export function limitBytes({ disk }: Limits): number {
  return Math.floor((disk * 2 ** 20) / 2.5)
}

export const rawIngestion: StageShape = {
  id: 'RawIngestion',
  service: 'raw-ingestion',
  prefixes: ['bronze/'],
  bundle: 'raw-ingestion',
  handler: 'index.handler',
  limits: wide,
  access: {
    ...{ reads: ['bronze/'], pins: ['bronze/'], writes: [] },
    // What it proposes for files that no contract names (core/proposal.ts).
    puts: ['bronze/*/datapackage.proposed.yaml'],
  },
  loads: true,
  concurrency: 5,
}

export const silver: StageShape = {
  id: 'Silver',
  service: 'silver',
  prefixes: ['bronze/'],
  bundle: 'silver',
  handler: 'index.handler',
  limits: wide,
  access: {
    reads: ['bronze/', 'silver/', 'quarantine/'],
    pins: ['bronze/', 'silver/', 'quarantine/'],
    writes: ['silver/', 'quarantine/'],
  },
  loads: true,
  concurrency: 10,
}

export const publish: StageShape = {
  id: 'Publish',
  service: 'publish',
  prefixes: ['bronze/', 'streaming/'],
  bundle: 'streaming',
  handler: 'index.publishHandler',
  limits: narrow,
  access: {
    // What a stream has become is read to make a lost checkpoint anew (core/mend.ts).
    reads: [
      ...['bronze/', 'streaming/', 'streaming_checkpoint/'],
      ...['streaming_results/', 'quarantine/*/stream/'],
    ],
    pins: ['bronze/', 'streaming/'],
    writes: ['streaming_checkpoint/'],
  },
  loads: false,
  concurrency: 5,
}

export const objectStages: StageShape[] = [rawIngestion, silver, publish]

const streamed = ['streaming_results/', 'streaming_checkpoint/', 'quarantine/']

export const append = {
  service: 'append',
  bundle: 'streaming',
  handler: 'index.handler',
  limits: narrow,
  access: {
    reads: ['bronze/', 'streaming/', ...streamed],
    pins: ['streaming_results/', 'quarantine/'],
    writes: streamed,
  },
  /** Kinesis records of one batch, and seconds that a batch may be gathered. */
  batch: 500,
  window: 5,
  /**
   * Hours that the stream keeps a record, and that a failing batch is tried: it goes to the failed
   * batches, payload and all, before the stream forgets it.
   */
  retention: 168,
  retries: 160,
}

export const maintenance = {
  service: 'maintenance',
  bundle: 'maintenance',
  handler: 'index.handler',
  limits: wide,
  access: {
    reads: ['bronze/', 'streaming/', 'silver/', ...streamed],
    pins: ['streaming_results/'],
    writes: streamed,
    deletes: [
      ...['silver/*.parquet', 'quarantine/*.parquet', 'streaming_results/*.parquet'],
      'streaming_checkpoint/*/shardId-*.json',
    ],
  },
  /** CloudWatch's rate or cron expressions. */
  schedules: { tick: 'rate(1 minute)', compact: 'rate(1 hour)', vacuum: 'cron(30 3 * * ? *)' },
}

/** What a deployment does once; it may write contracts alone. */
export const setup = {
  service: 'setup',
  bundle: 'setup',
  handler: 'index.handler',
  limits: light,
  /** Where the stack's contracts go. */
  roots: ['bronze/', 'streaming/'],
  descriptors: ['datapackage.yaml', 'datapackage.yml', 'datapackage.json'],
}

/**
 * Of one invocation of a stage: a function that is killed takes no other message with it, and none
 * is received in vain.
 */
export const messages = 1

/**
 * A message that fails is given back after so many seconds, then after twice as long, up to 15
 * minutes: in all some 3 hours, in which a database can be upgraded.
 */
export const retry = { seconds: 2, receives: 24 }

/** Days. */
export const keep = {
  logs: 90,
  deadLetters: 14,
  bronzeVersions: 90,
  versions: 7,
  /** One is written for each batch. */
  checkpointVersions: 3,
  redriven: 30,
}
