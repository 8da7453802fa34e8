import { nearest } from '../contract/drift.ts'
import type { Database } from '../database/database.ts'
import { Refused } from '../errors.ts'
import type { RowError } from '../rejects.ts'

/** One error of a record that is kept in the ledger: what `sluice rejects` lists. */
export interface KeptError {
  object: string
  dataset: string
  record: number
  line: number
  rule: string
  field: string | null
  value: string | null
  message: string
  /** The record as text; its bytes are in `sluice.rejects.raw`. */
  raw: string | null
}

const PAGE = 100

/** Of one object, from a record on; `r` are its rejects, or its rows that wait. */
const ofPage = `r.object_id = $1 AND record > $2 ORDER BY record LIMIT ${PAGE}`

/**
 * Every error of every reject that is not mended, or that is, by object and record. A record comes
 * from the database once, however many errors it has.
 */
export async function* rejectsOf(
  database: Database,
  lake: string,
  dataset: string | undefined,
  mended = false,
): AsyncIterable<KeptError> {
  type Kept = Omit<KeptError, keyof RowError> & { errors: RowError[] }
  const records = paged<Kept>(
    database,
    lake,
    dataset,
    `SELECT key AS object, dataset, record, line, text AS raw, errors
    FROM sluice.rejects r JOIN sluice.objects o ON o.id = r.object_id
    WHERE mended_by IS ${mended ? 'NOT NULL' : 'NULL'} AND ${ofPage}`,
  )
  for await (const { raw, errors, ...place } of records) {
    for (const { rule, field = null, value = null, message } of errors) {
      yield { ...place, rule, field, value, message, raw }
    }
  }
}

/** Every row that waits for a parent, by object and record. */
export function waitingOf(
  database: Database,
  lake: string,
  dataset: string | undefined,
): AsyncIterable<KeptError> {
  return paged(
    database,
    lake,
    dataset,
    `SELECT key AS object, dataset, record, line,
      'foreign-key' AS rule, NULL AS field, NULL AS value, 'waits for ' || missing AS message,
      "row"::text AS raw
    FROM sluice.waiting r JOIN sluice.objects o ON o.id = r.object_id WHERE ${ofPage}`,
  )
}

/** A reject as it can be mended. */
export interface KeptRecord {
  object: string
  /** Of the object, whose rows stand. */
  version: string
  record: number
  line: number
  /** As it was read; U+FFFD where its bytes were no character. */
  text: string
  errors: RowError[]
  /** Of the object's header; null where an earlier Sluice has not kept them. */
  labels: string[] | null
}

/** What is no replay object: of those, the source's own reject is what is mended. */
const isSource = `key !~ '/_replay/[^/]+/[0-9a-f]{16}\\.csv$'`

/** Every reject that is not mended, of what is no replay object, by object and record. */
export function keptRecords(
  database: Database,
  lake: string,
  dataset: string | undefined,
): AsyncIterable<KeptRecord> {
  return paged<KeptRecord>(
    database,
    lake,
    dataset,
    `SELECT key AS object, loaded_etag AS version, record, line, text, errors, labels
    FROM sluice.rejects r JOIN sluice.objects o ON o.id = r.object_id
    WHERE mended_by IS NULL AND ${isSource} AND ${ofPage}`,
  )
}

/**
 * @param others datasets that are known otherwise, such as those of contracts
 * @throws Refused where no object of a dataset was ever taken: its name is mistyped
 */
export async function mustBeKnown(
  database: Database,
  lake: string,
  dataset: string,
  others: string[] = [],
): Promise<void> {
  const rows = await database.read(
    `SELECT DISTINCT dataset AS name FROM sluice.objects
     WHERE lake = $1 AND dataset IS NOT NULL ORDER BY 1`,
    [lake],
  )
  const names = [...new Set([...rows.map(({ name }) => name as string), ...others])].toSorted()
  if (names.includes(dataset)) return
  const near = nearest(dataset, new Map(names.map((name) => [name, name])))
  const meant = near === undefined ? '' : `did you mean ${near}? `
  const all = names.slice(0, 20).join(', ') || 'none'
  throw new Refused(`no object of dataset ${dataset} was taken; ${meant}datasets here: ${all}`)
}

/** The headers of all objects that `keptRecords` has a reject of; in an order that stays. */
export async function keptHeaders(
  database: Database,
  lake: string,
  dataset: string | undefined,
): Promise<{ object: string; labels: string[] | null }[]> {
  const rows = await database.read(
    `SELECT key AS object, labels FROM sluice.objects o
     WHERE lake = $1 AND ($2::text IS NULL OR dataset = $2) AND rejected > 0 AND ${isSource}
     ORDER BY dataset, key COLLATE "C"`,
    [lake, dataset ?? null],
  )
  return rows as unknown as { object: string; labels: string[] | null }[]
}

/** Object by object, page by page, so that a million rejects need no memory. */
async function* paged<T extends { record: number } = KeptError>(
  database: Database,
  lake: string,
  dataset: string | undefined,
  sql: string,
): AsyncIterable<T> {
  const objects = await database.read(
    `SELECT id FROM sluice.objects
     WHERE lake = $1 AND ($2::text IS NULL OR dataset = $2) AND rejected + waiting + mended > 0
     ORDER BY key COLLATE "C"`,
    [lake, dataset ?? null],
  )
  for (const { id } of objects) {
    for (let record = 0; ; ) {
      const found = (await database.read(sql, [id, record])) as unknown as T[]
      yield* found
      const last = found.at(-1)
      if (!last) break
      record = last.record
    }
  }
}
