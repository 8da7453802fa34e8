import * as z from 'zod'
import { messageOf } from '../finding.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { CHECKPOINTS, shardStem } from './checkpoint.ts'
import { decodeOurs, encodeRedriven, isOurs } from './chunk.ts'
import { hasRunsOfNone } from './committed.ts'
import type { StreamClient, StreamRecord } from './kinesis.ts'
import { fits } from './put-records.ts'
import { compareSequences } from './sequence.ts'

/**
 * Batches of the stream that Lambda gave up. It keeps each as one object of a bucket, records and
 * all: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
const FOLDER = 'aws/lambda/'

/** The last second that has a date of four digits. */
const LATEST = Date.UTC(9999, 11, 31) / 1000

const given = z.object({
  kinesis: z.object({
    partitionKey: z.string().min(1).max(256),
    sequenceNumber: z.string().regex(/^(0|[1-9]\d{0,63})$/),
    data: z.base64().transform((text) => Buffer.from(text, 'base64')),
    /** Seconds since 1970. */
    approximateArrivalTimestamp: z.number().nonnegative().max(LATEST),
  }),
})
const event = z.object({ Records: z.array(given).min(1) })
const invocation = z
  .object({
    KinesisBatchInfo: z.object({
      shardId: z.string().regex(/^[\w-]{1,128}$/),
      streamArn: z.string(),
      batchSize: z.int(),
    }),
    /** The event of the function: as text on AWS, as it is on LocalStack. */
    payload: z.union([z.string().transform(parsed).pipe(event), event]),
  })
  .refine((told) => told.KinesisBatchInfo.batchSize === told.payload.Records.length, {
    path: ['KinesisBatchInfo', 'batchSize'],
    message: 'is not how many records it has: some are missing, or too many',
  })

type Given = z.infer<typeof given>['kinesis']

/** What became of one of those objects. */
export interface RedrivenBatch {
  /**
   * planned: on a dry run; refused: it stays, all or a part of it, for the reason given; failed: a
   * fault kept it from being read, put or removed, and the next run does it again.
   */
  status: 'redriven' | 'planned' | 'refused' | 'failed'
  object: string
  shard: string
  /** Sequence numbers, both included. */
  first: string
  last: string
  records: number
  reason?: string
}

interface Place {
  /** The bucket. */
  failed: ObjectStore
  lake: ObjectStore
  stream: StreamClient
}

/**
 * Puts every record of every such batch into its stream again, and removes the batch then. However
 * often that is done, and wherever it is killed: `append` adds what was not committed, once.
 *
 * Chunks of ours go as they are. Records of other producers, which are known by their sequence
 * number only, go within a record that says where they stood first.
 *
 * @throws a fault of the stream, or that the bucket cannot be listed: no other batch would fare
 *   better, and what was not put by then stays
 */
export async function* redriveBatches(place: Place, dryRun: boolean): AsyncIterable<RedrivenBatch> {
  const creations = await creationsOf(place)
  for await (const { key } of place.failed.list(FOLDER)) {
    const told = await redriveBatch(place, { key, creations, dryRun }).catch(failedAt(key))
    if (told) yield told
  }
}

/** A fault of one object alone: it is told, and the others have their turn. */
class OfObject extends Error {
  override name = 'OfObject'
}

function failedAt(object: string) {
  return (fault: unknown): RedrivenBatch => {
    if (!(fault instanceof OfObject)) throw fault
    return { ...blank, status: 'failed', object, reason: fault.message }
  }
}

function ofObject<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause) => {
    throw new OfObject(messageOf(cause), { cause })
  })
}

interface Work {
  key: string
  creations: string[]
  dryRun: boolean
}

