import type { Database, Row } from '../database/database.ts'
import type { KeptRecord } from './kept.ts'

/** What stands of an object whose rejects are to be mended, and those rejects by their number. */
export interface KeptSource {
  id: number
  version: string
  labels: string[] | null
  kept: Map<number, Pick<KeptRecord, 'record' | 'line' | 'text' | 'errors'>>
}

/** Of one statement: all are held in memory, but its answer in the database's, too. */
export const AT_ONCE = 1_000

/**
 * Looks for some objects at once, and for rejects of them, mended ones too: two statements for each
 * thousand, however many objects they are of.
 *
 * @param asked which records of which object
 * @returns those of the objects that are loaded, and those of the records that were rejected
 */
export async function keptSources(
  database: Database,
  lake: string,
  asked: Map<string, number[]>,
): Promise<Map<string, KeptSource>> {
  // Postgres has no NUL, and so no such key.
  const keys = [...asked.keys()].filter((key) => !key.includes('\0'))
  const objects = await inSlices(keys, (some) => database.read(objectsSql, [lake, some]))
  const found = objects.map(({ key, ...one }) => {
    return [key, { ...one, kept: new Map() }] as unknown as [string, KeptSource]
  })
  const byId = new Map(found.map(([, source]) => [source.id, source]))
  const places = found.flatMap(([key, { id }]) => {
    return [...new Set(asked.get(key))].map((record) => [id, record] as const)
  })
  const records = await inSlices(places, (some) =>
    database.read(recordsSql, [some.map(([id]) => id), some.map(([, record]) => record)]),
  )
  for (const { object_id: id, ...one } of records) {
    byId.get(id as number)!.kept.set(one.record as number, one as unknown as KeptRecord)
  }
  return new Map(found)
}

const objectsSql = `SELECT key, id, loaded_etag AS version, labels FROM sluice.objects
  WHERE lake = $1 AND key = ANY ($2::text[]) AND loaded_etag IS NOT NULL`

const recordsSql = `SELECT object_id, record, line, text, errors
  FROM sluice.rejects JOIN unnest($1::bigint[], $2::bigint[]) AS asked (object_id, record)
    USING (object_id, record)`

async function inSlices<T>(all: T[], look: (some: T[]) => Promise<Row[]>): Promise<Row[]> {
  const found: Row[] = []
  for (let at = 0; at < all.length; at += AT_ONCE) {
    found.push(...(await look(all.slice(at, at + AT_ONCE))))
  }
  return found
}
