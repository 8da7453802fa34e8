import type { RowError } from '../rejects.ts'
import { Conditions } from './conditions.ts'
import type { Database } from './database.ts'
import { MAX_RULES } from './reject-rules.ts'

/**
 * The records of a ledger that were rejected, or wait, as a list to page through: of the objects
 * that were seen last first, by their number within. None of it is passed over by OFFSET, and none
 * is looked for through all that there are: a page that takes long ends before it is full.
 */

export type RejectState = 'rejected' | 'waiting' | 'mended'

/** Where a list goes on: behind this record. */
export interface RejectPlace {
  /** The object's id in the ledger. */
  id: number
  record: number
}

export interface RejectsAsked {
  state: RejectState
  dataset?: string | undefined
  /** A key. */
  object?: string | undefined
  /** Of one error, that has both where both are asked. */
  rule?: string | undefined
  /** null: what is wrong with a record as a whole. */
  field?: string | null | undefined
  /** A part of the text, whatever its case. */
  search?: string | undefined
}

export interface ListedReject extends RejectPlace {
  line: number
  /** So much of the record as was asked for, and one character more where there is more. */
  text: string
  errors: RowError[]
  /** Of a record that waits: `shop.customers customer_id = 7`. */
  missing?: string
}

export interface RejectPage {
  rows: ListedReject[]
  /** Where to go on; undefined at the end. */
  next: RejectPlace | undefined
}

/** Characters of a record that are shown, and searched. */
export const SHOWN_TEXT = 10_000

/** Records of one look: the more the quicker they are worked off. */
const [fewest, first, most] = [200, 1_000, 20_000]
/** Objects of one look; most that have any have a few. */
const objectsIn = (window: number) => Math.max(200, window >> 2)
const [quickMs, slowMs] = [20, 60]

/**
 * @param after undefined for the first of them
 * @param limit rows that are wanted; there are fewer where looking for them takes too long
 * @param until when (by `performance.now()`) no further look is begun; the first always is
 */
export async function listRejects(
  database: Database,
  lake: string,
  asked: RejectsAsked,
  after: RejectPlace | undefined,
  limit: number,
  until: number,
): Promise<RejectPage> {
  if (asked.state === 'waiting' && !mayWait(asked)) return { rows: [], next: undefined }
  const rows: ListedReject[] = []
  let place = after ?? { id: Number.MAX_SAFE_INTEGER, record: 0 }
  for (let window = first; ; ) {
    const started = performance.now()
    const look = await lookOnce(database, lake, asked, place, window, limit + 1 - rows.length)
    rows.push(...look.rows)
    if (rows.length > limit) {
      const { id, record } = rows[limit - 1]!
      return { rows: rows.slice(0, limit), next: { id, record } }
    }
    if (!look.next) return { rows, next: undefined }
    place = look.next
    const now = performance.now()
    if (now > until) return { rows, next: place }
    if (now - started < quickMs) window = Math.min(most, 4 * window)
    if (now - started > slowMs) window = Math.max(fewest, window >> 1)
  }
}

/** Whatever waits, waits for a parent, as a whole. */
function mayWait({ rule = WAITS, field = null }: RejectsAsked): boolean {
  return rule === WAITS && field === null
}

/** The rule by which a record waits. */
export const WAITS = 'foreign-key'

async function lookOnce(
  database: Database,
  lake: string,
  asked: RejectsAsked,
  after: RejectPlace,
  window: number,
  limit: number,
): Promise<RejectPage> {
  const { sql, values } = statementOf(lake, asked, after, window, limit)
  const [row] = await database.read(sql, values)
  const { objects, oldest, seen, last, rows } = row as unknown as Answer
  // All records of these objects were seen; after fewer than were asked for, no object comes.
  const isEnd = objects < objectsIn(window)
  const behind = isEnd ? undefined : { id: oldest! - 1, record: 0 }
  const next = seen === window ? { id: last![0]!, record: last![1]! } : behind
  return { rows: rows ?? [], next }
}

interface Answer {
  objects: number
  /** The id of the last one. */
  oldest: number | null
  /** Records that were looked at, and the last of them. */
  seen: number
  last: number[] | null
  rows: ListedReject[] | null
}

/**
 * One statement with one row for an answer. Only a window of records is looked at, in the order of
 * an index; what is not asked for is left out of that, and not looked for.
 */
