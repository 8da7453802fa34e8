import type { ObjectVersion } from '../store/object-store.ts'
import type { Database, Transaction } from './database.ts'
import { forgetting } from './failures.ts'

/** Objects that the ledger knows nothing of yet, noted as they are loaded: many at once. */

/** What is noted of an object all of whose records were accepted. */
export interface New {
  version: ObjectVersion
  records: number
  reason: string | undefined
  seconds: number
}

/** What is the same for all of them. */
export interface Common {
  lake: string
  dataset: string
  /** The contract's hash. */
  contract: string
}

/** @returns those of the keys that have no row in the ledger now */
export async function unknownOf(
  database: Database,
  lake: string,
  keys: string[],
): Promise<Set<string>> {
  const sql = 'SELECT key FROM sluice.objects WHERE lake = $1 AND key = ANY ($2::text[])'
  const known = await database.read(sql, [lake, keys])
  const unknown = new Set(keys)
  for (const { key } of known) unknown.delete(key as string)
  return unknown
}

/**
 * Takes the keys, as `takeKey` does, and writes each object's commit record. All in one order, so
 * that nobody waits in a ring.
 *
 * @returns the objects' ids, by their keys; a key that another one has taken has none
 */
export async function noteNew(
  tx: Transaction,
  { lake, dataset, contract }: Common,
  all: New[],
): Promise<Map<string, number>> {
  const sorted = all.toSorted((a, b) => (a.version.key < b.version.key ? -1 : 1))
  const list = <T>(of: (one: New) => T) => sorted.map(of)
  const rows = await tx.query(
    `${forgetting('lake = $1 AND key = ANY ($4::text[])')}
     INSERT INTO sluice.objects (lake, key, dataset, status, contract, reason, etag, version_id,
       size, modified, seconds, loaded_etag, loaded_modified, records, accepted)
     SELECT $1, key, $2, 'loaded', $3, reason, etag, version_id, size, modified, seconds, etag,
       modified, records, records
     FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
       $9::timestamptz[], $10::float8[], $11::bigint[])
       AS new (key, reason, etag, version_id, size, modified, seconds, records)
     ON CONFLICT DO NOTHING RETURNING id, key`,
    [
      lake,
      dataset,
      contract,
      list(({ version }) => version.key),
      list(({ reason }) => reason ?? null),
      list(({ version }) => version.etag),
      list(({ version }) => version.versionId ?? null),
      list(({ version }) => version.size),
      list(({ version }) => version.modified),
      list(({ seconds }) => seconds),
      list(({ records }) => records),
    ],
  )
  return new Map(rows.map(({ key, id }) => [key as string, id as number]))
}
