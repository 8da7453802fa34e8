import type { Database } from './postgres.ts'

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

const PAGE = 1_000

/** Every error of every reject, by object and record. */
export function rejectsOf(
  database: Database,
  lake: string,
  dataset: string | undefined,
): AsyncIterable<KeptError> {
  return paged(
    database,
    lake,
    dataset,
    `SELECT key AS object, dataset, record, line,
      e->>'rule' AS rule, e->>'field' AS field, e->>'value' AS value, e->>'message' AS message,
      text AS raw
    FROM (SELECT key, dataset, record, line, text, errors
          FROM sluice.rejects r JOIN sluice.objects o ON o.id = r.object_id WHERE %
          ORDER BY key COLLATE "C", record LIMIT ${PAGE}) o
    CROSS JOIN LATERAL jsonb_array_elements(errors) WITH ORDINALITY AS each (e, i)
    ORDER BY o.key COLLATE "C", record, i`,
  )
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
    FROM sluice.waiting r JOIN sluice.objects o ON o.id = r.object_id WHERE %
    ORDER BY key COLLATE "C", record LIMIT ${PAGE}`,
  )
}

/** Page by page, so that a million rejects need no memory. */
async function* paged(
  database: Database,
  lake: string,
  dataset: string | undefined,
  sql: string,
): AsyncIterable<KeptError> {
  const where = `lake = $1 AND ($2::text IS NULL OR dataset = $2)
    AND (key COLLATE "C", record) > ($3 COLLATE "C", $4::bigint)`
  for (let [key, record] = ['', 0]; ; ) {
    const values = [lake, dataset ?? null, key, record]
    const rows = await database.query(
      sql.replace('%', () => where),
      values,
    )
    const errors = rows as unknown as KeptError[]
    yield* errors
    const last = errors.at(-1)
    if (!last) return
    key = last.object
    record = last.record
  }
}
