import type { Outcome } from '../outcome.ts'
import { Conditions } from './conditions.ts'
import type { Database } from './database.ts'

/** The objects of a ledger as a list to page through: the newest end first. */

/** Where a list goes on: behind this object. */
export interface ListPlace {
  /** To the microsecond: `2026-03-14T09:30:00.123456Z`. */
  at: string
  /** Of objects that ended at once, the greater key comes first. */
  key: string
}

export interface ObjectsAsked {
  /** A part of the key, whatever its case. */
  search?: string | undefined
  dataset?: string | undefined
  /** How it stands; or `rejected`, `waiting`, `mended`: what has any such record. */
  status?: string | undefined
}

/** How an object stands in Postgres, and where it stands in the list. */
export interface ListedObject extends ListPlace {
  dataset: string | null
  status: Outcome['status']
  reason: string | null
  records: number
  accepted: number
  rejected: number
  waiting: number
  mended: number
  seconds: number | null
  size: number | null
}

/** What every status of a list is that is a count. */
export const isCount = (status: string) => ['rejected', 'waiting', 'mended'].includes(status)

/** In the form of ListPlace. */
const atText = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** The columns of a ListedObject. */
export const listedColumns = `key, dataset, status, reason, records, accepted, rejected, waiting,
  mended, seconds, size, ${atText} AS at`

/**
 * @param after undefined for the first of them
 * @param most how many are wanted
 */
export async function listObjects(
  database: Database,
  lake: string,
  { search, dataset, status }: ObjectsAsked,
  after: ListPlace | undefined,
  most: number,
): Promise<ListedObject[]> {
  const which = new Conditions()
    .on(lake, (name) => `lake = ${name}`)
    .and(`status <> 'new'`)
    .on(search, (text) => `strpos(lower(key), lower(${text}::text)) > 0`)
    .on(dataset, (name) => `dataset = ${name}`)
  if (status !== undefined && isCount(status)) {
    which.and(`rejected + waiting + mended > 0 AND ${status} > 0`)
  } else which.on(status, (name) => `status = ${name}`)
  if (after) {
    const place = `${which.name(after.at)}::timestamptz, ${which.name(after.key)}::text`
    which.and(`(at, key COLLATE "C") < (${place})`)
  }
  // A bare `at` would be the text, which no index has.
  const sql = `SELECT ${listedColumns} FROM sluice.objects o WHERE ${which}
    ORDER BY o.at DESC, o.key COLLATE "C" DESC LIMIT ${most}`
  return (await database.read(sql, which.values)) as unknown as ListedObject[]
}

/** Which of these keys the ledger has. */
export async function knownKeys(
  database: Database,
  lake: string,
  keys: string[],
): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const sql = `SELECT key FROM sluice.objects
    WHERE lake = $1 AND key = ANY ($2::text[]) AND status <> 'new'`
  const rows = await database.read(sql, [lake, keys])
  return new Set(rows.map(({ key }) => key as string))
}

/** Of every object of a lake, the version that Postgres has looked at last. */
export async function versionsLookedAt(
  database: Database,
  lake: string,
): Promise<{ object: string; etag: string }[]> {
  const sql = `SELECT key, etag FROM sluice.objects WHERE lake = $1 AND status <> 'new'`
  const rows = await database.read(sql, [lake])
  return rows.map(({ key, etag }) => ({ object: String(key), etag: String(etag) }))
}
