import type { Body, ObjectStore, ObjectVersion, PutCondition } from '../core/object-store.ts'

/** A store that counts what S3 would be asked; HEAD is paid for as a GET, LIST as a PUT. */
export class CountedStore implements ObjectStore {
  readonly #store: ObjectStore
  readonly url: string
  readonly scratch: string
  gets = 0
  puts = 0

  constructor(store: ObjectStore) {
    this.#store = store
    this.url = store.url
    this.scratch = store.scratch
  }

  /** What was asked while `work` was done. */
  async during(work: () => Promise<unknown>): Promise<{ gets: number; puts: number }> {
    const { gets, puts } = this
    await work()
    return { gets: this.gets - gets, puts: this.puts - puts }
  }

  head(key: string) {
    this.gets++
    return this.#store.head(key)
  }

  get(key: string) {
    this.gets++
    return this.#store.get(key)
  }

  open(version: ObjectVersion) {
    this.gets++
    return this.#store.open(version)
  }

  put(key: string, body: Body, when?: PutCondition) {
    this.puts++
    return this.#store.put(key, body, when)
  }

  delete(key: string) {
    return this.#store.delete(key)
  }

  list(prefix: string) {
    this.puts++
    return this.#store.list(prefix)
  }

  locate(key: string) {
    return this.#store.locate(key)
  }
}
