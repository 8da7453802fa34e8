import * as z from 'zod'
import { CHECKPOINTS } from './checkpoint.ts'
import { decodeOurs, encodeRedriven, isOurs } from './chunk.ts'
import type { StreamClient, StreamRecord } from './kinesis.ts'
import type { ObjectStore } from './object-store.ts'
import { fits } from './put-records.ts'
import { compareSequences } from './sequence.ts'

/**
 * Batches of the stream that Lambda gave up. It keeps each as one object of a bucket, records and
 * all: `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
const FOLDER = 'aws/lambda/'

const given = z.object({
  kinesis: z.object({
    partitionKey: z.string(),
    sequenceNumber: z.string().regex(/^\d{1,128}$/),
    data: z.base64().transform((text) => Buffer.from(text, 'base64')),
    /** Seconds since 1970. */
    approximateArrivalTimestamp: z.number(),
  }),
})
const event = z.object({ Records: z.array(given).min(1) })
const invocation = z.object({
  KinesisBatchInfo: z.object({
    shardId: z.string().regex(/^[\w-]{1,128}$/),
    streamArn: z.string(),
  }),
  /** The event of the function: as text on AWS, as it is on LocalStack. */
  payload: z.union([z.string().transform(parsed).pipe(event), event]),
})

type Given = z.infer<typeof given>['kinesis']

/** What became of one of those objects. */
export interface RedrivenBatch {
  /** planned: on a dry run; refused: it stays, all or a part of it, for the reason given. */
  status: 'redriven' | 'planned' | 'refused'
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
 * @throws a fault of the stores or the stream: what was not put by then stays
 */
export async function* redriveBatches(place: Place, dryRun: boolean): AsyncIterable<RedrivenBatch> {
  const creations = await creationsOf(place)
  for await (const { key } of place.failed.list(FOLDER)) {
    const found = await place.failed.get(key)
    if (found) yield await redriveBatch(place, { key, body: found.body, creations, dryRun })
  }
}

interface Work {
  key: string
  body: Buffer
  creations: string[]
  dryRun: boolean
}

async function redriveBatch({ failed, stream }: Place, work: Work): Promise<RedrivenBatch> {
  const { key, creations, dryRun } = work
  const read = invocation.safeParse(parsed(work.body.toString()))
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
  const arrived = new Date(first.approximateArrivalTimestamp * 1000).toISOString()
  const created = creations.findLast((one) => one <= arrived)
  if (!created) return refused(`it came at ${arrived}, before any making of ${name} known here`)
  const again = await putAgain(records, { stream: name, created, shard: info.shardId })
  const large = again.filter((one) => !fits(one))
  if (dryRun) return { ...told, status: 'planned' }
  await stream.put(again.filter(fits))
  if (large.length > 0) {
    return refused(`${large.length} of its records are too large to say where they come from`)
  }
  // All of them are in the stream: what comes after this is not to be put again.
  await failed.delete(key)
  return { ...told, status: 'redriven' }
}

const blank = { status: 'refused' as const, shard: '', first: '', last: '', records: 0 }

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
