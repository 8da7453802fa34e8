import type { Database } from '../database/database.ts'
import type { Lake } from '../lake.ts'
import type { FixFile, FixRow } from './fix-file.ts'
import { AT_ONCE, keptSources } from './kept-sources.ts'
import type { Mending } from './mended-object.ts'
import { mendRowsOf, numbersOf } from './mending.ts'

/** What became of the rows of one object. */
export type Mended = Mending & { object: string }

/**
 * Puts the rows of a file that mend rejects of any objects, object by object in the order in which
 * the file names them. Done again it puts nothing twice.
 *
 * @throws what `mendRowsOf` throws, and Refused for a file that is broken
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
  for (const batch of batchesOf(byObject)) {
    const asked = new Map(batch.map(([object, all]) => [object, numbersOf(all)]))
    const found = await keptSources(database, lake.store.url, asked)
    for (const [object, all] of batch) {
      const mending = await mendRowsOf(lake, found.get(object), object, labels, all)
      mended.push({ object, ...mending })
    }
  }
  return mended
}

/** Objects that are looked for at once: as many as have the rows of one statement. */
function* batchesOf(byObject: Map<string, FixRow[]>): Generator<[string, FixRow[]][]> {
  let batch: [string, FixRow[]][] = []
  let rows = 0
  for (const [object, all] of byObject) {
    if (batch.length > 0 && rows + all.length > AT_ONCE) {
      yield batch
      batch = []
      rows = 0
    }
    batch.push([object, all])
    rows += all.length
  }
  if (batch.length > 0) yield batch
}
