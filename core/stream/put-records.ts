import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamRecord } from './kinesis.ts'

/**
 * What one PutRecords and one record may hold, of data and partition keys together. AWS can raise
 * both for a stream; these hold for every one.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 */
const requestRecords = 500
const requestBytes = 5 * 1024 * 1024
const recordBytes = 1024 * 1024

/** Eight attempts in a row without success take 10 seconds or so. */
const attemptsInRow = 8
const firstWaitMs = 100
const longestWaitMs = 5_000

/** Refusals that pass by themselves, as the SDK throws them. */
const passing =
  /^(ProvisionedThroughputExceeded|KMSThrottling|Throttl|LimitExceeded|(Request)?Timeout)/

export interface PutOptions {
  /** Upper bound of one request; kinesis-local is faster with 1 MiB. Default 5 MiB. */
  maxRequestBytes?: number
  /** Attempts in a row that may get nowhere before it gives up. Default 8. */
  attempts?: number
}

/** What became of one record: PutRecords' answer. An error code means that it was not taken. */
export interface PutResult {
  ErrorCode?: string | undefined
  ErrorMessage?: string | undefined
}

/** One attempt at one request: a result for each record, in their order. */
export type Send = (records: StreamRecord[]) => Promise<PutResult[]>

/**
 * Sends all records, in requests as large as allowed, and those that were refused again.
 *
 * @param stream for messages
 * @throws Error for a record that no stream takes, before anything is sent; what `send` throws
 *   where another attempt would not help; Error where none gets on, with how many are missing
 */
export async function putRecords(
  stream: string,
  records: StreamRecord[],
  send: Send,
  options: PutOptions = {},
): Promise<void> {
  for (const record of records) checkSize(stream, record)
  let missing = records.length
  for (const request of cut(records, options.maxRequestBytes ?? requestBytes)) {
    for (let left = request, failures = 0; left.length > 0; ) {
      const { refused, cause } = await attempt(send, left)
      missing -= left.length - refused.length
      failures = refused.length < left.length ? 0 : failures + 1
      left = refused
      if (failures >= (options.attempts ?? attemptsInRow)) throw notTaken(stream, missing, cause)
      if (left.length > 0) await sleep(waitMs(failures))
    }
  }
}

/** Whether a stream takes a record of its size. */
export function fits(record: StreamRecord): boolean {
  return sizeOf(record) <= recordBytes
}

function checkSize(stream: string, record: StreamRecord): void {
  if (fits(record)) return
  const size = sizeOf(record)
  throw new Error(
    `a record of ${size} bytes (data and key) is more than stream ${stream} takes: ` +
      `${recordBytes}; cut it into smaller ones`,
  )
}

function* cut(records: StreamRecord[], maxBytes: number): Generator<StreamRecord[]> {
  let request: StreamRecord[] = []
  let bytes = 0
  for (const record of records) {
    const size = sizeOf(record)
    if (request.length > 0 && (request.length === requestRecords || bytes + size > maxBytes)) {
      yield request
      request = []
      bytes = 0
    }
    request.push(record)
    bytes += size
  }
  if (request.length > 0) yield request
}

function sizeOf({ data, partitionKey }: StreamRecord): number {
  return data.length + Buffer.byteLength(partitionKey)
}

async function attempt(
  send: Send,
  records: StreamRecord[],
): Promise<{ refused: StreamRecord[]; cause?: unknown }> {
  try {
    const results = await send(records)
    const refused = records.filter((_, n) => results[n] === undefined || results[n].ErrorCode)
    const last = results.findLast((result) => result.ErrorCode)
    return { refused, cause: last && new Error(`${last.ErrorCode}: ${last.ErrorMessage}`) }
  } catch (error) {
    if (!(error instanceof Error && mayPass(error))) throw error
    return { refused: records, cause: error }
  }
}

/** Whether it is throttling, a fault of the server's or the network, or an answer that was cut. */
function mayPass(error: Error): boolean {
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  if (status !== undefined && (status >= 500 || status < 300)) return true
  // Errors of Node's sockets have a code (ECONNRESET), and no answer that had a status.
  return passing.test(error.name) || (status === undefined && typeof code === 'string')
}

/** Jittered, so that many producers that were refused together do not come back together. */
function waitMs(failures: number): number {
  return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** failures)
}

function notTaken(stream: string, missing: number, cause: unknown): Error {
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'no result'
  return new Error(
    `stream ${stream} did not take ${missing} records (${why.replace(/^Error: /, '')}); ` +
      'give it more shards or make it on-demand where it was throttled, then put them again',
    { cause },
  )
}
