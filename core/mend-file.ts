import type { Database } from './database.ts'
import type { FixFile, FixRow } from './fix-file.ts'
import type { Lake } from './lake.ts'
import type { Mending } from './mended-object.ts'
import { mendRows } from './mending.ts'

/** What became of the rows of one object. */
export type Mended = Mending & { object: string }

/**
 * Puts the rows of a file that mend rejects of any objects, object by object in the order in which
 * the file names them. Done again it puts nothing twice.
 *
 * @throws what `mendRows` throws, and Refused for a file that is broken
 */
export async function mendFile(
  lake: Lake,
  database: Database,
  { labels, rows }: FixFile,
): Promise<Mended[]> {
  const byObject = new Map<string, FixRow[]>()
  for await (const row of rows) {
    const all = byObject.get(row.object) ?? []
    all.push(row)
    byObject.set(row.object, all)
  }
  const mended: Mended[] = []
  for (const [object, all] of byObject) {
    mended.push({ object, ...(await mendRows(lake, database, object, labels, all)) })
  }
  return mended
}
