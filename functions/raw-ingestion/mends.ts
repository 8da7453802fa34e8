import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lookAt } from '../../core/catalog.ts'
import type { Contract } from '../../core/contract.ts'
import { csvLine } from '../../core/csv-rows.ts'
import { leaveReload } from '../../core/due.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { count, type Entry, explain, takeId } from '../../core/ledger.ts'
import { readMends } from '../../core/mends.ts'
import { none } from '../../core/outcome.ts'
import type { Transaction } from '../../core/postgres.ts'
import { parseReplayKey, replayContract, superseded } from '../../core/replay.ts'
import { type Loaded, loadRows, type Work } from './load-rows.ts'

/**
 * Replay objects: their rows stand beside those of their source, as long as the source's version is
 * the one whose rejects they mend; which rejects are mended stands with the rejects.
 *
 * Whoever loads a source, or its replay object, holds the source's row in the ledger. So either the
 * replay object is loaded first, and the source's next version finds it named in that row and takes
 * its rows away; or the version comes first, and the replay object finds that it is superseded.
 */

/** @returns the object that a replay object mends; undefined for any other, and a broken one */
export async function sourceOf({ store }: Lake, key: string): Promise<string | undefined> {
  if (!parseReplayKey(key)) return undefined
  const seen = await lookAt(store, key)
  if (!seen?.governing.contract) return undefined
  const copy = await store.open(seen.version)
  try {
    const { object } = await readMends(copy.path, key)
    await copy.verify()
    return object
  } catch (error) {
    // It is refused where that can be noted.
    if (error instanceof Refused) return undefined
    throw error
  } finally {
    await copy.release()
  }
}

/** Locks the rows of both keys that are there, in one order, so that nobody waits in a ring. */
export async function holdSource(tx: Transaction, lake: string, keys: string[]): Promise<void> {
  const sql = `SELECT id FROM sluice.objects WHERE lake = $1 AND key = ANY ($2)
    ORDER BY id FOR NO KEY UPDATE`
  await tx.query(sql, [lake, keys])
}

/**
 * Loads a replay object, and marks what it mends: rejects whose rows are accepted, or wait.
 *
 * @param children the contracts whose rows may refer to this dataset's
 */
export async function loadMends(work: Work, children: Contract[]): Promise<Loaded> {
  const { tx, entry } = work
  const { object, version, records } = await readMends(work.path, entry.key)
  const sql = 'SELECT id, loaded_etag FROM sluice.objects WHERE lake = $1 AND key = $2'
  const [source] = await tx.query(sql, [entry.lake, object])
  if (!source) throw new Refused(`${object}, whose rejects it mends, is not known here`)
  const sourceId = source.id as number
  if (source.loaded_etag !== version) {
    const end = await loadRows(withoutRows(work), children)
    await mark(tx, entry, sourceId, [])
    return { ...end, reason: superseded(object) }
  }
  const end = await loadRows(work, children)
  if (end.records !== records.length) {
    throw new Refused(`${records.length} rows were counted, and ${end.records} read: mend quotes`)
  }
  const rejected = await tx.query('SELECT record FROM sluice.rejects WHERE object_id = $1', [
    entry.id,
  ])
  const out = new Set(rejected.map(({ record }) => record as number))
  const mended = records.filter((_, i) => !out.has(i + 1))
  await mark(tx, entry, sourceId, mended)
  return end
}

/** A source is loaded: what mended its earlier version goes, and is looked at anew. */
export async function dropMends(work: Work, children: Contract[]): Promise<void> {
  const { tx, entry, contract, version } = work
  if (entry.replay === undefined) return
  await leaveReload(tx, entry.replay)
  if (entry.loadedEtag === version.etag) return
  const replay = await takeId(tx, entry.replay)
  const modified = replay.loadedModified ?? new Date(0)
  const gone = { key: replay.key, etag: '', size: 0, modified }
  await loadRows(
    withoutRows({
      ...{ ...work, entry: replay, version: gone, contract: replayContract(contract) },
    }),
    children,
  )
  await tx.query('DROP TABLE IF EXISTS pg_temp.sluice_stage')
  await count(tx, replay.id, none)
  await explain(tx, replay.id, superseded(entry.key))
}

/** The same object with a header alone. */
function withoutRows(work: Work): Work {
  const path = join(work.folder, 'no-rows.csv')
  writeFileSync(path, csvLine(work.contract.fields.map(({ name }) => name)))
  return { ...work, path }
}

/** Says which rejects of the source this object mends, no more and no fewer, and counts them. */
async function mark(
  tx: Transaction,
  replay: Entry,
  source: number,
  records: number[],
): Promise<void> {
  await tx.query(
    `UPDATE sluice.rejects SET mended_by = CASE WHEN record = ANY ($3::bigint[]) THEN $2::bigint END
     WHERE object_id = $1 AND (mended_by = $2 OR record = ANY ($3::bigint[]))`,
    [source, replay.id, records],
  )
  await tx.query(
    `UPDATE sluice.objects SET replay = $2, mended = n.mended, rejected = n.rejected
     FROM (SELECT count(mended_by) AS mended, count(*) - count(mended_by) AS rejected
           FROM sluice.rejects WHERE object_id = $1) n
     WHERE id = $1`,
    [source, replay.id],
  )
}
