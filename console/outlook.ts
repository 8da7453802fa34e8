import { setImmediate as breathe } from 'node:timers/promises'
import { lastDatasetOf } from '../core/contract/catalog.ts'
import { overviewOf, packagesIn } from '../core/contract/packages.ts'
import { Paced } from './paced.ts'
import type { ConsolePlace } from './place.ts'

/** Where descriptors and proposals lie: to know it, the whole lake is listed. */
export interface Outlook {
  /** Folders that have a descriptor. */
  described: string[]
  /** Keys of proposals. */
  proposals: string[]
  /** By dataset, how many objects lie in `streaming/`. */
  streamed: Map<string, number>
}

/**
 * One look for all who ask, and so seldom that it takes a twentieth of the time at most: new
 * folders of a large lake are seen later, unless it is told that something changed. What is in a
 * descriptor is never remembered.
 */
export function outlookOf(place: ConsolePlace): Promise<Outlook> {
  return lookerOf(place).now.fresh()
}

type Looker = { now: Paced<Outlook> }
const lookers = new WeakMap<ConsolePlace, Looker>()

function lookerOf(place: ConsolePlace): Looker {
  const known = lookers.get(place)
  if (known) return known
  const looker = { now: paced(place) }
  lookers.set(place, looker)
  place.live.listen((event, data) => {
    const isNews = event === 'changed' || ('status' in data && data.status === 'held')
    if (isNews) looker.now = paced(place)
  })
  return looker
}

function paced(place: ConsolePlace): Paced<Outlook> {
  return new Paced(() => look(place), 0)
}

async function look({ lake: { store } }: ConsolePlace): Promise<Outlook> {
  const { described, proposals, streamed } = await overviewOf(store, () => {})
  // Read, they are known to the catalog.
  await packagesIn(store, described)
  const counts = new Map<string, number>()
  for (const [i, key] of streamed.entries()) {
    const dataset = lastDatasetOf(store, key)
    if (dataset !== undefined) counts.set(dataset, (counts.get(dataset) ?? 0) + 1)
    if (i % 500 === 499) await breathe()
  }
  return { described, proposals, streamed: counts }
}
