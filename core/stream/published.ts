import { BrokenRecord, readRecord } from '../commit/commit-record.ts'
import { inLanes, READS } from '../lanes.ts'
import type { Outcome } from '../outcome.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { outcomeOf, PUBLISHED, parsePublication } from './publication.ts'

/** An object that was ever published, and when that was last said of it. */
export interface Published {
  etag: string
  at: Date
  outcome: Outcome
}

/** One look counts for so many times as long as it took: who asks all the time asks no more. */
const COUNTS_FOR = 10

const opened = new WeakMap<ObjectStore, PublishedObjects>()

/** The same for all who ask of a store, so that each record is read once. */
export function publishedIn(store: ObjectStore): PublishedObjects {
  const known = opened.get(store) ?? new PublishedObjects(store)
  opened.set(store, known)
  return known
}

/**
 * Every object that was ever published. One look is a list, and each record is read when it is new:
 * the first look at very many takes its time.
 */
class PublishedObjects {
  readonly #store: ObjectStore
  #known = new Map<string, Published>()
  #looking: Promise<void> | undefined
  #until = Number.NEGATIVE_INFINITY

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** By the object's key. */
  async all(): Promise<Map<string, Published>> {
    if (performance.now() > this.#until) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
      })
      await this.#looking
    }
    return new Map([...this.#known.values()].map((one) => [one.outcome.object, one]))
  }

  async #look(): Promise<void> {
    const started = performance.now()
    const versions: ObjectVersion[] = []
    for await (const version of this.#store.list(PUBLISHED)) versions.push(version)
    const found = await inLanes(versions, READS, (version) => this.#read(version))
    this.#known = new Map(found.flatMap((one, i) => (one ? [[versions[i]!.key, one]] : [])))
    const now = performance.now()
    this.#until = now + COUNTS_FOR * (now - started)
  }

  async #read({ key, etag }: ObjectVersion): Promise<Published | undefined> {
    const known = this.#known.get(key)
    if (known?.etag === etag) return known
    const found = await readRecord(this.#store, key, parsePublication).catch(passOver)
    const state = found?.record.state
    return state ? { etag: found.etag, at: found.modified, outcome: outcomeOf(state) } : undefined
  }
}

/** One that is broken is told of its own object, and is no reason to tell of no other. */
function passOver(error: unknown): undefined {
  if (!(error instanceof BrokenRecord)) throw error
}
