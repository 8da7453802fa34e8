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

/**
 * One stage's queue on this machine: keys become the events that SQS would bring, some at a time,
 * never the same key twice at once, and what fails comes again.
 */
export class Lane {
  readonly #bucket: string
  readonly #handler: Handler
  readonly #patience: Patience
  readonly #width: number
  readonly #choice: number
  readonly #waiting = new Map<string, number>()
  readonly #running = new Map<string, Date>()
  readonly #failed = new Set<string>()
  readonly #later = new Map<string, NodeJS.Timeout>()
  #awaited: { isSo: () => boolean; resolve: () => void }[] = []
  #closed = false
  #ended = 0
  /** Told when a key has failed as often as patience allows. */
  givenUp: (key: string, error: unknown) => void = () => {}

  /**
   * @param bucket that events name: the lake's, or any name for a folder
   * @param shared whether other processes take the same keys
   */
  constructor(bucket: string, handler: Handler, width: number, patience: Patience, shared = false) {
    this.#choice = shared ? CHOICE : 1
    this.#bucket = bucket
    this.#handler = handler
    this.#width = width
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
    while (this.#running.size < this.#width) {
      const next = this.#choose()
      if (!next) return
      const [key, tries] = next
      this.#waiting.delete(key)
      void this.#run(key, tries)
    }
  }

  /** One of those that came first, unless its key is at work. */
  #choose(): [key: string, tries: number] | undefined {
    const free: [string, number][] = []
    for (const one of this.#waiting) {
      if (this.#running.has(one[0])) continue
      free.push(one)
      if (free.length === this.#choice) break
    }
    return free[Math.floor(Math.random() * free.length)]
  }

  async #run(key: string, tries: number): Promise<void> {
    this.#running.set(key, new Date())
    const failure = await this.#failureOf(key)
    this.#running.delete(key)
    if (failure) {
      if (!this.#closed) this.#again(key, tries + 1, failure.error)
    } else {
      this.#failed.delete(key)
      this.#ended++
    }
    this.#next()
    const so = this.#awaited.filter(({ isSo }) => isSo())
    this.#awaited = this.#awaited.filter((one) => !so.includes(one))
    for (const { resolve } of so) resolve()
  }

  async #failureOf(key: string): Promise<{ error: unknown } | undefined> {
    try {
      const answer = await this.#handler(eventOf(this.#bucket, key))
      return answer.batchItemFailures.length > 0 ? { error: undefined } : undefined
    } catch (error) {
      return { error }
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

/** The message that SQS would bring: S3's notification, its key encoded as S3 does. */
function eventOf(bucket: string, key: string): unknown {
  const encoded = encodeURIComponent(key).replaceAll('%20', '+')
  const record = {
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: bucket }, object: { key: encoded } },
  }
  const body = JSON.stringify({ Records: [record] })
  return { Records: [{ eventSource: 'aws:sqs', messageId: key, body }] }
}
