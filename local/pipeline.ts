import { isDescriptor, packageOf } from '../core/contract/catalog.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import type { Database } from '../core/database/database.ts'
import type { Lake } from '../core/lake.ts'
import { none, type Outcome } from '../core/outcome.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import { isStreamed } from '../core/stream/stream-catalog.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { Lane, type LaneLook, type Patience } from './lane.ts'
import { inLevels } from './order.ts'
import { settled } from './settled.ts'
import type { StreamStage } from './stream-stage.ts'
import { watch } from './watcher.ts'

/** Events of one stage that are handled at once, and the objects of one. */
const LANE = { width: 2, most: 32 }

/** What a stage has to do, and has done, at one moment. */
export interface StageLook extends LaneLook {
  stage: Outcome['stage']
}

/**
 * All stages over one lake on this machine. The same handlers as on AWS, the same events; a folder
 * watcher and a queue for each stage in the place of S3 and SQS.
 */
export class Pipeline {
  readonly #lake: Lake
  readonly #raw: Lane
  readonly #silver: Lane
  readonly #failed = new Map<string, Outcome>()
  readonly #stream: StreamStage | undefined
  #watchers: { close(): Promise<void> }[] = []
  #routing: Promise<void> = Promise.resolve()
  /** Keys of a scan whose parents come first. */
  #after = 0

  /**
   * @param report told once how each object ended in each stage
   * @param stream takes the objects of streamed datasets; without it they are left
   */
  constructor(
    lake: Lake,
    database: Database,
    report: (outcome: Outcome) => void,
    patience: Patience,
    stream?: StreamStage,
  ) {
    this.#lake = lake
    this.#stream = stream
    const told = (outcome: Outcome) => {
      // A failure may pass; it is told when patience is over.
      const object = `${outcome.stage} ${outcome.object}`
      if (outcome.status === 'failed') this.#failed.set(object, outcome)
      else {
        this.#failed.delete(object)
        report(outcome)
      }
    }
    const bucket = lake.store.url.replace(/^s3:\/\//, '')
    this.#raw = new Lane(bucket, rawIngestion(lake, database, told), patience, LANE)
    this.#silver = new Lane(bucket, silver(lake, told), patience, LANE)
    const tell = (stage: Outcome['stage']) => (key: string, error: unknown) => {
      const told = this.#failed.get(`${stage} ${key}`)
      report(told ?? { ...unhandled, stage, object: key, reason: String(error ?? 'no answer') })
    }
    this.#raw.givenUp = tell('raw-ingestion')
    this.#silver.givenUp = tell('silver')
  }

  /**
   * Handles every object that stands in the lake; resolves when all have ended.
   *
   * @param found told how many ends there will be
   */
  async scan(found: (ends: number) => void = () => {}): Promise<void> {
    const keys = await this.#settled('bronze/')
    const streamed = this.#stream ? await this.#streamed(keys) : []
    found(2 * keys.length + streamed.length)
    this.#stream?.add(streamed)
    const batch = async () => {
      for (const key of keys) this.#silver.add(key)
      this.#after = keys.length
      for (const level of await inLevels(this.#lake.store, keys)) {
        for (const key of level) this.#raw.add(key)
        this.#after -= level.length
        await this.#raw.rest()
      }
      await this.#silver.rest()
    }
    await Promise.all([batch(), this.#stream?.rest()])
  }

  /** From now on every object that comes or changes below the lake's folder is handled. */
  async watch(folder: string): Promise<void> {
    const prefixes = this.#stream ? ['bronze/', 'streaming/'] : ['bronze/']
    const watching = prefixes.map((prefix) => watch(folder, prefix, (key) => this.add([key])))
    this.#watchers = await Promise.all(watching)
  }

  /** Handles these keys; their ends are reported. */
  add(keys: string[]): void {
    for (const key of keys.filter((one) => !isStreamOnly(one))) {
      this.#silver.add(key)
      this.#raw.add(key)
    }
    this.#routing = this.#routing.then(() => this.#route(keys))
    this.#routing.catch(() => {})
  }

  look(): StageLook[] {
    const raw = this.#raw.look()
    const stream = this.#stream?.look()
    return [
      { stage: 'raw-ingestion', ...raw, waiting: raw.waiting + this.#after },
      { stage: 'silver', ...this.#silver.look() },
      ...(stream ? [{ stage: 'streaming' as const, ...stream }] : []),
    ]
  }

  async rest(): Promise<void> {
    await this.#routing
    await Promise.all([this.#raw.rest(), this.#silver.rest(), this.#stream?.rest()])
  }

  async close(): Promise<void> {
    await Promise.all(this.#watchers.map((watcher) => watcher.close()))
    await Promise.all([this.#raw.close(), this.#silver.close(), this.#stream?.close()])
  }

  /** A descriptor may let objects of a stream through, too: its handler looks. */
  async #route(keys: string[]): Promise<void> {
    for (const key of keys) {
      const { store } = this.#lake
      const part = (await packageOf(store, key)) !== undefined
      const concerned = part || (await isStreamed(store, key))
      if (concerned) this.#stream?.add([key])
    }
  }

  /** The objects of streams: those of `streaming/`, and those of Bronze whose contract says so. */
  async #streamed(bronze: string[]): Promise<string[]> {
    const store = memoryOf(this.#lake.store)
    const streamed = await this.#settled('streaming/')
    for (const key of bronze) if (await isStreamed(store, key)) streamed.push(key)
    return streamed
  }

  /** Keys of what may be an object. */
  async #settled(prefix: string): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of settled(this.#lake.store, prefix)) {
      if (!isDescriptor(key)) keys.push(key)
    }
    return keys
  }
}

/** The end of an event that failed before, or after, its object did. */
const unhandled = { dataset: undefined, status: 'failed' as const, ...none, seconds: 0 }
