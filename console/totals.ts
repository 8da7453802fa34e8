import type { Database } from '../core/database/database.ts'
import type { Flow } from './shapes.ts'

/** Sums over objects of a lake. */
export interface Totals extends Pick<Flow, 'objects' | 'records' | 'at'> {
  /** Records of objects that were loaded in the last ten seconds. */
  fresh: number
}

/**
 * Sums over all objects that the ledger has: one look at each row, all but a few columns of which
 * are passed over.
 */
export async function totalsOf(database: Database, lake: string): Promise<Totals> {
  const rows = await database.query(sql, [lake])
  const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0)
  const objects = (status: string) => {
    return Number(rows.find((row) => row.status === status)?.objects ?? 0)
  }
  const newest = rows.map(({ at }) => new Date(at as string | Date).getTime())
  return {
    objects: {
      ...{ loaded: objects('loaded'), published: 0 },
      ...{ refused: objects('refused'), held: objects('held') },
    },
    records: {
      accepted: sum('accepted'),
      rejected: sum('rejected'),
      waiting: sum('waiting'),
      mended: sum('mended'),
      all: sum('records'),
    },
    at: newest.length > 0 ? new Date(Math.max(...newest)).toISOString() : null,
    fresh: sum('fresh'),
  }
}

/** Of two sets of objects that have none in common. */
export function sumOf(one: Totals, other: Totals): Totals {
  const newest = [one.at, other.at].filter((at) => at !== null).toSorted()
  return {
    objects: added(one.objects, other.objects),
    records: added(one.records, other.records),
    at: newest.at(-1) ?? null,
    fresh: one.fresh + other.fresh,
  }
}

function added<T extends Record<string, number>>(one: T, other: T): T {
  return Object.fromEntries(Object.keys(one).map((name) => [name, one[name]! + other[name]!])) as T
}

// A transaction's `now()` is when it began: the object was loaded when its seconds were over.
const sql = `SELECT status, count(*) AS objects,
    sum(records)::bigint AS records, sum(accepted)::bigint AS accepted,
    sum(rejected)::bigint AS rejected, sum(waiting)::bigint AS waiting,
    sum(mended)::bigint AS mended, max(at) AS at,
    coalesce(sum(records) FILTER (WHERE status = 'loaded'
      AND at > now() - interval '1 hour'
      AND at + make_interval(secs => coalesce(seconds, 0)) > now() - interval '10 s'), 0)::bigint
      AS fresh
  FROM sluice.objects WHERE lake = $1 AND status <> 'new' GROUP BY status`
