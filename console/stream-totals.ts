import { isStreamOnly } from '../core/contract/contract.ts'
import type { Database } from '../core/database/database.ts'
import { knownKeys } from '../core/database/object-list.ts'
import type { ObjectStore } from '../core/store/object-store.ts'
import { type Published, publishedIn } from '../core/stream/published.ts'
import { shardStatuses } from '../core/stream/stream-status.ts'
import type { Flow } from './shapes.ts'
import type { Totals } from './totals.ts'

/** A flow has the records of so many seconds in its rate. */
export const RATE_S = 10

/** Sums over the objects that streams have and the ledger has not: all of `streaming/`. */
export class StreamTotals {
  readonly #database: Database
  readonly #store: ObjectStore
  /** Objects that the ledger has: it never forgets one. */
  readonly #inLedger = new Set<string>()

  constructor(database: Database, store: ObjectStore) {
    this.#database = database
    this.#store = store
  }

  /**
   * One look at what was ever published: an object of Bronze counts as Postgres took it, one of a
   * stream alone as the stream did, as in the last line of `sluice status`.
   *
   * @throws a fault of the store or the database
   */
  async look(): Promise<Totals> {
    const all = await publishedIn(this.#store).all()
    await this.#askLedger([...all.keys()])
    const alone = [...all].flatMap(([key, one]) => (this.#inLedger.has(key) ? [] : [one]))
    return totalsOfPublished(alone)
  }

  async #askLedger(keys: string[]): Promise<void> {
    const open = keys.filter((key) => !isStreamOnly(key) && !this.#inLedger.has(key))
    for (const key of await knownKeys(this.#database, this.#store.url, open)) {
      this.#inLedger.add(key)
    }
  }
}

function totalsOfPublished(all: Published[]): Totals {
  const ends = all.map(({ outcome }) => outcome)
  const objects = (status: string) => ends.filter((one) => one.status === status).length
  const sum = (name: 'records' | 'accepted' | 'rejected') =>
    ends.reduce((total, one) => total + one[name], 0)
  const since = Date.now() - 1_000 * RATE_S
  const fresh = all.filter(({ at, outcome }) => outcome.status === 'loaded' && +at > since)
  const newest = all.reduce((latest, { at }) => Math.max(latest, +at), 0)
  return {
    objects: {
      ...{ loaded: objects('loaded'), published: objects('published') },
      ...{ refused: objects('refused'), held: 0 },
    },
    records: {
      ...{ accepted: sum('accepted'), rejected: sum('rejected') },
      ...{ waiting: 0, mended: 0, all: sum('records') },
    },
    at: newest > 0 ? new Date(newest).toISOString() : null,
    fresh: fresh.reduce((total, { outcome }) => total + outcome.records, 0),
  }
}

/** What all shards have committed: objects of streams, and what other producers have sent. */
export async function committedBy(store: ObjectStore): Promise<Flow['committed']> {
  const shards = await shardStatuses(store)
  if (shards.length === 0) return null
  const sum = (name: 'records' | 'accepted' | 'rejected') =>
    shards.reduce((total, one) => total + one[name], 0)
  return { records: sum('records'), accepted: sum('accepted'), rejected: sum('rejected') }
}
