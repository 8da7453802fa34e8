import { readRecord } from '../core/commit/commit-record.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import { claimedDatasets } from '../core/database/ledger.ts'
import { listRejects, type RejectPlace, type RejectsAsked } from '../core/database/reject-list.ts'
import { parsePublication, publicationKey } from '../core/stream/publication.ts'
import { UNKNOWN } from '../core/stream/stream-files.ts'
import { listStreamRejects, type StreamPlace } from '../core/stream/stream-reject-list.ts'
import { streamStatus } from '../core/stream/stream-status.ts'
import { cursorText } from './list-asked.ts'
import type { ConsolePlace } from './place.ts'
import { keptRows } from './reject-rows.ts'
import type { Page, RejectRow } from './shapes.ts'
import { streamedRows } from './streamed-rows.ts'

/** Where a list goes on: in the ledger, or, after it, in a stream's quarantine. */
export type ListCursor = RejectPlace | { dataset: string; file: StreamPlace | null }

/**
 * How long a page may look for its rows: in the ledger, and with the files of streams, which may
 * lie far away. One that is not full by then goes on in the next.
 */
const [LEDGER_MS, FILES_MS] = [80, 500]

/** A page of records that could not go: first of the ledger, then of streams. */
export async function rejectPage(
  place: ConsolePlace,
  asked: RejectsAsked,
  after: ListCursor | undefined,
  limit: number,
): Promise<Page<RejectRow>> {
  const { lake, database } = place
  const started = performance.now()
  const rows: RejectRow[] = []
  const page = (next: ListCursor) => ({ rows, next: cursorText(next) })
  if (!after || 'id' in after) {
    const found = await listRejects(
      database,
      lake.store.url,
      asked,
      after,
      limit,
      started + LEDGER_MS,
    )
    rows.push(...(await keptRows(place, found.rows, asked.state)))
    if (found.next) return page(found.next)
  }
  const from = after && 'dataset' in after ? after : undefined
  const until = started + FILES_MS
  for (const { dataset, foreign } of await streamsOf(place, asked)) {
    if (from && dataset < from.dataset) continue
    const isLate = rows.length > 0 && performance.now() > until
    if (isLate || rows.length === limit) return page({ dataset, file: null })
    const file = (dataset === from?.dataset ? from.file : null) ?? undefined
    const wanted = limit - rows.length
    const which = { ...asked, foreign }
    const found = await listStreamRejects(lake, dataset, which, file, wanted, until)
    rows.push(...(await streamedRows(place, dataset, found.rows)))
    if (found.next) return page({ dataset, file: found.next })
  }
  return { rows, next: null }
}

export interface StreamedDataset {
  dataset: string
  /** Records that its streams have rejected, wherever they came from. */
  rejected: number
  /** Whether the ledger has what is published of it from Bronze. */
  foreign: boolean
}

/** The streamed datasets that may have what is asked for, by name. */
export async function streamsOf(
  place: ConsolePlace,
  { state, object, dataset }: Pick<RejectsAsked, 'state' | 'object' | 'dataset'>,
): Promise<StreamedDataset[]> {
  if (state !== 'rejected') return []
  if (object !== undefined) return streamOfObject(place, object, dataset)
  const { database, lake } = place
  const { shards, datasets } = await streamStatus(lake.store)
  const poison = shards.reduce((sum, shard) => sum + shard.poison, 0)
  const all = [...datasets, ...(poison > 0 ? [{ dataset: UNKNOWN, rejected: poison }] : [])]
  const some = all.filter((one) => dataset === undefined || one.dataset === dataset)
  const names = some.map((one) => one.dataset)
  const claimed = await claimedDatasets(database, lake.store.url, names)
  return some
    .map((one) => ({ ...one, foreign: claimed.has(one.dataset) }))
    .toSorted((a, b) => (a.dataset < b.dataset ? -1 : 1))
}

/** An object of Bronze is the ledger's, also where it flows as a stream. */
async function streamOfObject(
  { lake }: ConsolePlace,
  object: string,
  dataset: string | undefined,
): Promise<StreamedDataset[]> {
  if (!isStreamOnly(object)) return []
  const found = await readRecord(lake.store, publicationKey(object), parsePublication)
  const state = found?.record.state
  if (!state || (dataset !== undefined && dataset !== state.dataset)) return []
  return [{ dataset: state.dataset, rejected: state.rejected ?? 0, foreign: false }]
}
