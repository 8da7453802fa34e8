import type { Database, Transaction } from './postgres.ts'

/**
 * Work that a commit leaves to be done after it, and that a crash must not forget: marks in
 * `sluice.due`. Marks are only ever added, and taken off by their own numbers, so that one which
 * commits while its like is being worked off is not lost.
 */

/** Every mark of one kind: a dataset whose waiting rows, or an object that, is to be looked at. */
export interface Due {
  heal: string | null
  reload: number | null
  /** Of the object to be loaded again. */
  key: string | null
  marks: number[]
}

/** The waiting rows of these datasets are to be looked at again. */
export async function leaveHeals(
  tx: Transaction,
  lake: string,
  datasets: { dataset: string }[],
): Promise<void> {
  if (datasets.length === 0) return
  const sql = 'INSERT INTO sluice.due (lake, heal) SELECT $1, unnest($2::text[])'
  await tx.query(sql, [lake, datasets.map(({ dataset }) => dataset)])
}

/** The object is to be loaded again. */
export async function leaveReload(tx: Transaction, id: number): Promise<void> {
  const sql =
    'INSERT INTO sluice.due (lake, reload) SELECT lake, id FROM sluice.objects WHERE id = $1'
  await tx.query(sql, [id])
}

/**
 * All objects that had lost a row to this one, or to one that had lost it to this one, are to be
 * loaded again: which of them has the row now, only their content says.
 *
 * @returns how many they are
 */
export async function leaveReloads(tx: Transaction, winner: number): Promise<number> {
  return tx.execute(
    `WITH RECURSIVE freed (loser) AS (
       SELECT loser FROM sluice.overrides WHERE winner = $1
       UNION SELECT o.loser FROM sluice.overrides o JOIN freed f ON o.winner = f.loser
     ), gone AS (DELETE FROM sluice.overrides WHERE winner = $1)
     INSERT INTO sluice.due (lake, reload)
     SELECT o.lake, o.id FROM freed JOIN sluice.objects o ON o.id = loser WHERE o.id <> $1`,
    [winner],
  )
}

/** What is to be done in this lake, the oldest first. */
export async function dueOf(database: Database, lake: string): Promise<Due[]> {
  const rows = await database.query(
    `SELECT heal, reload, key, json_agg(d.id) AS marks
       FROM sluice.due d LEFT JOIN sluice.objects o ON o.id = d.reload
       WHERE d.lake = $1 GROUP BY heal, reload, key ORDER BY min(d.id)`,
    [lake],
  )
  return rows as unknown as Due[]
}

export async function dropMarks(tx: Transaction, { marks }: Due): Promise<void> {
  await tx.query('DELETE FROM sluice.due WHERE id = ANY ($1::bigint[])', [marks])
}
