import { setTimeout as sleep } from 'node:timers/promises'
import type { Lake } from '../core/lake.ts'
import { logBatch, logOutcome, logWarning } from '../core/log.ts'
import type { StreamClient, StreamDescription } from '../core/stream/kinesis.ts'
import { streaming } from '../functions/streaming/handler.ts'
import { append } from '../infra/shape.ts'
import { Poller } from './poller.ts'
import { startJobs } from './worker-jobs.ts'

/** As often as Lambda looks at an idle shard: an emulator is busy with each look. */
const IDLE_MS = 1_000
/** How often a stream is asked whether it is still the one that it was. */
const LOOK_MS = 5_000
/** Between two looks for a stream that is not there. */
const AWAY_MS = { first: 500, longest: 10_000 }
/** A batch that fails is told each time; that records cannot be read, the fifth time. */
const TOLD = 5
const retry = { first: 250, longest: 10_000 }

/**
 * The streaming stage of one lake, in the place of Lambda's event source mapping and EventBridge's
 * schedules: one batch of each shard at a time, until it goes through. A stream that is made anew
 * (an emulator that was started again keeps nothing) is read from its beginning.
 */
export class StreamWorker {
  readonly #lake: Lake
  readonly #stream: StreamClient
  readonly #stopping = new AbortController()
  #work: Promise<void> = Promise.resolve()

  constructor(lake: Lake, stream: StreamClient) {
    this.#lake = lake
    this.#stream = stream
  }

  async start(): Promise<void> {
    this.#work = this.#run()
  }

  /** Takes nothing more; resolves when the batches in hand have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#work
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    for (let made = await untilMade(this.#stream, '', signal); made; ) {
      const poller = this.#poll()
      const stopJobs = startJobs(this.#lake)
      made = await untilMade(this.#stream, made.created, signal)
      await Promise.all([poller.stop(), stopJobs()])
    }
  }

  #poll(): Poller {
    const report = { batch: logBatch, object: logOutcome }
    const poller = new Poller(this.#stream, streaming(this.#lake, this.#stream, report), {
      ...{ batchSize: append.batch, windowMs: 0, idleMs: IDLE_MS, bisect: true, retry },
      failed: (shard, error, tries) => {
        if (tries === TOLD) logWarning(`${shard} is tried again and again`, error as Error)
      },
    })
    poller.start()
    return poller
  }
}

/** Calls back when the stream is found, and whenever it was made anew, until the signal comes. */
export async function onMade(
  stream: StreamClient,
  signal: AbortSignal,
  found: () => void,
): Promise<void> {
  let made = await untilMade(stream, '', signal)
  while (made) {
    found()
    made = await untilMade(stream, made.created, signal)
  }
}

/**
 * Waits for a stream that is there and was not made when that other one was.
 *
 * @returns undefined after the signal
 */
async function untilMade(
  stream: StreamClient,
  other: string,
  signal: AbortSignal,
): Promise<StreamDescription | undefined> {
  let delay = AWAY_MS.first
  for (let away = 0; !signal.aborted; ) {
    const found = await stream.describe().catch((fault: unknown) => fault as Error)
    if (!(found instanceof Error)) {
      if (found.status === 'ACTIVE' && found.created !== other) return found
      ;[away, delay] = [0, AWAY_MS.first]
    } else if (++away === TOLD) {
      logWarning(`stream ${stream.name} is not there; it is waited for`, found)
    }
    const isAway = found instanceof Error
    await sleep(isAway || other === '' ? delay : LOOK_MS, undefined, { signal }).catch(() => {})
    if (isAway) delay = Math.min(AWAY_MS.longest, 2 * delay)
  }
  return undefined
}
