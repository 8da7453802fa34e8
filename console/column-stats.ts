import { type Contract, isStreamOnly } from '../core/contract/contract.ts'
import { identifier } from '../core/names.ts'
import type { Asker } from './asker.ts'
import type { ColumnStats } from './shapes.ts'

/** Characters of a value. */
const CELL = 200

/**
 * What DuckDB says of the columns of Silver, or, of a dataset that only flows, of its events.
 * Distinct values are counted by their hashes, some per cent more or less.
 *
 * @param gone whoever asks is there no more
 * @throws what `Asker.ask` throws
 */
export function columnStats(
  asker: Asker,
  { schema, table, file }: Contract,
  gone: AbortSignal,
): Promise<ColumnStats[]> {
  const catalog = isStreamOnly(file) ? 'events' : 'silver'
  const from = `${catalog}.${identifier(schema)}.${identifier(table)}`
  const sql = `SELECT column_name, column_type, min, max, approx_unique, null_percentage, avg
    FROM (SUMMARIZE FROM ${from})`
  return asker.ask(sql, { gone, cell: CELL }, async ({ rows }) => {
    const stats: ColumnStats[] = []
    for await (const row of rows) {
      const [name, type, min, max, distinct, nulls, mean] = row as (string | null)[]
      stats.push({
        ...{ name: name ?? '', type: type ?? '', min: min ?? null, max: max ?? null },
        ...{ distinct: numberOf(distinct), nulls: numberOf(nulls), mean: mean ?? null },
      })
    }
    return stats
  })
}

function numberOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text)
}
