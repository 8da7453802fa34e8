import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamClient, StreamedRecord } from '../core/stream/kinesis.ts'
import { type Call, deliver } from './delivery.ts'
import type { PollerOptions } from './poller.ts'

/** Lambda's limit of a synchronous call, and what its JSON says of a record beside data and key. */
const payloadBytes = 6 * 1024 * 1024
const envelopeBytes = 500

/**
 * What one answer should bring. kinesis-local slows down when answers are large: measured 11 MB/s
 * with 4 records of 70 kB, 9 with 16, 2.6 with 150; and of small ones it likes many: 1.5 MB/s with
 * 10 of 1 kB, 9 with 200.
 */
const answerBytes = 512 * 1024
const answerRecords = 500
const firstAnswerRecords = 8

/** What is read, and whether it is still what it was when that began. */
export interface Source {
  stream: StreamClient
  isSame: () => Promise<boolean>
}

/** Who waits for the tip; `goal`: how many records are before it, once it has been seen. */
interface TipWaiter {
  goal: number | undefined
  resolve: () => void
}

/**
 * Reads one shard from its oldest record to its end. While a batch is in the handler's hands the
 * next is fetched, and no more, so that memory stays flat.
 */
export class ShardReader {
  readonly #source: Source
  readonly #id: string
  readonly #call: Call
  readonly #options: PollerOptions
  readonly #signal: AbortSignal
  readonly #end = Promise.withResolvers<void>()
  readonly #waiters = new Set<TipWaiter>()
  /** Read but not yet in a batch. */
  #left: StreamedRecord[] = []
  /** Undefined before the first answer, and after a failure. */
  #iterator: string | undefined
  #lastRead: string | undefined
  /** Known once the shard has ended and is read to its end. */
  #children: string[] | undefined
  #limit = firstAnswerRecords
  #failures = 0
  #read = 0
  #handled = 0
  #isHandling = false
  #wake: () => void = () => {}

  constructor(source: Source, id: string, call: Call, options: PollerOptions, signal: AbortSignal) {
    this.#source = source
    this.#id = id
    this.#call = call
    this.#options = options
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake())
  }

  /** Resolves when the shard has ended, all of it is handled, and its children are known. */
  get ended(): Promise<void> {
    return this.#end.promise
  }

  /** Resolves when all is handled that stood in the shard at the time of the call. */
  tip(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.add({ goal: undefined, resolve })
      this.#reached()
      this.#wake()
    })
  }

  /**
   * Reads until the shard ends, or the signal comes and the batch in hand has ended.
   *
   * @param follow is told the children of a shard that has ended; they may begin afterwards
   */
  async read(follow: (children: string[]) => Promise<void>): Promise<void> {
    let next = this.#gather()
    for (let batch = await next; batch.length > 0; batch = await next) {
      this.#isHandling = true
      next = this.#gather()
      await this.#deliver(batch)
      this.#isHandling = false
      this.#wake()
    }
    if (this.#signal.aborted || !this.#children) return
    await follow(this.#children)
    if (!this.#signal.aborted) this.#end.resolve()
  }

  async #deliver(batch: StreamedRecord[]): Promise<void> {
    const told = {
      passed: (count: number) => {
        this.#handled += count
        this.#reached()
      },
      failed: (error: unknown, tries: number) => this.#options.failed?.(this.#id, error, tries),
    }
    await deliver(batch, this.#call, this.#options, told, this.#signal)
  }

  /**
   * The next batch: full, or what there is once the window is over and the handler is free. Empty:
   * there is none, as the shard has ended or the reader is stopped.
   */
  async #gather(): Promise<StreamedRecord[]> {
    const batch: StreamedRecord[] = []
    let closes = Number.POSITIVE_INFINITY
    for (let more = true; !this.#signal.aborted; more = await this.#fetch()) {
      const isFull = this.#fill(batch)
      if (isFull || this.#children) return batch
      if (batch.length > 0) closes = Math.min(closes, Date.now() + this.#options.windowMs)
      if (more) continue
      const wait = closes - Date.now()
      if (wait <= 0 && !this.#isHandling) return batch
      const { idleMs = 100 } = this.#options
      await this.#idle(wait > 0 ? Math.min(idleMs, wait) : idleMs)
    }
    return []
  }

  /** Moves records into the batch; true when it takes no more. */
  #fill(batch: StreamedRecord[]): boolean {
    let bytes = batch.reduce((sum, record) => sum + payloadOf(record), 0)
    let count = 0
    for (const record of this.#left) {
      bytes += payloadOf(record)
      const isFirst = batch.length === 0
      if (batch.length >= this.#options.batchSize || (bytes > payloadBytes && !isFirst)) break
      batch.push(record)
      count++
    }
    this.#left = this.#left.slice(count)
    return this.#left.length > 0 || batch.length >= this.#options.batchSize
  }

  /** Reads on; false when there is nothing more for the moment. Never throws. */
  async #fetch(): Promise<boolean> {
    const asking = [...this.#waiters].filter(({ goal }) => goal === undefined)
    try {
      const { stream, isSame } = this.#source
      this.#iterator ??= await stream.iterator(
        this.#id,
        this.#lastRead ? { after: this.#lastRead } : 'TRIM_HORIZON',
      )
      const limit = this.#limit
      const { records, next, behind, children } = await stream.get(this.#iterator, limit)
      if (records.length > 0 && !(await isSame())) return false
      this.#iterator = next
      this.#failures = 0
      this.#take(records)
      if (next === undefined) this.#children = children
      // kinesis-local says 0 too early, while records of the same millisecond are to come.
      if (records.length === 0 && behind === 0) for (const each of asking) each.goal = this.#read
      this.#reached()
      return behind > 0 || records.length >= limit
    } catch (error) {
      await this.#failed(error)
      return true
    }
  }

  #take(records: StreamedRecord[]): void {
    if (records.length === 0) return
    this.#left.push(...records)
    this.#lastRead = records.at(-1)?.sequenceNumber
    this.#read += records.length
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0)
    const wanted = Math.floor((answerBytes * records.length) / Math.max(bytes, 1))
    // Doubles at most: records may be small for a while, and then large.
    this.#limit = Math.max(1, Math.min(answerRecords, this.#limit * 2, wanted))
  }

  /** An iterator lasts five minutes, which a slow batch may take: after a failure a new one. */
  async #failed(error: unknown): Promise<void> {
    this.#iterator = undefined
    this.#options.failed?.(this.#id, error, ++this.#failures)
    const { first, longest } = this.#options.retry
    const delay = Math.min(longest, first * 2 ** (this.#failures - 1))
    await sleep(delay, undefined, { signal: this.#signal }).catch(() => {})
  }

  /** Lets those go whose records are all handled. */
  #reached(): void {
    const isAtEnd = this.#children !== undefined && this.#handled === this.#read
    for (const waiter of this.#waiters) {
      if (!isAtEnd && (waiter.goal === undefined || waiter.goal > this.#handled)) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  /** Not while someone waits who came when the last question was on its way. */
  async #idle(ms: number): Promise<void> {
    const isAsked = [...this.#waiters].some(({ goal }) => goal === undefined)
    if (this.#signal.aborted || isAsked) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function payloadOf({ data, partitionKey }: StreamedRecord): number {
  return 4 * Math.ceil(data.length / 3) + Buffer.byteLength(partitionKey) + envelopeBytes
}
