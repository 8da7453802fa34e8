import { Busy } from '../errors.ts'
import { messageOf } from '../finding.ts'
import type { Database } from './database.ts'

/**
 * Loads that ended by a fault, while the object is not loaded: why, how often, and when last. The
 * fault itself propagates, and is retried; this is for who asks meanwhile why the rows are not
 * there. Where the database is away, nothing can be noted in it.
 */

/** Of one object. */
export interface Failure {
  reason: string
  /** Since it was loaded last. */
  tries: number
  /** Of the last one; ISO 8601. */
  at: string
}

/** Characters of a reason that are kept. */
const REASON = 2_000

/** Notes that a load failed. That somebody else is at it is no fault. Never throws. */
export async function noteFailure(
  database: Database,
  lake: string,
  key: string,
  fault: unknown,
): Promise<void> {
  if (fault instanceof Busy) return
  const sql = `INSERT INTO sluice.failures AS f (lake, key, reason) VALUES ($1, $2, $3)
    ON CONFLICT (lake, key)
    DO UPDATE SET reason = excluded.reason, at = now(), tries = f.tries + 1`
  const told = messageOf(fault).replaceAll('\0', '').slice(0, REASON)
  // Mostly it is the database that has failed.
  await database.execute(sql, [lake, key, told]).catch(() => {})
}

/**
 * What a statement begins with that forgets failures, too, so that it is no statement more.
 *
 * @param which SQL of a condition
 */
export function forgetting(which: string): string {
  return `WITH forgotten AS (DELETE FROM sluice.failures WHERE ${which})`
}

/** Those of the object with the id $1. */
export const ofObject = '(lake, key) = (SELECT lake, key FROM sluice.objects WHERE id = $1)'

/** Of every object of the lake, or of one, whose last load has failed; by key. */
export async function failuresOf(
  database: Database,
  lake: string,
  key?: string,
): Promise<Map<string, Failure>> {
  const one = key === undefined ? '' : 'AND key = $2'
  const at = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`
  const sql = `SELECT key, reason, tries, ${at} FROM sluice.failures WHERE lake = $1 ${one}`
  const rows = await database.read(sql, key === undefined ? [lake] : [lake, key])
  return new Map(rows.map(({ key, ...failure }) => [String(key), failure as unknown as Failure]))
}
