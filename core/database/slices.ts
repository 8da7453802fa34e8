import { literal } from '../names.ts'
import type { Transaction } from './database.ts'

/**
 * Statements that work off a table slice by slice, where one call may last 45 s only, and nobody
 * knows how fast the database is: it may just have woken, with half an ACU and an empty cache.
 */

/**
 * Blocks of 8 kB, those of long values too: the first slice is worked off in seconds even if each
 * row waits for a page.
 */
const firstBlocks = 256
/** 64 MB, so that many rows take few calls. */
const mostBlocks = 8_192
const fewestBlocks = 16
/** A slice that took less is followed by one twice as large, one that took more by half of it. */
const [quickMs, slowMs] = [5_000, 15_000]

/** The rows to be worked off; `alias` is that of the table in `where` and in the statement. */
export interface Slicing {
  table: string
  alias: string
  /** Which of its rows; where there is none, all that stand when it begins. */
  where?: string
}

/**
 * Runs a statement over rows of a table: at once, or slice by slice. It may delete those rows, but
 * neither insert into that table nor update it: a new row can come to stand in a later slice, and
 * would be worked off too, unless the statement's own conditions keep it out.
 *
 * @param run the statement, given a condition for its WHERE; its answer is how many rows it touched
 * @returns how many rows were touched in all
 */
export async function inSlices(
  tx: Transaction,
  of: Slicing,
  run: (slice: string) => Promise<number>,
): Promise<number> {
  if (!tx.isSliced) return run('true')
  const { first, end, beside } = await extentOf(tx, of)
  // A block whose values are long has many more beside it.
  const fewer = (blocks: number) => Math.max(1, Math.floor(blocks / (1 + beside)))
  let touched = 0
  for (let from = first, blocks = fewer(firstBlocks); from < end; ) {
    const to = Math.min(from + blocks, end)
    const started = performance.now()
    touched += await run(
      `${of.alias}.ctid >= '(${from},0)'::tid AND ${of.alias}.ctid < '(${to},0)'::tid`,
    )
    const ms = performance.now() - started
    if (ms < quickMs) blocks = Math.min(2 * blocks, fewer(mostBlocks))
    if (ms > slowMs) blocks = Math.max(blocks >> 1, fewer(fewestBlocks))
    from = to
  }
  return touched
}

/**
 * The blocks from the first such row to behind the last one; and how many blocks of long values
 * (TOAST) there are beside each of the table.
 */
async function extentOf(tx: Transaction, { table, alias, where }: Slicing) {
  const name = literal(table)
  const beside = `(SELECT coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)
      / greatest(pg_relation_size(oid), 1) FROM pg_class WHERE oid = ${name}::regclass) AS beside`
  const [row] = await tx.query(
    where === undefined
      ? `SELECT 0 AS first, pg_relation_size(${name}) / 8192 AS "end", ${beside}`
      : `SELECT coalesce((min(${alias}.ctid)::text::point)[0], 0) AS first,
           coalesce((max(${alias}.ctid)::text::point)[0] + 1, 0) AS "end", ${beside}
         FROM ${table} ${alias} WHERE ${where}`,
  )
  return row as { first: number; end: number; beside: number }
}
