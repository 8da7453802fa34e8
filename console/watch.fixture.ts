import { vi } from 'vitest'
import type { Database, Row } from '../core/database/database.ts'
import type { Lake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import type { ObjectVersion } from '../core/store/object-store.ts'
import { Live } from './live.ts'
import type { ConsolePlace } from './place.ts'
import type { LiveEvents } from './shapes.ts'

export const loaded = {
  status: 'loaded',
  objects: 1,
  at: new Date('2026-03-01T11:00:00Z'),
  fresh: 0,
}
export const counts = { records: 9, accepted: 8, rejected: 1, waiting: 0, mended: 0 }
export const outcome: Outcome = {
  ...{ stage: 'silver', object: 'bronze/p/a.csv', dataset: 'p.t', status: 'loaded' },
  ...{ reason: undefined, records: 9, accepted: 8, rejected: 1, waiting: 0, seconds: 1 },
}

/** A lake and a ledger that a test fills by hand, and how often each was looked at. */
export function watched(own: Partial<ConsolePlace> = {}) {
  const looks = { ledger: 0, ends: 0, list: 0 }
  const state = {
    /** What a look at the ledger takes, in ms. */
    takes: 0,
    totals: [{ ...loaded, ...counts }] as Row[],
    ends: [] as Row[],
    objects: [] as string[],
    listed: {} as Record<string, string>,
  }
  const database = {
    async query() {
      looks.ledger++
      if (state.takes > 0) await new Promise((resolve) => setTimeout(resolve, state.takes))
      return state.totals
    },
    async read(sql: string) {
      if (!sql.includes('LIMIT')) return state.objects.map((key) => ({ key, etag: '1' }))
      looks.ends++
      return state.ends
    },
  } as unknown as Database
  const store = {
    url: 's3://lake',
    head: async () => undefined,
    get: async () => undefined,
    async *list(prefix: string, after = ''): AsyncIterable<ObjectVersion> {
      if (prefix === 'bronze/') looks.list++
      for (const [key, etag] of Object.entries(state.listed).sort()) {
        const version = { key, etag, size: 1, modified: new Date() }
        if (key.startsWith(prefix) && key > after) yield version
      }
    },
  }
  const live = new Live()
  const all: ConsolePlace = { lake: { store } as unknown as Lake, database, live, ...own }
  const told: { event: string; data: unknown }[] = []
  live.listen((event, data) => told.push({ event, data }))
  const of = <E extends keyof LiveEvents>(event: E) =>
    told.filter((one) => one.event === event).map((one) => one.data as LiveEvents[E])
  return { place: all, looks, state, live, of }
}

export const pass = (seconds: number) => vi.advanceTimersByTimeAsync(1_000 * seconds)