function statementOf(
  lake: string,
  asked: RejectsAsked,
  { id, record }: RejectPlace,
  window: number,
  limit: number,
): { sql: string; values: unknown[] } {
  const where = new Conditions()
  const from = where.name(id)
  const objects = objectsAsked(where, lake, asked)
  const isWaiting = asked.state === 'waiting'
  const text = isWaiting ? 'r."row"::text' : 'r.text'
  const told = isWaiting ? `'[]'::jsonb AS errors, r.missing` : 'r.errors, r.mended_by'
  // In one go, the planner might sort all records of all objects first.
  const sql = `WITH o AS MATERIALIZED (
      SELECT id, CASE WHEN id = ${from} THEN ${where.name(record)}::bigint ELSE 0 END AS after
      FROM sluice.objects WHERE ${objects} AND id <= ${from}
      ORDER BY id DESC LIMIT ${objectsIn(window)}
    ), seen AS MATERIALIZED (
      SELECT o.id, r.* FROM o CROSS JOIN LATERAL (
        SELECT r.record, r.line, ${text} AS text, ${told}
        FROM sluice.${isWaiting ? 'waiting' : 'rejects'} r
        WHERE r.object_id = o.id AND r.record > o.after ORDER BY r.record LIMIT ${window}
      ) r ORDER BY o.id DESC, r.record LIMIT ${window}
    ), found AS (
      SELECT id, record, line, left(text, ${SHOWN_TEXT + 1}) AS text, errors
        ${isWaiting ? ', missing' : ''}
      FROM seen WHERE ${recordsAsked(where, asked)} ORDER BY id DESC, record LIMIT ${limit}
    )
    SELECT (SELECT count(*) FROM o) AS objects, (SELECT min(id) FROM o) AS oldest,
      (SELECT count(*) FROM seen) AS seen,
      (SELECT json_build_array(id, record) FROM seen ORDER BY id, record DESC LIMIT 1) AS last,
      (SELECT json_agg(found.* ORDER BY id DESC, record) FROM found) AS rows`
  return { sql, values: where.values }
}

/** Objects that have such records, as far as their own row tells. */
function objectsAsked(where: Conditions, lake: string, asked: RejectsAsked): string {
  const { state, dataset, object } = asked
  const which = [`lake = ${where.name(lake)}`, 'rejected + waiting + mended > 0', `${state} > 0`]
  if (dataset !== undefined) which.push(`dataset = ${where.name(dataset)}`)
  if (object !== undefined) which.push(`key = ${where.name(object)}`)
  const rule = ruleAsked(asked)
  if (state !== 'waiting' && rule) {
    // Only so many rules are kept of an object, and none of what an earlier Sluice has loaded.
    which.push(`(rules IS NULL OR jsonb_array_length(rules) >= ${MAX_RULES}
      OR rules @> ${where.name(rule)}::jsonb)`)
  }
  return which.join(' AND ')
}

/** What is asked of one error, as JSON that contains it; undefined where nothing is. */
function ruleAsked({ rule, field }: RejectsAsked): string | undefined {
  if (rule === undefined && field === undefined) return undefined
  return JSON.stringify([{ rule, field }])
}

function recordsAsked(where: Conditions, asked: RejectsAsked): string {
  const { state, rule, field, search } = asked
  const which: string[] = []
  if (state !== 'waiting') which.push(`mended_by IS ${state === 'mended' ? 'NOT NULL' : 'NULL'}`)
  if (state !== 'waiting' && field === null) {
    // Such an error has no field, or null for one.
    const vars = where.name(JSON.stringify({ rule }))
    const isRule = rule === undefined ? '' : '@.rule == $rule && '
    which.push(`jsonb_path_exists(errors,
      '$[*] ? (${isRule}(!exists(@.field) || @.field == null))', ${vars}::jsonb)`)
  } else if (state !== 'waiting' && ruleAsked(asked)) {
    which.push(`errors @> ${where.name(ruleAsked(asked))}::jsonb`)
  }
  if (search !== undefined) {
    // To count the characters of a text costs more than to look through it.
    const whole = `CASE WHEN octet_length(text) > ${SHOWN_TEXT}
      THEN left(text, ${SHOWN_TEXT}) ELSE text END`
    which.push(`strpos(lower(${whole}), lower(${where.name(search)}::text)) > 0`)
  }
  return which.length > 0 ? which.join(' AND ') : 'true'
}

/** An object whose records are listed. */
export interface RejectOwner {
  key: string
  dataset: string
  /** The one whose rows stand. */
  version: string
  /** Of its header; null where an earlier Sluice has not kept them, or where none is rejected. */
  labels: string[] | null
}

/** By their ids. */
export async function ownersOf(
  database: Database,
  ids: number[],
): Promise<Map<number, RejectOwner>> {
  if (ids.length === 0) return new Map()
  const sql = `SELECT id, key, dataset, loaded_etag AS version, labels FROM sluice.objects
    WHERE id = ANY ($1::bigint[])`
  const rows = await database.read(sql, [ids])
  return new Map(rows.map((row) => [row.id as number, row as unknown as RejectOwner]))
}
