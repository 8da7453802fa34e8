import { isStreamOnly } from '../core/contract/contract.ts'
import {
  isCount,
  knownKeys,
  type ListedObject,
  type ListPlace,
  listObjects,
  type ObjectsAsked,
} from '../core/database/object-list.ts'
import { inLanes, READS } from '../core/lanes.ts'
import type { Published, publishedIn } from '../core/stream/published.ts'
import { cursorText } from './list-asked.ts'
import type { ConsolePlace } from './place.ts'
import type { ObjectRow, Page } from './shapes.ts'
import { rawEnd, silverOf, streamEnd } from './stage-ends.ts'

/** Where all is noted that is told of objects. */
export interface Notes extends ConsolePlace {
  published: ReturnType<typeof publishedIn>
}

/** An object of the list: the ledger has it, or the stream alone. */
type Listed = ListPlace & { noted?: ListedObject; published?: Published | undefined }

/** A page of objects, those that only the stream knows among those of the ledger. */
export async function objectPage(
  notes: Notes,
  asked: ObjectsAsked,
  after: ListPlace | undefined,
  limit: number,
): Promise<Page<ObjectRow>> {
  const { database, lake } = notes
  const [noted, published] = await Promise.all([
    listObjects(database, lake.store.url, asked, after, limit + 1),
    notes.published.all(),
  ])
  const ofLedger = noted.map((one): Listed => {
    return { at: one.at, key: one.key, noted: one, published: published.get(one.key) }
  })
  const ofStream = await streamedAlone(notes, published, asked, after, limit + 1)
  const all = [...ofLedger, ...ofStream].toSorted(compare)
  const page = all.slice(0, limit)
  const rows = await inLanes(page, READS, (one) => rowOf(notes, one))
  const last = all.length > limit ? page.at(-1) : undefined
  return { rows, next: last ? cursorText({ at: last.at, key: last.key }) : null }
}

/** Objects without a row in the ledger: all of `streaming/`, and what it does not know yet. */
async function streamedAlone(
  { database, lake }: Notes,
  published: Map<string, Published>,
  asked: ObjectsAsked,
  after: ListPlace | undefined,
  most: number,
): Promise<Listed[]> {
  const fitting = [...published].flatMap(([key, one]): Listed[] => {
    const listed = { at: inMicroseconds(one.at), key, published: one }
    const isNext = !after || compare(listed, after) > 0
    return isNext && isAsked(one, asked) ? [listed] : []
  })
  const alone: Listed[] = []
  const sorted = fitting.toSorted(compare)
  // Mostly the first look is the last: whether they are in the ledger is asked of as many at once.
  for (let at = 0; at < sorted.length && alone.length < most; at += most) {
    const some = sorted.slice(at, at + most)
    const keys = some.map(({ key }) => key).filter((key) => !isStreamOnly(key))
    const known = await knownKeys(database, lake.store.url, keys)
    alone.push(...some.filter(({ key }) => !known.has(key)))
  }
  return alone.slice(0, most)
}

function isAsked({ outcome }: Published, { search, dataset, status }: ObjectsAsked): boolean {
  const { object, dataset: own, status: is, rejected } = outcome
  if (search !== undefined && !object.toLowerCase().includes(search.toLowerCase())) return false
  if (dataset !== undefined && own !== dataset) return false
  if (status === undefined) return true
  return isCount(status) ? status === 'rejected' && rejected > 0 : is === status
}

async function rowOf({ lake }: Notes, listed: Listed): Promise<ObjectRow> {
  const { key, noted, published } = listed
  const at = new Date(listed.at).toISOString()
  const dataset = noted?.dataset ?? published?.outcome.dataset ?? null
  const stream = published ? streamEnd(published) : null
  if (!noted) {
    const size = (await lake.store.head(key))?.size ?? null
    return { object: key, dataset, size, at, raw: null, silver: null, stream }
  }
  const silver = (await silverOf(lake.store, dataset, key))?.end ?? null
  return { object: key, dataset, size: noted.size, at, raw: rawEnd(noted), silver, stream }
}

/** Below 0 where `a` comes first: as the ledger's list has it. */
function compare(a: ListPlace, b: ListPlace): number {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1
  return Buffer.compare(Buffer.from(b.key), Buffer.from(a.key))
}

/** In the form of ListPlace. */
function inMicroseconds(time: Date): string {
  return time.toISOString().replace('Z', '000Z')
}
