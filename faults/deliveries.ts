import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../core/database/database.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import type { Lake } from '../core/lake.ts'
import { LEASE } from '../core/stream/checkpoint.ts'
import type { StreamClient } from '../core/stream/kinesis.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { publisher, streaming } from '../functions/streaming/handler.ts'
import { type Handler, Lane } from '../local/lane.ts'
import { Poller } from '../local/poller.ts'
import { shuffled } from './random.ts'
import type { S3Source } from './s3-source.ts'

/** As the queues of the deployed stack: what fails twelve times is a dead letter. */
const RECEIVES = 12
const patience = { tries: RECEIVES, first: 100, longest: 3_000, forever: false }

/** Objects at a time: most of the time is spent in waiting for the next try. */
const WIDTH = 5

/** Brings the events of a lake's objects to all stages, each twice and in any order. */
export class Deliveries {
  readonly #lake: Lake
  readonly #database: Database
  readonly #stream: StreamClient
  readonly #random: () => number
  readonly #dead: string[] = []

  constructor(lake: Lake, database: Database, stream: StreamClient, random: () => number) {
    this.#lake = lake
    this.#database = database
    this.#stream = stream
    this.#random = random
  }

  /** @throws Error naming the events that failed as often as a queue would bring them */
  async run(source: S3Source): Promise<void> {
    await prepareLedger(this.#database)
    const ignored = () => {}
    const stream = this.#stream
    const append = streaming(this.#lake, stream, { object: ignored, batch: ignored })
    const poller = new Poller(stream, append, {
      ...{ batchSize: 2, windowMs: 0, bisect: true, retry: { first: 50, longest: 1_000 } },
    })
    poller.start()
    await Promise.all([
      this.#bring(rawIngestion(this.#lake, this.#database, ignored), source.bronze),
      this.#bring(silver(this.#lake, ignored), source.bronze),
      this.#bring(publisher(this.#lake, stream, ignored), source.streamed),
    ])
    await poller.drained()
    await poller.stop()
    await this.#closeWindows()
    if (this.#dead.length > 0) throw new Error(`dead letters: ${this.#dead.join('; ')}`)
  }

  /** By two functions at once: both may have the same key. */
  async #bring(handler: Handler, keys: string[]): Promise<void> {
    const bucket = this.#lake.store.url.replace(/^s3:\/\//, '')
    const lanes = [1, 2].map(() => new Lane(bucket, handler, patience, { width: WIDTH }))
    for (const lane of lanes) {
      lane.givenUp = (key, error) => this.#dead.push(`${key} ${error}`)
      for (const key of shuffled(keys, this.#random)) lane.add(key)
    }
    await Promise.all(lanes.map((lane) => lane.rest()))
  }

  /**
   * The schedule comes again, whatever became of its last turn. A turn that fails may leave an
   * intent that lives for as long as its lease: the next ones are busy until then.
   */
  async #closeWindows(): Promise<void> {
    const end = performance.now() + RECEIVES * LEASE
    while (performance.now() < end) {
      const told = await tick(this.#lake, { all: true }).catch((fault: unknown) => ({ fault }))
      if ('busy' in told && told.busy === 0) return
      await sleep(500)
    }
    this.#dead.push('tick')
  }
}
