import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../core/finding.ts'
import type { Lake } from '../core/lake.ts'
import { type Appended, none, type Outcome } from '../core/outcome.ts'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'
import { lostObjects } from '../core/stream/stream-status.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { publisher, streaming } from '../functions/streaming/handler.ts'
import { type LocalKinesis, startKinesis } from './kinesis.ts'
import { Lane, type LaneLook, type Patience } from './lane.ts'
import { lazyStream } from './lazy-stream.ts'
import { Poller } from './poller.ts'
import { tryLock } from './process-lock.ts'
import { OWN_STREAM, streamLock, takeTurn } from './stream-turn.ts'

/** Objects that are published at once: the next is read while one waits for the stream. */
const WIDTH = 2
/** Between two ticks: a window of an idle shard is closed so late at most. */
const TICK_MS = 10_000
/** Kinesis lets all consumers of a shard look five times a second together; one's own is free. */
const IDLE_MS = { own: 100, shared: 1_000 }
/** What a request of kinesis-local has best: a larger one takes three times as long a byte. */
const REQUEST = 1 << 20

export interface StreamStageOptions {
  lake: Lake
  /** Where the lock of the one process that streams this lake lies. */
  home: string
  /** A stream of Kinesis; without it, one of this process' own. */
  stream: string | undefined
  patience: Patience
  report: (outcome: Outcome) => void
  /** Told how much of an object is sent, from 0 to 1. */
  progress?: (key: string, part: number) => void
  /** Told of what goes on that is no object's end. */
  say: (text: string) => void
  stop: AbortSignal
}

/**
 * The streaming stage on this machine: the handlers that run on AWS, a Kinesis in a child process,
 * a poller in the place of the event source mapping, a timer in the place of the schedule. A lake
 * is streamed by one process at a time, as each brings a stream of its own; and nothing is started
 * before there is something to stream.
 */
export class StreamStage {
  /** Kinesis records that could not be read, or named no dataset, so far. */
  poison = 0
  readonly #options: StreamStageOptions
  readonly #stream: StreamClient
  readonly #lane: Lane
  /** Objects that were sent, and are not there as a whole yet; since when. */
  readonly #sent = new Map<string, Date>()
  readonly #failed = new Map<string, Outcome>()
  readonly #stuck = Promise.withResolvers<never>()
  #kinesis: LocalKinesis | undefined
  #poller: Poller | undefined
  /** Of pollers of the stream before it was made anew. */
  #earlier: Promise<unknown> = Promise.resolve()
  #release: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #ticking: Promise<unknown> = Promise.resolve()
  #fault: unknown

