import type { Database } from '../core/database/database.ts'
import type { DatasetDetail } from './shapes.ts'

/** How the objects of a dataset were over time, as the ledger has it. */

/** Points of a chart; lines of a list. */
const MOST = 200

/** What is no replay object: its rows are those of others, mended. */
const isSource = `key !~ '/_replay/[^/]+/[0-9a-f]{16}\\.csv$'`

/** The newest of what is loaded, oldest first. */
export async function qualityOf(
  database: Database,
  lake: string,
  dataset: string,
): Promise<DatasetDetail['quality']> {
  const rows = await database.read(
    `SELECT key AS object, coalesce(loaded_modified, at) AS at, records, accepted, rules
     FROM sluice.objects
     WHERE lake = $1 AND dataset = $2 AND loaded_etag IS NOT NULL AND ${isSource}
     ORDER BY 2 DESC, key DESC LIMIT ${MOST}`,
    [lake, dataset],
  )
  const told = rows.map((row) => ({ ...row, at: isoOf(row.at), rules: row.rules ?? [] }))
  return told.toReversed() as unknown as DatasetDetail['quality']
}

/** Headers that were taken though they were not as the contract has them; newest first. */
export async function driftOf(
  database: Database,
  lake: string,
  dataset: string,
): Promise<DatasetDetail['drift']> {
  const rows = await database.read(
    `SELECT key AS object, at, reason AS told FROM sluice.objects
     WHERE lake = $1 AND dataset = $2 AND status = 'loaded'
       AND reason ~ '(^|; )(extra-label|missing-label|renamed[?]|reordered)'
     ORDER BY at DESC, key LIMIT ${MOST}`,
    [lake, dataset],
  )
  return rows.map((row) => ({ ...row, at: isoOf(row.at) })) as unknown as DatasetDetail['drift']
}

/**
 * What was held or refused, newest first: of the dataset, and of its package what no dataset has.
 *
 * @param folder of the package, with a slash at its end; '' for none
 */
export async function stuckOf(
  database: Database,
  lake: string,
  dataset: string,
  folder: string,
): Promise<DatasetDetail['stuck']> {
  const rows = await database.read(
    `SELECT key AS object, status, reason FROM sluice.objects
     WHERE lake = $1 AND status IN ('held', 'refused')
       AND (dataset = $2 OR (dataset IS NULL AND $3 <> '' AND starts_with(key, $3)))
     ORDER BY at DESC, key LIMIT ${MOST}`,
    [lake, dataset, folder],
  )
  return rows as unknown as DatasetDetail['stuck']
}

function isoOf(time: unknown): string {
  return new Date(time as string | Date).toISOString()
}