/** @returns undefined for an object that is gone: another run has put it */
async function redriveBatch(place: Place, work: Work): Promise<RedrivenBatch | undefined> {
  const { failed, stream } = place
  const { key, creations, dryRun } = work
  const body = (await ofObject(failed.get(key)))?.body
  if (!body) return undefined
  const read = invocation.safeParse(parsed(body.toString()))
  if (!read.success) return { ...blank, object: key, reason: `no batch: ${issuesOf(read.error)}` }
  const { KinesisBatchInfo: info, payload } = read.data
  const records = payload.Records.map(({ kinesis }) => kinesis).toSorted((a, b) =>
    compareSequences(a.sequenceNumber, b.sequenceNumber),
  )
  const [first, last] = [records[0]!, records.at(-1)!]
  const ends = { first: first.sequenceNumber, last: last.sequenceNumber }
  const told = { object: key, shard: info.shardId, ...ends, records: records.length }
  const refused = (reason: string) => ({ ...told, status: 'refused' as const, reason })
  const name = /:stream\/([\w.-]+)/.exec(info.streamArn)?.[1]
  if (name !== stream.name) {
    return refused(`it is of ${info.streamArn}, whose rows are known by its own name only`)
  }
  const shard = { stream: name, shard: info.shardId }
  const arrived = new Date(first.approximateArrivalTimestamp * 1000).toISOString()
  const created =
    creations.findLast((one) => one <= arrived) ?? unlessJustBefore(arrived, creations)
  if (created === UNKNOWN && (await isDoubtful(place, shard, creations, ends))) {
    return refused(`it came at ${arrived}, before ${doubtful}`)
  }
  const again = await putAgain(records, { ...shard, created })
  const large = again.filter((one) => !fits(one)).length
  const tooLarge = () =>
    refused(`${large} of its records are too large to say where they come from`)
  if (dryRun) return large > 0 ? tooLarge() : { ...told, status: 'planned' }
  await stream.put(again.filter(fits))
  if (large > 0) return tooLarge()
  // All of them are in the stream: what comes after this is not to be put again.
  await ofObject(failed.delete(key))
  return { ...told, status: 'redriven' }
}

const blank = { status: 'refused' as const, shard: '', first: '', last: '', records: 0 }

/**
 * When a making of the stream was created that has left no checkpoint. None of its records was
 * committed, so any name does that is the same each time.
 */
const UNKNOWN = '1970-01-01T00:00:00.000Z'
/** Clocks that differ, in ms: to make a stream anew takes about as long. */
const SKEW = 60_000

/** Never takes what is of a known making for one of none: its runs would not be looked at. */
function unlessJustBefore(arrived: string, [oldest = UNKNOWN]: string[]): string {
  return Date.parse(oldest) - Date.parse(arrived) < SKEW ? oldest : UNKNOWN
}

/** Whether it may have left one that was removed since: what it committed would be doubled. */
function isDoubtful(
  { lake }: Place,
  shard: Omit<Origin, 'created'>,
  creations: string[],
  { first, last }: { first: string; last: string },
): Promise<boolean> {
  const known = [UNKNOWN, ...creations].map((created) => shardStem({ ...shard, created }))
  return hasRunsOfNone(lake, shard.shard, [first, last], new Set(known))
}

const doubtful =
  'any making of the stream whose checkpoint is here, and streaming_results/_committed/ has runs ' +
  "of a shard of that name about it: put the last version of that making's checkpoints back " +
  '(streaming_checkpoint/, where the bucket keeps versions), and run it again'

/** The same records as they go into the stream, in their order. */
async function putAgain(records: Given[], origin: Origin): Promise<StreamRecord[]> {
  const again: StreamRecord[] = []
  let after = ''
  for (const { partitionKey, sequenceNumber: sequence, data } of records) {
    if (await isKnown(data)) again.push({ data, partitionKey })
    else {
      const head = { kind: 'redriven' as const, origin, sequence, after }
      again.push({ data: await encodeRedriven({ ...head, data }), partitionKey })
      after = sequence
    }
  }
  return again
}

type Origin = Parameters<typeof encodeRedriven>[0]['origin']

/** Whether it says itself what it is; what is damaged is known by its sequence number, too. */
function isKnown(data: Buffer): Promise<boolean> {
  if (!isOurs(data)) return Promise.resolve(false)
  return decodeOurs(data).then(
    () => true,
    () => false,
  )
}

/**
 * When the streams of that name were created, as far as it is known, the oldest first: the record
 * of a failure does not say of which of them it is.
 */
async function creationsOf({ lake, stream }: Place): Promise<string[]> {
  const found = new Set([(await stream.describe()).created])
  const prefix = `${CHECKPOINTS}${stream.name}-`
  for await (const { key } of lake.list(prefix)) {
    const parts = /^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d\.\d{3}Z)\//.exec(key.slice(prefix.length))
    if (!parts) continue
    const [, year, month, hour, minute, second] = parts
    found.add(`${year}-${month}-${hour}:${minute}:${second}`)
  }
  return [...found].toSorted()
}

/** @returns undefined for what is no JSON: no schema takes that */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function issuesOf(error: z.ZodError): string {
  const [first] = error.issues
  return first ? `${first.path.join('.') || 'the object'}: ${first.message}` : error.message
}