  constructor(options: StreamStageOptions) {
    const { lake, patience, stream } = options
    const report = (outcome: Outcome) => {
      // A failure may pass; it is told when patience is over.
      if (outcome.status === 'failed') this.#failed.set(outcome.object, outcome)
      else this.#report(outcome)
    }
    this.#options = options
    this.#stream = lazyStream(stream ?? OWN_STREAM, () => this.#start())
    const bucket = lake.store.url.replace(/^s3:\/\//, '')
    this.#lane = new Lane(
      bucket,
      publisher(lake, this.#stream, report, options.progress),
      patience,
      { width: WIDTH },
    )
    this.#lane.givenUp = (key, error) => this.#report(this.#failed.get(key) ?? failed(key, error))
    this.#stuck.promise.catch(() => {})
  }

  /** Starts the stream, although nothing is to be published yet. */
  async start(): Promise<void> {
    await this.#stream.describe()
  }

  /** Publishes these objects; their ends are reported when they are committed. */
  add(keys: string[]): void {
    for (const key of keys) this.#lane.add(key)
  }

  /** The stream of that name, from when on it is read here. */
  streamOf(name: string): StreamClient | undefined {
    return this.#poller && name === this.#stream.name ? this.#stream : undefined
  }

  /** What is sent is still at work: it ends when it is committed. */
  look(): LaneLook {
    const { running, ended, ...look } = this.#lane.look()
    const inHand = new Set(running.map(({ key }) => key))
    const sent = [...this.#sent]
      .filter(([key]) => !inHand.has(key))
      .map(([key, since]) => ({ key, since }))
    return { ...look, running: [...running, ...sent], ended: Math.max(0, ended - sent.length) }
  }

  /**
   * Resolves when all that was added is committed.
   *
   * @throws what keeps the stream from going on, when patience is over
   */
  async rest(): Promise<void> {
    await this.#lane.rest()
    if (this.#poller) {
      await Promise.race([this.#poller.drained(), this.#stuck.promise])
      await this.#tick()
    }
    for (const key of this.#sent.keys())
      this.#report(failed(key, 'not all of its chunks were committed'))
    const { lake, stream } = this.#options
    // A stream of this process' own that was not started has nothing on its way.
    const isKnown = this.#poller !== undefined || stream !== undefined
    const now = isKnown ? await this.#stream.describe() : { name: OWN_STREAM, created: '' }
    for (const lost of await lostObjects(lake.store, now)) this.#report(lost)
  }

  /** Closes every window that is open. */
  async closeWindows(): Promise<void> {
    const { home } = this.#options
    // Another process that streams this lake goes on with them.
    const release = this.#release ? () => {} : tryLock(streamLock(home))
    while (release) {
      const { ends, busy } = await tick(this.#options.lake, { all: true })
      for (const end of ends) this.#report(end)
      if (busy === 0) return release()
      await sleep(200)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#lane.close()
    await Promise.all([this.#earlier, this.#poller?.stop()])
    await this.#ticking
    await this.#kinesis?.stop()
    this.#release?.()
  }

  /** Waits for its turn where another process streams this lake. */
  async #start(): Promise<StreamClient> {
    const { home, stop, stream, say } = this.#options
    const release = await takeTurn(home, stop, say)
    try {
      this.#kinesis = stream ? undefined : await startKinesis(OWN_STREAM)
    } catch (error) {
      release()
      throw error
    }
    this.#release = release
    const endpoint = this.#kinesis?.endpoint
    if (endpoint) say(`Kinesis: ${endpoint}, stream ${OWN_STREAM}`)
    this.#kinesis?.died.then((error) => say(`kinesis-local ended (${error.message}); start again`))
    const own = endpoint && { endpoint, maxRequestBytes: REQUEST }
    const client = openStream(stream ?? OWN_STREAM, own || {})
    this.#read(client)
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    return client
  }

  /** Reads the stream from its beginning; and once more, when it was made anew. */
  #read(stream: StreamClient): void {
    this.#earlier = Promise.all([this.#earlier, this.#poller?.stop()])
    this.#poller = this.#poll(stream)
    this.#poller.start()
  }

  #poll(stream: StreamClient): Poller {
    const { lake, patience, say } = this.#options
    const object = (outcome: Outcome) => this.#report(outcome)
    const batch = ({ shard, rejected, poison }: Appended, fault?: unknown) => {
      this.#fault = fault ?? this.#fault
      this.poison += poison
      if (poison > 0) say(`${shard}: ${poison} records that cannot be read or name no dataset`)
      // Of `--once`, the table tells it for each object.
      const isNews = forever && rejected > 0
      if (isNews) say(`${shard}: ${rejected} rejected; \`sluice rejects\` shows which`)
    }
    const { tries, first, longest, forever } = patience
    return new Poller(stream, streaming(lake, stream, { object, batch }), {
      ...{ batchSize: 10_000, windowMs: 0, bisect: true, retry: { first, longest } },
      idleMs: this.#kinesis ? IDLE_MS.own : IDLE_MS.shared,
      failed: (shard, error, times) => {
        if (times !== tries) return
        const reason = `${shard}: ${messageOf(this.#fault ?? error)}`
        say(reason)
        if (!forever) this.#stuck.reject(new Error(reason, { cause: this.#fault ?? error }))
      },
      anew: () => {
        say(`stream ${stream.name} was made anew: it is read from its beginning`)
        if (forever) this.#read(stream)
      },
    })
  }

  #report(outcome: Outcome): void {
    this.#failed.delete(outcome.object)
    if (outcome.status === 'published') this.#sent.set(outcome.object, new Date())
    else this.#sent.delete(outcome.object)
    this.#options.report(outcome)
  }

  /** One at a time; a fault is told, and passes or comes again. */
  #tick(): Promise<unknown> {
    const once = async () => {
      try {
        const { ends } = await tick(this.#options.lake)
        for (const end of ends) this.#report(end)
      } catch (error) {
        this.#options.say(`tick: ${messageOf(error)}`)
      }
    }
    this.#ticking = this.#ticking.then(once)
    return this.#ticking
  }
}

function failed(object: string, error: unknown): Outcome {
  const base = { stage: 'streaming' as const, object, dataset: undefined, seconds: 0, ...none }
  return { ...base, status: 'failed', reason: messageOf(error ?? 'no answer') }
}
