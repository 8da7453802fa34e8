import type { KinesisStreamBatchResponse, KinesisStreamEvent, SQSBatchResponse } from 'aws-lambda'
import { readConfig } from '../../core/config.ts'
import { isNdjson, looksLikeCsv } from '../../core/contract/catalog.ts'
import { deadlineOf, type Invocation, noDeadline } from '../../core/deadline.ts'
import type { Finding } from '../../core/finding.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { logBatch, logOutcome } from '../../core/log.ts'
import type { Appended, Outcome } from '../../core/outcome.ts'
import { openQueue, type Queue } from '../../core/queue.ts'
import { handleEvent, type Stage } from '../../core/stage.ts'
import { openStream, type StreamClient } from '../../core/stream/kinesis.ts'
import { compareSequences } from '../../core/stream/sequence.ts'
import { check, parseCheck } from '../check.ts'
import { append, type Batch } from './append.ts'
import { publish } from './publish.ts'

/** Who is told of every commit, of the fault that ends a batch, and of every object's end. */
export interface StreamReport {
  batch: (appended: Appended, fault?: unknown) => void
  object: (outcome: Outcome) => void
}

/**
 * @returns the stream's handler: a batch in, the first record that is to be given again out. After
 *   the deadline nothing more is begun.
 */
export function streaming(lake: Lake, stream: StreamClient, report: StreamReport) {
  const creation = cachedCreation(stream)
  return async (
    event: KinesisStreamEvent,
    deadline = noDeadline,
  ): Promise<KinesisStreamBatchResponse> => {
    const created = await creation()
    const failures: KinesisStreamBatchResponse['batchItemFailures'] = []
    for (const batch of batchesOf(event, stream.name, created)) {
      let reached: Appended = { shard: batch.id.shard, position: '', ...nothing }
      let failed = false
      const committed = (appended: Appended, finished: Outcome[]) => {
        reached = appended
        report.batch(appended)
        for (const outcome of finished) report.object(outcome)
      }
      try {
        if (!deadline.isOver()) await append(lake, stream, batch, committed, { deadline })
      } catch (fault) {
        failed = true
        report.batch({ ...reached, ...nothing }, fault)
      }
      // Whatever it was: what is committed stands, and the rest must come again.
      const next = batch.records.find((one) => !isReached(one.sequence, reached.position))
      if (failed || next) failures.push({ itemIdentifier: next?.sequence ?? '' })
    }
    return { batchItemFailures: failures }
  }
}

/**
 * When the stream was created. Kinesis answers 20 such questions a second for a whole account, and
 * to delete and make a stream anew takes longer than the answer is kept.
 */
function cachedCreation(stream: StreamClient): () => Promise<string> {
  let known = { created: '', until: 0 }
  return async () => {
    if (performance.now() > known.until) {
      const { created } = await stream.describe()
      known = { created, until: performance.now() + 5_000 }
    }
    return known.created
  }
}

const nothing = { records: 0, accepted: 0, rejected: 0, poison: 0 }

function isReached(sequence: string, position: string): boolean {
  return compareSequences(sequence, position) <= 0
}

/** Lambda's events are of one shard each; `eventID` is `<shard>:<sequence number>`. */
function batchesOf(event: KinesisStreamEvent, stream: string, created: string): Batch[] {
  const byShard = Map.groupBy(event.Records, ({ eventID }) => eventID.split(':')[0] ?? '')
  return [...byShard].map(([shard, records]) => {
    const seconds = records[0]?.kinesis.approximateArrivalTimestamp
    return {
      id: { stream, created, shard },
      ...(seconds && { arrived: new Date(seconds * 1_000) }),
      records: records.map(({ kinesis }) => ({
        sequence: kinesis.sequenceNumber,
        data: Buffer.from(kinesis.data, 'base64'),
      })),
    }
  })
}

/**
 * @param progress told how much of an object is sent, from 0 to 1
 * @returns the publisher's handler: events of objects in, the messages to be given again out
 */
export function publisher(
  lake: Lake,
  stream: StreamClient,
  report: Stage['report'],
  progress: (key: string, part: number) => void = () => {},
  queue?: Queue,
) {
  const stage: Stage = {
    name: 'streaming',
    lake,
    prefixes: ['streaming/', 'bronze/'],
    handle: (key) => publish(lake, stream, key, (part) => progress(key, part)),
    stuck: (folder) => objectsBelow(lake, `${folder}/`),
    report,
    queue,
  }
  return (event: unknown, deadline = noDeadline): Promise<SQSBatchResponse> =>
    handleEvent(stage, event, deadline)
}

async function objectsBelow(lake: Lake, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of lake.store.list(prefix)) {
    if (looksLikeCsv(key) || isNdjson(key)) keys.push(key)
  }
  return keys
}

/** The Lambda function: batches of an event source mapping with `ReportBatchItemFailures`. */
export async function handler(
  event: KinesisStreamEvent,
  invocation?: Invocation,
): Promise<KinesisStreamBatchResponse | Finding[]> {
  const asked = parseCheck(event)
  if (asked) return check('append', lake, { stream: () => openStream(asked.stream ?? '') })
  const arn = event.Records[0]?.eventSourceARN ?? ''
  const name = arn.slice(arn.lastIndexOf('/') + 1)
  const run = streams.get(name) ?? streaming(lake(), openStream(name), logging)
  streams.set(name, run)
  return run(event, deadlineOf(invocation))
}

/** The publisher's Lambda function: S3 notifications, EventBridge's events, either inside SQS. */
export async function publishHandler(
  event: unknown,
  invocation?: Invocation,
): Promise<SQSBatchResponse | Finding[]> {
  const stream = () => openStream(streamName())
  if (parseCheck(event)) return check('publish', lake, { stream })
  publishing ??= publisher(lake(), stream(), logOutcome, undefined, openQueue())
  return publishing(event, deadlineOf(invocation))
}

const logging: StreamReport = { batch: logBatch, object: logOutcome }
const streams = new Map<string, ReturnType<typeof streaming>>()
let publishing: ReturnType<typeof publisher> | undefined
let opened: Lake | undefined

function lake(): Lake {
  opened ??= openLake(readConfig().lake)
  return opened
}

function streamName(): string {
  const { stream } = readConfig()
  if (!stream) throw new Error('STREAM_NAME is not set; objects are published to it')
  return stream
}
