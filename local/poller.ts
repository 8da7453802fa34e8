import { setTimeout as sleep } from 'node:timers/promises'
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda'
import type { ShardDescription, StreamClient, StreamedRecord } from '../core/stream/kinesis.ts'
import type { DeliveryOptions } from './delivery.ts'
import { ShardReader } from './shard-reader.ts'

/** Between two tries to ask about the stream itself. */
const askAgainMs = 200
/** To delete a stream and make another of its name takes longer: in kinesis-local twice 500 ms. */
const sameMs = 400

export type StreamHandler = (event: KinesisStreamEvent) => Promise<KinesisStreamBatchResponse>

export interface PollerOptions extends DeliveryOptions {
  /** Records that an event has at most; Lambda allows 10,000. */
  batchSize: number
  /** Milliseconds that a batch which is not full waits for more; 0: it goes at once. */
  windowMs: number
  /** Milliseconds before it looks again where there was nothing new; 100 unless told. */
  idleMs?: number
  /**
   * Told of every failure, of the handler's or in reading: `tries` of this very batch so far. What
   * is not about a shard is told under the stream's name.
   */
  failed?: (shard: string, error: unknown, tries: number) => void
  /** Told once that the stream was made anew: this Poller stops, another one may begin. */
  anew?: () => void
}

/**
 * Calls a handler with a stream's records as Lambda's event source mapping for Kinesis does, with
 * starting position TRIM_HORIZON, parallelization factor 1 and ReportBatchItemFailures: one batch
 * at a time of each shard, in order, a shard's parents before it, each batch until it goes through.
 * No record is ever skipped. It keeps no checkpoint: another Poller begins at the beginning.
 *
 * It reads the stream that it found. Of one that was deleted and made anew it takes nothing and
 * stops: shards of the new one have the names of others, and would be read before their parents.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export class Poller {
  readonly #stream: StreamClient
  readonly #handler: StreamHandler
  readonly #options: PollerOptions
  readonly #readers = new Map<string, ShardReader>()
  readonly #reads: Promise<void>[] = []
  readonly #stopping = new AbortController()
  readonly #stopped = Promise.withResolvers<never>()
  #started: Promise<void> | undefined
  #arn = ''
  /** When the stream was created, and until when that is known without asking. */
  #made = { created: '', until: 0 }

  constructor(stream: StreamClient, handler: StreamHandler, options: PollerOptions) {
    this.#stream = stream
    this.#handler = handler
    this.#options = options
    // Nobody need be waiting.
    this.#stopped.promise.catch(() => {})
  }

  start(): void {
    this.#started ??= this.#begin()
  }

  /**
   * Resolves when all that was put before this call has been handled: every shard that ended by now
   * is done, and every other one was at its tip at some time since, with nothing of that in hand.
   *
   * @throws Error when the poller is not started, or is stopped meanwhile
   */
  async drained(): Promise<void> {
    if (!this.#started) throw new Error('the poller is not started; call start() before drained()')
    await Promise.race([this.#drain(), this.#stopped.promise])
  }

  /** Takes no more; resolves when the batches in hand have ended, well or not. */
  async stop(): Promise<void> {
    this.#end(new Error(`the poller of stream ${this.#stream.name} was stopped`))
    await this.#started
    await Promise.all(this.#reads)
  }

  #end(why: Error): void {
    this.#stopping.abort()
    this.#stopped.reject(why)
  }

  async #begin(): Promise<void> {
    const asked = performance.now()
    const about = await this.#ask(() => this.#stream.describe())
    this.#arn = about?.arn ?? ''
    this.#made = { created: about?.created ?? '', until: asked + sameMs }
    await this.#discover(() => true)
  }

  /**
   * Whether what was just read is of the stream that was found at the beginning.
   *
   * @throws Error where that cannot be asked for now
   */
  async #isSame(): Promise<boolean> {
    const asked = performance.now()
    if (asked < this.#made.until) return true
    const { created } = await this.#stream.describe()
    if (created === this.#made.created) {
      this.#made.until = asked + sameMs
    } else if (!this.#stopping.signal.aborted) {
      const anew = `stream ${this.#stream.name} was made anew (${created}): it is to be read anew`
      this.#end(new Error(anew))
      this.#options.anew?.()
    }
    return created === this.#made.created
  }

  async #drain(): Promise<void> {
    await this.#started
    // What was put before stands in a shard that was there before: so the list comes first.
    const listed = (await this.#discover(() => true)) ?? []
    await Promise.all(
      listed.map(({ id, closed }) => {
        const reader = this.#readers.get(id)
        return closed ? reader?.ended : reader?.tip()
      }),
    )
  }

  /** Lists the shards until all that are expected are there, and reads those that are new. */
  async #discover(
    complete: (shards: ShardDescription[]) => boolean,
  ): Promise<ShardDescription[] | undefined> {
    const shards = await this.#ask(async () => {
      const found = await this.#stream.shards()
      // A list may lag behind: AWS calls it eventually consistent.
      if (!complete(found)) throw new Error('shards that follow others are not listed yet')
      return found
    })
    // All are known before any is read, so that each finds its parents.
    const fresh = (shards ?? []).filter(({ id }) => !this.#readers.has(id))
    for (const shard of fresh) this.#readers.set(shard.id, this.#readerOf(shard.id))
    for (const shard of fresh) void this.#readAfter(shard)
    return shards
  }

  #readerOf(id: string): ShardReader {
    const call = (records: StreamedRecord[]) => this.#handler(eventOf(this.#arn, id, records))
    const source = { stream: this.#stream, isSame: () => this.#isSame() }
    return new ShardReader(source, id, call, this.#options, this.#stopping.signal)
  }

  async #readAfter({ id, parents }: ShardDescription): Promise<void> {
    // A parent that is not listed has lost its last record to time.
    await Promise.all(parents.map((parent) => this.#readers.get(parent)?.ended))
    const reader = this.#readers.get(id)
    if (!reader || this.#stopping.signal.aborted) return
    const follow = async (children: string[]) => {
      await this.#discover((shards) => hasAll(shards, id, children))
    }
    this.#reads.push(reader.read(follow))
  }

  /** Asks until there is an answer; undefined: stopped. */
  async #ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stopping
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        return await question()
      } catch (error) {
        this.#options.failed?.(this.#stream.name, error, tries)
        await sleep(askAgainMs, undefined, { signal }).catch(() => {})
      }
    }
    return undefined
  }
}

function hasAll(shards: ShardDescription[], parent: string, children: string[]): boolean {
  return (
    shards.some(({ parents }) => parents.includes(parent)) &&
    children.every((child) => shards.some(({ id }) => id === child))
  )
}

/** The event that Lambda would be called with. */
function eventOf(arn: string, shard: string, records: StreamedRecord[]): KinesisStreamEvent {
  const shared = {
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/sluice',
    awsRegion: arn.split(':')[3] ?? '',
    eventSourceARN: arn,
  }
  return {
    Records: records.map(({ sequenceNumber, partitionKey, data, arrived }) => ({
      ...shared,
      eventID: `${shard}:${sequenceNumber}`,
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber,
        data: data.toString('base64'),
        approximateArrivalTimestamp: arrived.getTime() / 1000,
      },
    })),
  }
}
