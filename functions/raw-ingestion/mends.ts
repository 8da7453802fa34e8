import { lookAt } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import type { Transaction } from '../../core/database/database.ts'
import { leaveReload } from '../../core/database/due.ts'
import { noRows } from '../../core/database/incoming.ts'
import { count, type Entry, explain, takeId } from '../../core/database/ledger.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { none } from '../../core/outcome.ts'
import { type Mends, readMends } from '../../core/replay/mends.ts'
import { parseReplayKey, replayContract, superseded } from '../../core/replay/replay.ts'
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
  const sql = `SELECT id FROM sluice.objects WHERE lake = $1 AND key = ANY ($2::text[])
    ORDER BY id FOR NO KEY UPDATE`
  await tx.execute(sql, [lake, keys])
}

/**
 * Loads a replay object, and marks what it mends: rejects whose rows are accepted, or wait.
 *
 * @param children the contracts whose rows may refer to this dataset's
 */
export async function loadMends(work: Work, mends: Mends, children: Contract[]): Promise<Loaded> {
  const { tx, entry } = work
  const { object, version, records } = mends
  const sql = 'SELECT id, loaded_etag FROM sluice.objects WHERE lake = $1 AND key = $2'
  const [source] = await tx.query(sql, [entry.lake, object])
  if (!source) throw new Refused(`${object}, whose rejects it mends, is not known here`)
  const sourceId = source.id as number
  if (source.loaded_etag !== version) {
    const end = await loadRows({ ...work, incoming: noRows }, children)
    await mark(tx, entry, sourceId, [])
    return { ...end, reason: superseded(object) }
  }
  const end = await loadRows(work, children)
  if (end.records !== records.length) {
    throw new Refused(`${records.length} rows were counted, and ${end.records} read: mend quotes`)
  }
  const rejects = 'SELECT record FROM sluice.rejects WHERE object_id = $1'
  const rejected = await tx.read(rejects, [entry.id])
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
  const gone = { etag: '', modified }
  const mends = { entry: replay, version: gone, contract: replayContract(contract) }
  await loadRows({ ...work, ...mends, incoming: noRows }, children)
  await tx.execute('DROP TABLE IF EXISTS pg_temp.sluice_stage')
  await count(tx, replay.id, none)
  await explain(tx, replay.id, superseded(entry.key))
}

/** Numbers of one statement: a request of the Data API has 4 MB at most. */
const AT_ONCE = 100_000

/** Says which rejects of the source this object mends, no more and no fewer, and counts them. */
async function mark(
  tx: Transaction,
  replay: Entry,
  source: number,
  records: number[],
): Promise<void> {
  const others =
    'UPDATE sluice.rejects SET mended_by = NULL WHERE object_id = $1 AND mended_by = $2'
  await tx.execute(others, [source, replay.id])
  for (let at = 0; at < records.length; at += AT_ONCE) {
    await tx.execute(
      `UPDATE sluice.rejects SET mended_by = $2
       WHERE object_id = $1 AND record = ANY ($3::bigint[])`,
      [source, replay.id, records.slice(at, at + AT_ONCE)],
    )
  }
  await tx.execute(
    `UPDATE sluice.objects SET replay = $2, mended = n.mended, rejected = n.rejected
     FROM (SELECT count(mended_by) AS mended, count(*) - count(mended_by) AS rejected
           FROM sluice.rejects WHERE object_id = $1) n
     WHERE id = $1`,
    [source, replay.id],
  )
}
