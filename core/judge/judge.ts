import type { Duck } from '../duck/duckdb.ts'
import type { Reject, RowError } from '../rejects.ts'
import { rejectTwice } from './keys.ts'
import type { Plan } from './plan.ts'

/**
 * Every record that DuckDB's reader cut into cells and that does not hold, in the order of the
 * text. Their numbers stand in the temporary table `wrong` afterwards, which the caller drops.
 */
export async function* judge(duck: Duck, plan: Plan, source: string): AsyncIterable<Reject> {
  await fill(duck, plan, source)
  for (const part of await parts(duck)) {
    const rows = duck.rows(`SELECT record, line, "offset", "length", errors FROM wrong
      WHERE ${part} ORDER BY record, turn`)
    yield* merged(rows)
  }
}

/** Fills the table with the place and the errors of every rejected record. */
async function fill(duck: Duck, plan: Plan, source: string): Promise<void> {
  const wrong = plan.wrong(source)
  for (const [i, select] of wrong.entries()) {
    const into = i === 0 ? 'CREATE OR REPLACE TEMP TABLE wrong AS' : 'INSERT INTO wrong'
    await duck.run(`${into} SELECT record, line, "offset", "length",
      to_json(errors)::VARCHAR AS errors, ${i + 1 - wrong.length} AS turn FROM (${select})`)
  }
  await rejectTwice(duck, plan, source)
}

/** DuckDB's sort holds the texts beside what it sorts: so many bytes are sorted at once. */
const SORTED = 64 << 20

/** Conditions that part the table by its records; each record is in one part. */
async function parts(duck: Duck): Promise<string[]> {
  const [[bytes] = []] = await duck.all('SELECT coalesce(sum(strlen(errors)), 0) FROM wrong')
  const count = Math.ceil(Number(bytes) / SORTED)
  if (count < 2) return ['true']
  const shares = Array.from({ length: count - 1 }, (_, i) => (i + 1) / count)
  const borders = await duck.all(
    `SELECT unnest(quantile_disc(record, [${shares.join(', ')}])) FROM wrong`,
  )
  const ends = [...new Set(borders.map(([record]) => Number(record)))].toSorted((a, b) => a - b)
  return [...ends, undefined].map((end, i) => {
    const after = i === 0 ? 'true' : `record > ${ends[i - 1]}`
    return end === undefined ? after : `${after} AND record <= ${end}`
  })
}

/** The errors of a record as one list, the record's own before those of keys. */
async function* merged(rows: AsyncIterable<unknown[]>): AsyncIterable<Reject> {
  let held: Reject | undefined
  for await (const row of rows) {
    const next = rejectOf(row)
    if (held?.record === next.record) held.errors.push(...next.errors)
    else {
      if (held) yield held
      held = next
    }
  }
  if (held) yield held
}

function rejectOf([record, line, offset, length, errors]: unknown[]): Reject {
  return {
    record: Number(record),
    line: Number(line),
    offset: Number(offset),
    length: Number(length),
    errors: JSON.parse(errors as string) as RowError[],
  }
}
