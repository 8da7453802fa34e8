import type { Database, Transaction } from './database.ts'

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

/**
 * Rows have come to `parent`: those that wait for it are to be looked at again, and the waiting
 * rows of `datasets`. Who waits for it is asked after the commit: the contract of a child may have
 * come, and its rows, while this transaction knew of neither.
 */
export async function leaveHeals(
  tx: Transaction,
  lake: string,
  parent: { dataset: string },
  datasets: { dataset: string }[],
): Promise<void> {
  const sql = `INSERT INTO sluice.due (lake, parent, heal)
    SELECT $1, $2, NULL UNION ALL SELECT $1, NULL, unnest($3::text[])`
  await tx.execute(sql, [lake, parent.dataset, datasets.map(({ dataset }) => dataset)])
}

/**
 * A descriptor has changed, and with it perhaps what rows wait for: those of the objects whose keys
 * begin with `prefix` are to be looked at again.
 */
export async function leaveHealsBelow(
  database: Database,
  lake: string,
  prefix: string,
): Promise<void> {
  await database.execute(
    `INSERT INTO sluice.due (lake, heal)
     SELECT DISTINCT lake, dataset FROM sluice.objects
       WHERE lake = $1 AND starts_with(key, $2) AND waiting > 0 AND dataset IS NOT NULL`,
    [lake, prefix],
  )
}

/**
 * Rows that wait for a table which Sluice does not load into are to be looked at again: nobody
 * tells when it has got the parent. So it is asked from time to time.
 */
export async function leaveForeignHeals(database: Database, lake: string): Promise<void> {
  await database.execute(
    `INSERT INTO sluice.due (lake, heal)
     SELECT DISTINCT o.lake, o.dataset FROM sluice.objects o
       JOIN sluice.references r ON r.lake = o.lake AND r.dataset = o.dataset
       WHERE o.lake = $1 AND o.waiting > 0 AND NOT EXISTS (
         SELECT 1 FROM sluice.datasets d WHERE d.lake = o.lake AND d.dataset = r.parent)`,
    [lake],
  )
}

/** The object is to be loaded again. */
export async function leaveReload(tx: Transaction, id: number): Promise<void> {
  const sql =
    'INSERT INTO sluice.due (lake, reload) SELECT lake, id FROM sluice.objects WHERE id = $1'
  await tx.execute(sql, [id])
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
  const seen = await marksOf(database, lake)
  const parents = seen.filter(({ parent }) => parent !== null)
  if (parents.length === 0) return seen
  await healThoseThatWait(database, lake, parents)
  const due = (await marksOf(database, lake)).filter(({ parent }) => parent === null)
  // Rows that are being looked at still wait for what they had waited for, to all others. They may
  // wait for one of these parents next, and their mark be gone: it is worked off once more.
  const gone = ({ heal }: Due) => heal !== null && due.every((one) => one.heal !== heal)
  return [...due, ...seen.filter(gone)]
}

type Mark = Due & { parent: string | null }

async function marksOf(database: Database, lake: string): Promise<Mark[]> {
  const rows = await database.read(
    `SELECT parent, heal, reload, key, json_agg(d.id) AS marks
       FROM sluice.due d LEFT JOIN sluice.objects o ON o.id = d.reload
       WHERE d.lake = $1 GROUP BY parent, heal, reload, key ORDER BY min(d.id)`,
    [lake],
  )
  return rows as unknown as Mark[]
}

/** Marks of parents become those of the datasets that wait for them, in one act. */
async function healThoseThatWait(database: Database, lake: string, parents: Mark[]): Promise<void> {
  await database.execute(
    `WITH seen AS (
       DELETE FROM sluice.due WHERE id IN (
         SELECT id FROM sluice.due WHERE id IN (SELECT unnest($3::bigint[]))
         FOR UPDATE SKIP LOCKED)
     )
     INSERT INTO sluice.due (lake, heal)
     SELECT DISTINCT o.lake, o.dataset
       FROM sluice.waiting w JOIN sluice.objects o ON o.id = w.object_id
       WHERE o.lake = $1 AND split_part(missing, ' ', 1) = ANY ($2::text[])`,
    [lake, parents.map(({ parent }) => parent), parents.flatMap(({ marks }) => marks)],
  )
}

/**
 * Unnested, as above: a parameter of the Data API is a text, of which `ANY` makes an array anew for
 * every row that it looks at, where no index is used.
 */
export async function dropMarks(tx: Transaction, { marks }: Due): Promise<void> {
  const sql = 'DELETE FROM sluice.due WHERE id IN (SELECT unnest($1::bigint[]))'
  await tx.execute(sql, [marks])
}
