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
  /** Prefixes of other files that it writes, which may go up in parts, too. */
  uploads?: string[]
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
  /** Whether rows are staged in the lake, for a database that fetches them. */
  stages?: boolean
  /** Invocations at once: for raw-ingestion, what the database bears in connections, or in ACUs. */
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
 * unpacked, and what is made of it; where rows are staged, those once more. And half of its time
 * must be enough (docs/operations.md has the measured seconds for each GB).
 */
export function limitBytes({ disk }: Limits, stages = false): number {
  return Math.floor((disk * 2 ** 20) / (stages ? 3.5 : 2.5))
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
    // What it proposes for files that no contract names (core/infer/proposal.ts).
    puts: ['bronze/*/datapackage.proposed.yaml'],
  },
  loads: true,
  // Of Postgres by URL, 10 connections. Of Aurora, whose 4 ACUs are some one core, a fifth of it
  // each: a part of 48 MB is to be fetched within the 45 s that a call of the Data API may last.
  concurrency: 5,
}

/**
 * Where rows lie that a database fetches (core/database/staging.ts): for days, if their function
 * died.
 */
export const staging = { prefix: 'staging/', days: 1 }

/** Raw-ingestion for such a database. */
export const stagedIngestion: StageShape = {
  ...rawIngestion,
  stages: true,
  access: {
    ...rawIngestion.access,
    writes: [staging.prefix],
    uploads: [staging.prefix],
    deletes: [`${staging.prefix}*`],
  },
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
    // What a stream has become is read to make a lost checkpoint anew (core/stream/recovery.ts).
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

/** Aurora, where the stack makes it. */
export const aurora = {
  /** Minutes without a connection after which it pauses, and costs its storage alone; the least. */
  pause: 5,
  /**
   * Its network, in which it is alone: two subnets, of which each needs some addresses that are
   * free. One that nobody else is likely to have, should it ever be peered.
   */
  cidr: '10.213.0.0/24',
  subnetMask: 26,
}

/** Days. */
export const keep = {
  logs: 90,
  backups: 14,
  /** Of a trial: the least that there is. */
  trialBackups: 1,
  deadLetters: 14,
  bronzeVersions: 90,
  versions: 7,
  /** One is written for each batch. */
  checkpointVersions: 3,
  redriven: 30,
}
