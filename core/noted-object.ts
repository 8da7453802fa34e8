import type { Database } from './database/database.ts'
import { type ListedObject, listedColumns } from './database/object-list.ts'
import { readWithin } from './database/read-within.ts'
import type { RuleCount } from './database/reject-rules.ts'
import { identifier } from './names.ts'
import { isBelowReplay } from './replay/replay.ts'

/** All that the ledger tells of one object. */
export interface NotedObject extends ListedObject {
  id: number
  etag: string | null
  versionId: string | null
  modified: Date | string | null
  /** The hash of its contract, when it was looked at last. */
  contract: string | null
  /** null where they are to be counted (see countRules); of nothing rejected they say nothing. */
  rules: RuleCount[] | null
  /** The object that mends its rejects. */
  replay: string | null
  /** Of a replay object, whose rejects it mends. */
  source: string | null
  /** Its row as it stands, but for the lake, which may be a folder of this machine. */
  row: Record<string, unknown>
}

export async function notedObject(
  database: Database,
  lake: string,
  key: string,
): Promise<NotedObject | undefined> {
  // A header may have a megabyte; rules stand beside it.
  const row = `to_jsonb(o) - ARRAY['lake', 'labels', 'rules'] AS "row"`
  const source = `(SELECT key FROM sluice.objects s WHERE s.replay = o.id LIMIT 1)`
  const [noted] = await database.read(
    `SELECT ${listedColumns}, id, etag, version_id AS "versionId", modified, contract, rules,
       (SELECT key FROM sluice.objects r WHERE r.id = o.replay) AS replay,
       ${isBelowReplay(key) ? source : 'NULL'} AS source, ${row}
     FROM sluice.objects o WHERE lake = $1 AND key = $2 AND status <> 'new'`,
    [lake, key],
  )
  return noted as unknown as NotedObject | undefined
}

/** Of an answer that somebody waits for. */
const PATIENCE_MS = 2_000

/**
 * The table that a dataset is loaded into, and how many of its rows are an object's.
 *
 * @param dataset `shop.orders`
 * @returns undefined where there is no such table; null rows where it takes long to count them
 */
export async function rowsOfObject(
  database: Database,
  dataset: string,
  id: number,
): Promise<{ table: string; rows: number | null } | undefined> {
  const table = dataset.split('.').map(identifier).join('.')
  const found = await database.query(
    `SELECT 1 FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attname = '_object_id' AND NOT attisdropped`,
    [table],
  )
  if (found.length === 0) return undefined
  const sql = `SELECT count(*) AS rows FROM ${table} WHERE _object_id = $1`
  const [counted] = (await readWithin(database, PATIENCE_MS, sql, [id])) ?? []
  return { table, rows: (counted?.rows as number | undefined) ?? null }
}
