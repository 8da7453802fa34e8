import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Limits } from '../infra/shape.ts'

/** What a piece of work costs on AWS: measured seconds and requests times the list of prices. */

export interface Price {
  price: number
  /** What it is the price of. */
  unit: string
  /** Where AWS says so. */
  page: string
  /** Whether the figure was read there, or at `seen`; else it is to be checked. */
  checked: boolean
  seen?: string
}

/** Seconds of CPU, S3's answers that are waited for one after another, and its requests. */
interface Work extends Requests {
  cpu: number
  trips: number
}

interface Requests {
  gets: number
  puts: number
  /** Of these, how many put over a key: what stood there expires, which is one more event. */
  overwritten: number
}

export interface Measured {
  rowBytes: number
  /** A row as JSON, as Firehose wants it. */
  jsonRowBytes: number
  /** Of Parquet, and of packed chunks, for each byte of CSV. */
  parquetBytes: number
  packedBytes: number
  stages: Record<'raw-ingestion' | 'silver' | 'publish', MeasuredStage>
  append: { batch: Work; object: Work; cpuPerGb: number }
  tick: { cpu: number; trips: number; gets: number; lists: number }
  assumed: Record<
    | 's3Seconds'
    | 's3BytesPerSecond'
    | 'shardBytesPerSecond'
    | 'chunkBytes'
    | 'batchBytes'
    | 'sqsRequests'
    | 'logBytes'
    | 'polls'
    | 'glueSeconds'
    | 'glueDpus',
    number
  >
  stack: Record<'queues' | 'alarmMetrics' | 'metrics' | 'kmsCallers', number>
}

interface MeasuredStage extends Requests {
  cpuPerObject: number
  cpuPerGb: number
  /** Seconds that pass whatever the CPU, where another side is slower: Postgres. */
  waitPerGb: number
  trips: number
}

export interface Facts {
  prices: Record<string, Price>
  measured: Measured
}

/** So many files of so many bytes of CSV each. */
export interface Load {
  files: number
  bytes: number
}

/** Dollars, by what is paid for. */
export interface Bill {
  lambda: number
  requests: number
  events: number
  queue: number
  logs: number
  stream: number
}

export const GB = 1e9

export function readFacts(): Facts {
  const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'))
  return { prices: read('prices.json').prices, measured: read('measured.json') }
}

export function priceOf({ prices }: Facts, name: string): number {
  const found = prices[name]
  if (!found) throw new Error(`bench/prices.json has no ${name}`)
  return found.price
}

/** A stage that takes objects, with an event, a message and an invocation for each. */
export function objectsBill(
  facts: Facts,
  name: keyof Measured['stages'],
  limits: Limits,
  load: Load,
): Bill {
  const stage = facts.measured.stages[name]
  const { files } = load
  const seconds = files * secondsOf(facts.measured, name, limits, load.bytes)
  const work = {
    gets: files * stage.gets,
    puts: files * stage.puts,
    overwritten: files * stage.overwritten,
  }
  return { ...shared(facts, limits, files, seconds, work), queue: messages(facts, files) }
}

/** Of one object, from the invocation's begin to its end. */
export function secondsOf(
  { stages, assumed, parquetBytes, packedBytes }: Measured,
  name: keyof Measured['stages'],
  { memory, threads }: Limits,
  bytes: number,
): number {
  const stage = stages[name]
  const gb = bytes / GB
  const cores = Math.min(threads, memory / 1769)
  const shard = name === 'publish' ? (packedBytes * bytes) / assumed.shardBytesPerSecond : 0
  const moved = bytes * (name === 'silver' ? 1 + parquetBytes : 1)
  return (
    stage.trips * assumed.s3Seconds +
    moved / assumed.s3BytesPerSecond +
    stage.cpuPerObject +
    Math.max((gb * stage.cpuPerGb) / cores, gb * stage.waitPerGb, shard)
  )
}

/** Batches of a stream that has enough to fill them. */
export function appendBill(facts: Facts, limits: Limits, batchSize: number, load: Load): Bill {
  const { append, assumed, packedBytes } = facts.measured
  const gb = (load.files * load.bytes) / GB
  const records = load.files * (Math.ceil(load.bytes / assumed.chunkBytes) + 1)
  const payload = (gb * GB * packedBytes * 4) / 3
  const batches = Math.ceil(Math.max(records / batchSize, payload / assumed.batchBytes))
  const sum = (name: keyof Work) => batches * append.batch[name] + load.files * append.object[name]
  const moved = (gb * GB * facts.measured.parquetBytes) / assumed.s3BytesPerSecond
  const seconds = sum('trips') * assumed.s3Seconds + sum('cpu') + gb * append.cpuPerGb + moved
  const work = { gets: sum('gets'), puts: sum('puts'), overwritten: sum('overwritten') }
  return { ...shared(facts, limits, batches, seconds, work), stream: streamed(facts, load) }
}

/** Chunks, and the end record of each object: written, read once, kept for a week. */
function streamed(facts: Facts, { files, bytes }: Load): number {
  const { assumed, packedBytes } = facts.measured
  const chunks = Math.ceil(bytes / assumed.chunkBytes)
  const chunk = Math.ceil((bytes * packedBytes) / chunks / 1024) * 1024
  return streamDollars(facts, files * (chunks * chunk + 1024), 6)
}

/** @param days that they are kept beyond the first */
export function streamDollars(facts: Facts, bytes: number, days: number): number {
  const price =
    priceOf(facts, 'streamIn') +
    priceOf(facts, 'streamOut') +
    (days / 30) * priceOf(facts, 'streamKept')
  return (bytes / GB) * price
}

/** Lambda's time and requests, S3's requests, the events of what was put or expires, the log. */
function shared(
  facts: Facts,
  limits: Limits,
  invocations: number,
  seconds: number,
  { gets, puts, overwritten }: Requests,
): Bill {
  const logs = (invocations * facts.measured.assumed.logBytes * priceOf(facts, 'logs')) / GB
  return {
    lambda: lambdaDollars(facts, limits, invocations, seconds),
    requests: (gets * priceOf(facts, 's3Gets') + puts * priceOf(facts, 's3Puts')) / 1000,
    events: ((puts + overwritten) * priceOf(facts, 'events')) / 1e6,
    ...{ queue: 0, logs, stream: 0 },
  }
}

export function lambdaDollars(
  facts: Facts,
  { memory, disk }: Limits,
  invocations: number,
  seconds: number,
): number {
  return (
    seconds * (memory / 1024) * priceOf(facts, 'lambdaArm') +
    seconds * ((disk - 512) / 1024) * priceOf(facts, 'lambdaDisk') +
    (invocations * priceOf(facts, 'lambdaRequests')) / 1e6
  )
}

function messages(facts: Facts, files: number): number {
  return (files * facts.measured.assumed.sqsRequests * priceOf(facts, 'sqs')) / 1e6
}

export function totalOf(...bills: Bill[]): number {
  return bills.flatMap((bill) => Object.values(bill)).reduce((sum, dollars) => sum + dollars, 0)
}
