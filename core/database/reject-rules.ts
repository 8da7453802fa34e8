import type { RowError } from '../rejects.ts'
import type { Database } from './database.ts'
import { readWithin } from './read-within.ts'

/** Which rules rejected how many records of an object: in the ledger, beside its counts. */

export interface RuleCount {
  rule: string
  /** null where it is the record as a whole. */
  field: string | null
  /** Each counts once for a rule and field, however often it breaks it. */
  records: number
}

/** So many of an object are kept, the most frequent ones: a header may have thousands of fields. */
export const MAX_RULES = 200

/** Counts rules while records are rejected: to ask a database later costs µs for each of them. */
export class RejectRules {
  readonly #counts = new Map<string, RuleCount>()

  /** @param errors of one record */
  add(errors: RowError[]): void {
    const only = errors.length === 1 && errors[0]
    if (only) {
      this.#of(only).records++
      return
    }
    for (const count of new Set(errors.map((error) => this.#of(error)))) count.records++
  }

  /** The most frequent first; undefined where nothing was rejected. */
  list(): RuleCount[] | undefined {
    const all = [...this.#counts.values()].toSorted((a, b) => b.records - a.records)
    return all.length > 0 ? all.slice(0, MAX_RULES) : undefined
  }

  #of({ rule, field = null }: RowError): RuleCount {
    const name = field === null ? rule : `${rule}\0${field}`
    const known = this.#counts.get(name)
    if (known) return known
    const count = { rule, field, records: 0 }
    this.#counts.set(name, count)
    return count
  }
}

/** Of an answer that somebody waits for. */
const PATIENCE_MS = 2_000

/**
 * The same, counted in the ledger: of objects that an earlier Sluice has loaded; or of what was
 * mended since, which is not counted as it changes.
 *
 * @param ids of objects
 * @param mended only what is mended; else all that was rejected when they were loaded
 * @returns undefined where they have too many rejects to be counted while somebody waits
 */
export async function countRules(
  database: Database,
  ids: number[],
  mended = false,
): Promise<RuleCount[] | undefined> {
  if (ids.length === 0) return []
  const sql = `SELECT rule, field, count(*) AS records
    FROM sluice.rejects r CROSS JOIN LATERAL (
      SELECT DISTINCT e->>'rule' AS rule, e->>'field' AS field
      FROM jsonb_array_elements(r.errors) AS e
    ) AS e
    WHERE object_id = ANY ($1::bigint[]) ${mended ? 'AND mended_by IS NOT NULL' : ''}
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ${MAX_RULES}`
  const rows = await readWithin(database, PATIENCE_MS, sql, [ids])
  return rows as unknown as RuleCount[] | undefined
}
