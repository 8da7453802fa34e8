import { setTimeout as sleep } from 'node:timers/promises'
import type { Body, ObjectStore, ObjectVersion, PutCondition } from '../core/store/object-store.ts'

/** How long (ms) an answer takes: longer than what is done between two questions asked at once. */
const WAIT = 25

export interface Requests {
  gets: number
  puts: number
  /** Answers that were waited for one after another. */
  trips: number
}

/** A store that counts what S3 would be asked; HEAD is paid for as a GET, LIST as a PUT. */
export class CountedStore implements ObjectStore {
  readonly #store: ObjectStore
  readonly url: string
  readonly scratch: string
  #gets = 0
  #puts = 0
  /** The longest chain of questions of which each was asked when the one before was answered. */
  #trips = 0

  constructor(store: ObjectStore) {
    this.#store = store
    this.url = store.url
    this.scratch = store.scratch
  }

  /** What was asked while `work` was done. */
  async during(work: () => Promise<unknown>): Promise<Requests> {
    const [gets, puts, trips] = [this.#gets, this.#puts, this.#trips]
    await work()
    return { gets: this.#gets - gets, puts: this.#puts - puts, trips: this.#trips - trips }
  }

  async #answer<T>(call: () => Promise<T>): Promise<T> {
    const trips = this.#trips + 1
    await sleep(WAIT)
    try {
      return await call()
    } finally {
      this.#trips = Math.max(this.#trips, trips)
    }
  }

  head(key: string) {
    this.#gets++
    return this.#answer(() => this.#store.head(key))
  }

  get(key: string) {
    this.#gets++
    return this.#answer(() => this.#store.get(key))
  }

  open(version: ObjectVersion) {
    this.#gets++
    return this.#answer(() => this.#store.open(version))
  }

  put(key: string, body: Body, when?: PutCondition) {
    this.#puts++
    return this.#answer(() => this.#store.put(key, body, when))
  }

  delete(key: string) {
    return this.#store.delete(key)
  }

  async *list(...which: Parameters<ObjectStore['list']>) {
    this.#puts++
    await this.#answer(async () => {})
    yield* this.#store.list(...which)
  }

  locate(key: string) {
    return this.#store.locate(key)
  }
}
