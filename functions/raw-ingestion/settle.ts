import { contractsAround } from '../../core/family.ts'
import type { Lake } from '../../core/lake.ts'
import { count, type Entry, leaveWork, lockFor, takeWaiting } from '../../core/ledger.ts'
import { mergeStage } from '../../core/merge.ts'
import type { Database, Transaction } from '../../core/postgres.ts'
import { setOrphansAside, stageWaiting } from '../../core/waiting.ts'
import { ingest } from './ingest.ts'

/**
 * Does what commits have left to be done after them, until nothing is: rows that waited for a parent
 * are looked at again, and objects whose lost rows are free now are loaded again. Whoever calls it
 * may do another's left-over work: after a crash, the next object's handler does.
 */
export async function settle(lake: Lake, database: Database): Promise<void> {
  for (;;) {
    const due = await dueOf(lake, database)
    if (due.length === 0) return
    for (const { heal, reload, key, last } of due) {
      if (heal) await database.transaction((tx) => healDataset(lake, tx, heal, last))
      if (!reload) continue
      if (key) await ingest(lake, database, key, true)
      await database.transaction((tx) => done(tx, 'reload = $2', lake, reload, last))
    }
  }
}

type Due = { heal?: string; reload?: number; key?: string; last: number }

/** Each dataset and object once, with the number of its last mark. */
async function dueOf(lake: Lake, database: Database): Promise<Due[]> {
  const rows = await database.transaction((tx) =>
    tx.query(
      `SELECT heal, reload, key, max(d.id) AS last
       FROM sluice.due d LEFT JOIN sluice.objects o ON o.id = d.reload
       WHERE d.lake = $1 GROUP BY heal, reload, key ORDER BY last`,
      [lake.store.url],
    ),
  )
  return rows as Due[]
}

function done(tx: Transaction, what: string, lake: Lake, value: unknown, last: number) {
  const sql = `DELETE FROM sluice.due WHERE lake = $1 AND ${what} AND id <= $3`
  return tx.query(sql, [lake.store.url, value, last])
}

/** Keys before the dataset's lock, as everywhere, so that nobody waits in a ring. */
async function healDataset(lake: Lake, tx: Transaction, dataset: string, last: number) {
  const entries = await takeWaiting(tx, lake.store.url, dataset)
  await lockFor(tx, dataset)
  for (const entry of entries) await healObject(lake, tx, dataset, entry)
  await done(tx, 'heal = $2', lake, dataset, last)
}

async function healObject(lake: Lake, tx: Transaction, dataset: string, entry: Entry) {
  const contracts = await contractsAround(lake.store, entry.key)
  const contract = contracts.find((one) => one.dataset === dataset)
  if (!contract) return
  const before = await stageWaiting(tx, contract, entry)
  const waiting = await setOrphansAside(tx, contract, entry)
  const modified = entry.loadedModified ?? new Date(0)
  const whole = { ...entry, loadedEtag: undefined }
  await mergeStage({ tx, contract, entry: whole, modified, children: [] })
  await tx.query('DROP TABLE pg_temp.sluice_stage')
  if (waiting === before) return
  await count(tx, entry.id, { ...entry, accepted: entry.accepted + before - waiting, waiting })
  const children = contracts.filter((one) => one.foreignKeys.some((key) => key.dataset === dataset))
  await leaveWork(tx, entry.lake, children)
}
