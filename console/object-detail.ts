import { readRecord } from '../core/commit/commit-record.ts'
import { govern } from '../core/contract/catalog.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import { failuresOf } from '../core/database/failures.ts'
import { countRules, type RuleCount } from '../core/database/reject-rules.ts'
import { inLanes, READS } from '../core/lanes.ts'
import { type NotedObject, notedObject, rowsOfObject } from '../core/noted-object.ts'
import type { ObjectStore, ObjectVersion } from '../core/store/object-store.ts'
import {
  lookedAt,
  outcomeOf,
  type Publication,
  parsePublication,
  publicationKey,
} from '../core/stream/publication.ts'
import { governStream } from '../core/stream/stream-catalog.ts'
import { countStreamRules } from '../core/stream/stream-reject-list.ts'
import { NotThere } from './failure.ts'
import type { Notes } from './object-rows.ts'
import type { ObjectDetail } from './shapes.ts'
import { newest, rawEnd, silverOf, streamEnd } from './stage-ends.ts'
import { nothingUnseen, unseenOf } from './unseen.ts'

/**
 * All that is known of one object: what its stages have noted, and where its rows are.
 *
 * @throws NotThere for a key that neither lies in the lake nor was ever seen there; UnsafeKey
 */
export async function objectDetail(notes: Notes, key: string): Promise<ObjectDetail> {
  const { database } = notes
  const { store } = notes.lake
  const version = await store.head(key)
  const [noted, publication] = await Promise.all([
    notedObject(database, store.url, key),
    readRecord(store, publicationKey(key), parsePublication),
  ])
  const state = publication?.record.state ?? undefined
  const isThere = version && /^(bronze|streaming)\//.test(key)
  if (!noted && !state && !isThere) {
    throw new NotThere(`no object ${JSON.stringify(key)} lies in this lake, or ever did`)
  }
  const governing = isStreamOnly(key) ? await governStream(store, key) : await govern(store, key)
  const dataset = noted?.dataset ?? state?.dataset ?? governing.dataset ?? null
  const [silver, table, rules] = await Promise.all([
    silverOf(store, dataset, key),
    noted && dataset !== null ? rowsOfObject(database, dataset, noted.id) : undefined,
    rulesOf(notes, noted, state),
  ])
  const raw = noted ? rawEnd(noted) : null
  const own = silver?.record
  const sent = state && { etag: lookedAt(state) }
  const failures = await failuresOf(database, store.url, key)
  const looked = { raw: noted, silver: own?.state, stream: sent, failures }
  const { unseen, end } = isThere ? await unseenOf(store, version, looked) : nothingUnseen
  const published = publication && state && { at: publication.modified, outcome: outcomeOf(state) }
  const stream = newest(published ? streamEnd(published) : null, end)
  const file = governing.contract?.file
  const hash = noted?.contract ?? state?.contract
  return {
    ...{ object: key, dataset, size: noted?.size ?? version?.size ?? null },
    ...{ at: raw?.at ?? stream?.at ?? null, raw, silver: silver?.end ?? null, stream },
    id: noted?.id ?? null,
    table: table ? { name: table.table, rows: table.rows } : null,
    sql: noted && table ? `SELECT * FROM ${table.table} WHERE _object_id = ${noted.id}` : null,
    version: versionOf(noted, version),
    contract: file !== undefined && hash ? { file, hash } : null,
    rules,
    unseen,
    ...(await filesOf(store, own?.files ?? [])),
    replay: noted?.replay ?? null,
    source: noted?.source ?? own?.state?.mends?.object ?? null,
    commits: [
      ...(noted ? [{ stage: 'raw-ingestion' as const, record: noted.row }] : []),
      ...(own ? [{ stage: 'silver' as const, record: own }] : []),
      ...(publication ? [{ stage: 'streaming' as const, record: publication.record }] : []),
    ],
  }
}

/** Rules as they were counted when it was loaded; else as they are counted now. */
async function rulesOf(
  { lake, database }: Notes,
  noted: NotedObject | undefined,
  published: Publication | undefined,
): Promise<RuleCount[]> {
  if (noted && noted.rejected + noted.mended > 0) {
    return noted.rules ?? (await countRules(database, [noted.id])) ?? []
  }
  if (noted || !published?.rejected) return []
  const { object, dataset } = published
  return (await countStreamRules(lake, dataset, { object, foreign: false })).rules
}

/** The version that was looked at last; of what is not noted, the one that lies there. */
function versionOf(
  noted: NotedObject | undefined,
  there: ObjectVersion | undefined,
): ObjectDetail['version'] {
  if (noted && noted.etag !== null && noted.modified !== null) {
    const { etag, versionId, size, modified } = noted
    return { etag, versionId, size: size ?? 0, modified: new Date(modified).toISOString() }
  }
  if (!there) return null
  const { etag, versionId = null, size, modified } = there
  return { etag, versionId, size, modified: modified.toISOString() }
}

/** Each is asked for its size: an object may be in a thousand partitions. */
const FILES = 500

async function filesOf(
  store: ObjectStore,
  keys: string[],
): Promise<Pick<ObjectDetail, 'files' | 'filesLeft'>> {
  const versions = await inLanes(keys.slice(0, FILES), READS, (key) => store.head(key))
  const files = versions.flatMap((version) => {
    if (!version) return []
    const { key, size } = version
    const kind: ObjectDetail['files'][number]['kind'] = key.startsWith('silver/')
      ? 'silver'
      : 'quarantine'
    return [{ key, size, kind }]
  })
  return { files, filesLeft: Math.max(0, keys.length - FILES) }
}
