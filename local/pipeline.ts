import { isDescriptor, packageOf } from '../core/contract/catalog.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import type { Database } from '../core/database/database.ts'
import type { Lake } from '../core/lake.ts'
import { none, type Outcome } from '../core/outcome.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { isStreamed } from '../core/stream/stream-catalog.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { Lane, type LaneLook, type Patience } from './lane.ts'
import { inLevels } from './order.ts'
import { settled, settledNow } from './settled.ts'
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
  /** The eTags that were seen last, by key. */
  #seen = new Map<string, string>()

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
    const bronze = await this.#listed('bronze/')
    this.#seen = bronze
    const keys = [...bronze.keys()].filter((key) => !isDescriptor(key))
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

  /**
   * Handles what is new, or stands in another version than was seen last: of a bucket, whose
   * changes nobody tells, and of a folder, where the kernel drops events that are too many.
   */
  async rescan(): Promise<void> {
    const before = this.#seen
    const now = new Map<string, string>()
    const changed: string[] = []
    for (const prefix of this.#prefixes()) {
      // What still grows is left for the next time, and so is what may not be read.
      for await (const { key, etag } of settledNow(this.#lake.store, prefix, () => {})) {
        if (before.get(key) !== etag) changed.push(key)
        now.set(key, etag)
      }
    }
    this.#seen = now
    this.add(changed)
  }

  /** From now on every object that comes or changes below the lake's folder is handled. */
  async watch(folder: string): Promise<void> {
    const arrived = (key: string) => {
      this.add([key])
      void this.#remember(key)
    }
    const watching = this.#prefixes().map((prefix) => watch(folder, prefix, arrived))
    this.#watchers = await Promise.all(watching)
  }

  /** Handles these keys; their ends are reported. */
  add(keys: string[]): void {
    for (const key of keys.filter((one) => !isStreamOnly(one))) {
      this.#silver.add(key)
      this.#raw.add(key)
    }
    if (this.#stream) this.#routing = this.#routing.then(() => this.#route(keys))
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

  #prefixes(): string[] {
    return this.#stream ? ['bronze/', 'streaming/'] : ['bronze/']
  }

  /** What the watcher told of is nothing new to the next look. */
  async #remember(key: string): Promise<void> {
    const version = await this.#lake.store.head(key).catch(() => undefined)
    if (version) this.#seen.set(key, version.etag)
  }

  /** A descriptor may let objects of a stream through, too: its handler looks. Never throws. */
  async #route(keys: string[]): Promise<void> {
    const { store } = this.#lake
    for (const key of keys) {
      const isPart = packageOf(store, key).then((found) => found !== undefined, isNone)
      if ((await isPart) || (await this.#isStreamed(store, key))) this.#stream?.add([key])
    }
  }

  /**
   * Whether an object is one of a stream. Of a descriptor that cannot be read the other stages
   * tell; once it can be, its own event brings what it lets through.
   */
  #isStreamed(store: ObjectStore, key: string): Promise<boolean> {
    return isStreamed(store, key).catch(isNone)
  }

  /** The objects of streams: those of `streaming/`, and those of Bronze whose contract says so. */
  async #streamed(bronze: string[]): Promise<string[]> {
    const store = memoryOf(this.#lake.store)
    const listed = await this.#listed('streaming/')
    this.#seen = new Map([...this.#seen, ...listed])
    const streamed = [...listed.keys()].filter((key) => !isDescriptor(key))
    for (const key of bronze) if (await this.#isStreamed(store, key)) streamed.push(key)
    return streamed
  }

  /** The eTags of what stands below, by key. */
  async #listed(prefix: string): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for await (const { key, etag } of settled(this.#lake.store, prefix)) found.set(key, etag)
    return found
  }
}

const isNone = () => false

/** The end of an event that failed before, or after, its object did. */
const unhandled = { dataset: undefined, status: 'failed' as const, ...none, seconds: 0 }
