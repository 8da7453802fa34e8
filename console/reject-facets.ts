import { type FacetsAsked, ledgerFacets } from '../core/database/reject-facets.ts'
import type { RuleCount } from '../core/database/reject-rules.ts'
import { countStreamRules } from '../core/stream/stream-reject-list.ts'
import type { ConsolePlace } from './place.ts'
import { type StreamedDataset, streamsOf } from './reject-page.ts'
import type { Facets } from './shapes.ts'

/**
 * Totals of what could not go. Of a dataset that is loaded and streamed, the ledger's alone: what
 * streams have rejected is mostly the same, and how much of it came otherwise, nobody has counted.
 */
export async function facetsOf(place: ConsolePlace, asked: FacetsAsked): Promise<Facets> {
  const { lake, database } = place
  const [ledger, streams] = await Promise.all([
    ledgerFacets(database, lake.store.url, asked),
    streamsOf(place, { ...asked, dataset: undefined }),
  ])
  const own = streams.filter(({ foreign, rejected }) => !foreign && rejected > 0)
  const datasets = [
    ...ledger.datasets,
    ...own.map(({ dataset, rejected }) => ({ dataset, records: rejected })),
  ].toSorted((a, b) => b.records - a.records)
  const isAsked = ({ dataset }: { dataset: string }) =>
    asked.dataset === undefined || dataset === asked.dataset
  const told = datasets.filter(isAsked)
  const ofStreams = await streamRules(place, asked, own.filter(isAsked))
  return {
    total: told.reduce((sum, { records }) => sum + records, 0),
    datasets,
    rules: [...ledger.rules, ...ofStreams.rules].toSorted((a, b) => b.records - a.records),
    uncounted: ledger.uncounted + ofStreams.uncounted,
  }
}

/** Files are read for what somebody asks for by name alone. */
async function streamRules(
  { lake }: ConsolePlace,
  { object, dataset }: FacetsAsked,
  streams: StreamedDataset[],
): Promise<{ rules: RuleCount[]; uncounted: number }> {
  const all = streams.reduce((sum, { rejected }) => sum + rejected, 0)
  const [one] = streams
  if (!one || (object === undefined && dataset === undefined)) return { rules: [], uncounted: all }
  const { rules, records } = await countStreamRules(lake, one.dataset, { object, foreign: false })
  return { rules, uncounted: Math.max(0, all - records) }
}
