import type { Duck } from '../duck/duckdb.ts'
import { literal } from '../names.ts'
import { errorShape, rejectsTable } from '../rejects.ts'

/** A rule that records break, of a field where it is one's. */
export interface BrokenRule {
  rule: string
  field: string | null
  records: number
  examples: { line: number; value: string | null; message: string }[]
}

const EXAMPLES = 3

/**
 * Of a verdict's rejects: every rule and field that they break, with its first lines.
 *
 * @param rule where it is given: of records alone that break no other
 */
export async function brokenRules(
  duck: Duck,
  { rejects }: { rejects: string | undefined },
  rule?: string,
): Promise<BrokenRule[]> {
  if (!rejects) return []
  const other = rule === undefined ? 'false' : `e.rule <> ${literal(rule)}`
  const rows = await duck.all(`SELECT e.rule, e.field, count(*)::VARCHAR,
      to_json(arg_min({'line': line, 'value': e.value, 'message': e.message}, record,
        ${EXAMPLES}))::VARCHAR
    FROM (SELECT record, line, unnest(list) AS e
      FROM (SELECT record, line, from_json(errors, ${literal(errorShape)}) AS list
        FROM ${rejectsTable(rejects)})
      WHERE len(list_filter(list, lambda e: ${other})) = 0)
    GROUP BY ALL ORDER BY count(*) DESC, 1, 2`)
  return rows.map(([rule, field, records, examples]) => ({
    rule: String(rule),
    field: field as string | null,
    records: Number(records),
    examples: JSON.parse(String(examples)),
  }))
}
