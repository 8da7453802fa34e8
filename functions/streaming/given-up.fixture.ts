import { MemoryStore } from '../../core/store/memory-store.ts'
import { type RedrivenBatch, redriveBatches } from '../../core/stream/failed-batches.ts'
import type { StreamClient, StreamedRecord } from '../../core/stream/kinesis.ts'
import { append } from './append.ts'
import { asGiven, type StreamLake } from './stream.fixture.ts'

/** A stream that tells all its records. */
interface Open extends StreamClient {
  all(shard: string): StreamedRecord[]
}

/**
 * An event source mapping of Lambda that gives batches up, as its stream's records come to expire:
 * it keeps such a batch whole in a bucket, whatever the function has committed of it, and goes on.
 */
export class Mapping {
  /** The bucket of failed batches. */
  readonly failed = new MemoryStore()
  readonly #lake: StreamLake<Open>
  /** By the shard: how many records it has gone beyond. */
  readonly #done = new Map<string, number>()
  #objects = 0

  constructor(lake: StreamLake<Open>) {
    this.#lake = lake
  }

  /** How many records of the shard it has not gone beyond. */
  left(shard: string): number {
    return this.#lake.stream.all(shard).length - (this.#done.get(shard) ?? 0)
  }

  /** A batch of so many records, which are committed. */
  async deliver(shard: string, size: number): Promise<void> {
    await this.die(shard, size)
    this.#goOn(shard, size)
  }

  /** The function dies when it has committed so many records: the batch will come again. */
  async die(shard: string, committed: number): Promise<void> {
    const { stream, lake } = this.#lake
    const { created } = await stream.describe()
    const records = this.#next(shard, committed).map(asGiven)
    const id = { stream: stream.name, created, shard }
    if (records.length > 0) await append(lake, stream, { id, records }, () => {})
  }

  /** A batch of which so many records were committed is given up. */
  async giveUp(shard: string, size: number, committed: number): Promise<string> {
    await this.die(shard, committed)
    const arn = `arn:aws:kinesis:us-east-1:000000000000:stream/${this.#lake.stream.name}`
    const key = `aws/lambda/5f0e/${shard}/2026/11/24/2026-11-24T10.55.00-${this.#objects++}`
    const text = failureOf(arn, shard, this.#next(shard, size), this.#objects % 2 === 0)
    await this.failed.put(key, Buffer.from(text))
    this.#goOn(shard, size)
    return key
  }

  /** All that is left, in batches of so many. */
  async finish(size = 100): Promise<void> {
    for (const { id } of await this.#lake.stream.shards()) {
      while (this.left(id) > 0) await this.deliver(id, Math.min(size, this.left(id)))
    }
  }

  /** @param failed the bucket, perhaps one that fails */
  async redrive(failed = this.failed, dryRun = false): Promise<RedrivenBatch[]> {
    const { stream, lake } = this.#lake
    const told: RedrivenBatch[] = []
    for await (const one of redriveBatches({ failed, lake: lake.store, stream }, dryRun)) {
      told.push(one)
    }
    return told
  }

  #next(shard: string, size: number): StreamedRecord[] {
    const done = this.#done.get(shard) ?? 0
    return this.#lake.stream.all(shard).slice(done, done + size)
  }

  #goOn(shard: string, size: number): void {
    this.#done.set(shard, (this.#done.get(shard) ?? 0) + size)
  }
}

/** What Lambda keeps of a batch: on AWS with the event as a text within the JSON. */
export function failureOf(
  streamArn: string,
  shardId: string,
  records: StreamedRecord[],
  isAws: boolean,
): string {
  const Records = records.map(({ sequenceNumber, partitionKey, data, arrived }) => ({
    kinesis: {
      ...{ kinesisSchemaVersion: '1.0', partitionKey, sequenceNumber },
      data: data.toString('base64'),
      approximateArrivalTimestamp: arrived.getTime() / 1000,
    },
    ...{ eventSource: 'aws:kinesis', eventVersion: '1.0', eventName: 'aws:kinesis:record' },
    ...{ eventID: `${shardId}:${sequenceNumber}`, eventSourceARN: streamArn },
  }))
  const [first, last] = [records[0], records.at(-1)]
  const context = { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 3 }
  return JSON.stringify({
    ...(isAws && { requestContext: { requestId: 'c9b8fa9f', functionArn: 'arn', ...context } }),
    ...(isAws && { responseContext: { statusCode: 200, functionError: 'Unhandled' } }),
    ...{ version: '1.0', timestamp: '2026-11-24T10:55:00.021Z' },
    KinesisBatchInfo: {
      ...{ shardId, streamArn, batchSize: records.length },
      startSequenceNumber: first?.sequenceNumber,
      endSequenceNumber: last?.sequenceNumber,
      approximateArrivalOfFirstRecord: first?.arrived.toISOString(),
      approximateArrivalOfLastRecord: last?.arrived.toISOString(),
    },
    payload: isAws ? JSON.stringify({ Records }) : { Records },
  })
}
