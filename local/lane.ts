import type { SQSBatchResponse } from 'aws-lambda'

/** A stage's handler, as Lambda would call it. */
export type Handler = (event: unknown) => Promise<SQSBatchResponse>

/** How often, and how late, an object that failed is tried again. */
export interface Patience {
  /** Tries before `givenUp` is told. */
  tries: number
  /** Milliseconds before the second try; each later one waits twice as long, up to `longest`. */
  first: number
  longest: number
  /** Whether an object is tried for ever, as a queue with a redrive would. */
  forever: boolean
}

/** What a lane has to do, and has done, at one moment. */
export interface LaneLook {
  /** Those that are to be tried again, too. */
  waiting: number
  running: { key: string; since: Date }[]
  /** Handled to their end since the lane began, each time that a key came. */
  ended: number
  /** Keys that have failed as often as patience allows, and have not gone through since. */
  failed: number
}

/**
 * Of so many that wait, any may be the next: several processes that take the same keys in the same
 * order would stand in each other's way.
 */
const CHOICE = 16

/** What is particular to a lane. */
export interface LaneOptions {
  /** Events that are handled at once. */
  width: number
  /** Keys of one event at most: many that wait share one, as the messages of a batch do. */
  most?: number
  /** Whether other processes take the same keys. */
  shared?: boolean
}

/**
 * One stage's queue on this machine: keys become the events that SQS would bring, some at a time,
 * never the same key twice at once, and what fails comes again.
 */
export class Lane {
  readonly #bucket: string
  readonly #handler: Handler
  readonly #patience: Patience
  readonly #width: number
  readonly #most: number
  readonly #choice: number
  readonly #waiting = new Map<string, number>()
  readonly #running = new Map<string, Date>()
  readonly #failed = new Set<string>()
  readonly #later = new Map<string, NodeJS.Timeout>()
  #awaited: { isSo: () => boolean; resolve: () => void }[] = []
  #closed = false
  #events = 0
  #ended = 0
  /** Told when a key has failed as often as patience allows. */
  givenUp: (key: string, error: unknown) => void = () => {}

  /** @param bucket that events name: the lake's, or any name for a folder */
  constructor(bucket: string, handler: Handler, patience: Patience, options: LaneOptions) {
    this.#choice = options.shared ? CHOICE : 1
    this.#bucket = bucket
    this.#handler = handler
    this.#width = options.width
    this.#most = options.most ?? 1
    this.#patience = patience
  }

  /** A key changed. One that is at work already is handled once more afterwards. */
  add(key: string): void {
    if (this.#closed) return
    clearTimeout(this.#later.get(key))
    this.#later.delete(key)
    this.#failed.delete(key)
    this.#waiting.set(key, 0)
    this.#next()
  }

  look(): LaneLook {
    return {
      waiting: this.#waiting.size + this.#later.size,
      running: [...this.#running].map(([key, since]) => ({ key, since })),
      ended: this.#ended,
      failed: this.#failed.size,
    }
  }

  /** Resolves when nothing waits, runs, or is to be tried again, but what has been given up. */
  rest(): Promise<void> {
    return this.#until(() => this.#isAtRest())
  }

  /** Takes nothing more; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear()
    for (const timer of this.#later.values()) clearTimeout(timer)
    this.#later.clear()
    await this.#until(() => this.#running.size === 0)
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve()
    return new Promise((resolve) => this.#awaited.push({ isSo, resolve }))
  }

  #isAtRest(): boolean {
    const open = [this.#waiting, this.#running, this.#later]
    const isGivenUp = (key: string) => this.#failed.has(key)
    return open.every((some) => some.size <= this.#failed.size && [...some.keys()].every(isGivenUp))
  }

  #next(): void {
    while (this.#events < this.#width) {
      const next = this.#choose()
      if (next.size === 0) return
      for (const key of next.keys()) this.#waiting.delete(key)
      void this.#run(next)
    }
  }

  /**
   * Of those that came first, unless they are at work: so many that none of the lanes, in the end,
   * has much to do while the others have nothing.
   */
  #choose(): Map<string, number> {
    const share = Math.ceil(this.#waiting.size / (2 * this.#width))
    const count = Math.min(this.#most, share)
    const free: [string, number][] = []
    for (const one of this.#waiting) {
      if (this.#running.has(one[0])) continue
      free.push(one)
      if (free.length === this.#choice * count) break
    }
    const from = count * Math.floor(Math.random() * Math.ceil(free.length / count))
    return new Map(free.slice(from, from + count))
  }

  async #run(keys: Map<string, number>): Promise<void> {
    this.#events++
    for (const key of keys.keys()) this.#running.set(key, new Date())
    const failures = await this.#failuresOf([...keys.keys()])
    this.#events--
    for (const [key, tries] of keys) {
      this.#running.delete(key)
      if (failures.has(key)) {
        if (!this.#closed) this.#again(key, tries + 1, failures.get(key))
      } else {
        this.#failed.delete(key)
        this.#ended++
      }
    }
    this.#next()
    const so = this.#awaited.filter(({ isSo }) => isSo())
    this.#awaited = this.#awaited.filter((one) => !so.includes(one))
    for (const { resolve } of so) resolve()
  }

  /** @returns the keys that failed, and what was thrown */
  async #failuresOf(keys: string[]): Promise<Map<string, unknown>> {
    try {
      const answer = await this.#handler(eventOf(this.#bucket, keys))
      return new Map(answer.batchItemFailures.map((one) => [one.itemIdentifier, undefined]))
    } catch (error) {
      return new Map(keys.map((key) => [key, error]))
    }
  }

  #again(key: string, tries: number, error: unknown): void {
    const { first, longest, forever } = this.#patience
    if (this.#waiting.has(key)) return
    if (tries === this.#patience.tries) {
      this.#failed.add(key)
      this.givenUp(key, error)
    }
    if (tries >= this.#patience.tries && !forever) return
    const delay = Math.min(longest, first * 2 ** (tries - 1))
    const timer = setTimeout(() => {
      this.#later.delete(key)
      this.#waiting.set(key, tries)
      this.#next()
    }, delay)
    this.#later.set(key, timer)
  }
}

/** The batch that SQS would bring: a message of each key. */
function eventOf(bucket: string, keys: string[]): unknown {
  return { Records: keys.map((key) => messageOf(bucket, key)) }
}

/** S3's notification, its key encoded as S3 does. */
function messageOf(bucket: string, key: string): unknown {
  const encoded = encodeURIComponent(key).replaceAll('%20', '+')
  const record = {
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: bucket }, object: { key: encoded } },
  }
  const body = JSON.stringify({ Records: [record] })
  return { eventSource: 'aws:sqs', messageId: key, body }
}
