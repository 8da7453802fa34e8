import type { Duck } from '../duck/duckdb.ts'
import { literal } from '../names.ts'
import type { Plan } from './plan.ts'

/**
 * Keys within an object: the first record of a key stands, also where it is itself rejected, and
 * every later one is rejected. Values are compared, not their texts; a key with a null in it is
 * none, as in SQL (https://datapackage.org/standard/table-schema/#uniqueKeys).
 */

/**
 * Whether a key may stand twice; a text that has no value ends the fast way anyhow.
 *
 * @param within columns of the source: within each of their values
 */
export async function hasTwice(
  duck: Duck,
  plan: Plan,
  source: string,
  within: string[] = [],
): Promise<boolean> {
  for (const { fields } of plan.keys()) {
    const { values, parts } = plan.keyOf(fields)
    const known = values.map((value) => `${value} IS NOT NULL`).join(' AND ')
    const found = await duck.all(`SELECT 1 FROM (${source}) WHERE ${known}
      GROUP BY ${[...within, ...parts].join(', ')} HAVING count(*) > 1 LIMIT 1`)
    if (found.length > 0) return true
  }
  return false
}

/** Puts every record of a key that stood before into the table `wrong`. */
export async function rejectTwice(duck: Duck, plan: Plan, source: string): Promise<void> {
  for (const [i, { rule, fields }] of plan.keys().entries()) {
    const { parts, text, known } = plan.keyOf(fields)
    const names = parts.map((_, n) => `k${n}`).join(', ')
    const keyed = `SELECT record, line, "offset", "length", ${text} AS told,
      ${parts.map((part, n) => `${part} AS k${n}`).join(', ')} FROM (${source}) WHERE ${known}`
    await duck.run(`CREATE OR REPLACE TEMP TABLE twice AS
      SELECT ${names}, min(record) AS first FROM (${keyed}) GROUP BY ALL HAVING count(*) > 1`)
    await duck.run(`INSERT INTO wrong SELECT record, line, "offset", "length",
      to_json([{'rule': '${rule}', 'field': ${literal(fields.join(', '))}, 'value': told,
        'message': 'stands before, in record ' || first}])::VARCHAR, ${i + 1}
      FROM (${keyed}) JOIN twice USING (${names}) WHERE record > first`)
  }
}
