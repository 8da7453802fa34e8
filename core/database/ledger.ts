import type { Governing } from '../contract/catalog.ts'
import type { Counts, Outcome } from '../outcome.ts'
import type { ObjectVersion } from '../store/object-store.ts'
import type { Database, Row, Transaction } from './database.ts'
import { forgetting, ofObject } from './failures.ts'
import type { RuleCount } from './reject-rules.ts'

/** A key's row in the ledger, locked by this transaction. */
export interface Entry extends Counts {
  id: number
  lake: string
  key: string
  dataset: string | undefined
  status: Outcome['status'] | 'new'
  reason: string | undefined
  etag: string | undefined
  contract: string | undefined
  loadedEtag: string | undefined
  loadedModified: Date | undefined
  /** The object that mends rejects of this one, where any does; and how many it has mended. */
  replay: number | undefined
  mended: number | undefined
}

/** Of a row, what an entry is made of: its labels alone may be a megabyte. */
const columns = `id, lake, key, dataset, status, reason, etag, contract, loaded_etag,
  loaded_modified, replay, mended, records, accepted, rejected, waiting`

/** Takes the key: nobody else handles it in this database until the transaction ends. */
export async function takeKey(tx: Transaction, lake: string, key: string): Promise<Entry> {
  // NO KEY: other objects of the dataset may still refer to the row (sluice.overrides), or two
  // loads that each wait for the other's would be a ring.
  const find = `SELECT ${columns} FROM sluice.objects
    WHERE lake = $1 AND key = $2 FOR NO KEY UPDATE`
  const insert = 'INSERT INTO sluice.objects (lake, key) VALUES ($1, $2) ON CONFLICT DO NOTHING'
  for (;;) {
    const [there] = await tx.query(find, [lake, key])
    if (there) return entryOf(there)
    const [made] = await tx.query(`${insert} RETURNING ${columns}`, [lake, key])
    if (made) return entryOf(made)
  }
}

/** What the ledger says of a key now; nobody is kept from changing it. */
export async function entryOfKey(
  database: Database,
  lake: string,
  key: string,
): Promise<Entry | undefined> {
  const sql = `SELECT ${columns} FROM sluice.objects WHERE lake = $1 AND key = $2`
  const [there] = await database.query(sql, [lake, key])
  return there && entryOf(there)
}

/** Takes a key that is known to be there. */
export async function takeId(tx: Transaction, id: number): Promise<Entry> {
  const sql = `SELECT ${columns} FROM sluice.objects WHERE id = $1 FOR NO KEY UPDATE`
  return entryOf((await tx.query(sql, [id]))[0]!)
}

/** Forgets a key under which nothing was ever found, so that no row says what never was. */
export async function dropKey(tx: Transaction, entry: Entry): Promise<void> {
  if (entry.status !== 'new') return
  const sql = `${forgetting(ofObject)} DELETE FROM sluice.objects WHERE id = $1`
  await tx.execute(sql, [entry.id])
}

/**
 * Takes keys of a dataset with waiting rows, in one order, so that none waits in a ring.
 *
 * @param after the entry's id that the first of them comes after
 * @param most how many are taken
 */
export async function takeWaiting(
  tx: Transaction,
  lake: string,
  dataset: string,
  after: number,
  most: number,
): Promise<Entry[]> {
  const found = await tx.read(
    `SELECT ${columns} FROM sluice.objects
     WHERE lake = $1 AND dataset = $2 AND waiting > 0 AND id > $3
     ORDER BY id LIMIT ${most} FOR NO KEY UPDATE`,
    [lake, dataset, after],
  )
  return found.map(entryOf)
}

/** What the ledger is to say of the object from now on. */
export interface Note extends Counts {
  dataset: string | undefined
  status: 'loaded' | 'refused' | 'held'
  reason: string | undefined
  /** Of the header, where records were rejected: so that they can be told apart by name. */
  labels?: string[] | undefined
  /** Which rules rejected them. */
  rules?: RuleCount[] | undefined
  seconds: number
}

/** Writes the object's commit record. Of a refused or held version, no row stands or falls. */
export async function note(
  tx: Transaction,
  entry: Entry,
  version: ObjectVersion,
  governing: Governing,
  said: Note,
): Promise<void> {
  const loaded = said.status === 'loaded'
  await tx.execute(
    `${forgetting(ofObject)}
     UPDATE sluice.objects SET dataset = coalesce($2, dataset), status = $3, reason = $4, etag = $5,
       version_id = $6, size = $7, modified = $8::timestamptz, contract = $9, seconds = $10,
       at = now()
       ${loaded ? `, loaded_etag = $5, loaded_modified = $8::timestamptz, ${counted(11)}` : ''}
       ${loaded ? ', mended = 0, labels = $15::jsonb, rules = $16::jsonb' : ''}
     WHERE id = $1`,
    [
      entry.id,
      said.dataset,
      said.status,
      brief(said.reason),
      version.etag,
      version.versionId,
      version.size,
      version.modified,
      governing.hash,
      said.seconds,
      ...(loaded ? [...countsOf(said), jsonOf(said.labels), jsonOf(said.rules)] : []),
    ],
  )
}

/** Whatever is to be said: a row of the ledger is told whole, and may have 64 KB. */
function brief(reason: string | undefined): string | undefined {
  return reason && reason.length > REASON ? `${reason.slice(0, REASON)} …` : reason
}

const REASON = 8_000

export async function count(tx: Transaction, id: number, counts: Counts): Promise<void> {
  const sql = `UPDATE sluice.objects SET ${counted(2)} WHERE id = $1`
  await tx.execute(sql, [id, ...countsOf(counts)])
}

function counted(from: number): string {
  const names = ['records', 'accepted', 'rejected', 'waiting']
  return names.map((name, i) => `${name} = $${from + i}`).join(', ')
}

function countsOf({ records, accepted, rejected, waiting }: Counts): number[] {
  return [records, accepted, rejected, waiting]
}

/** A label may have anything in it; Postgres' JSON has no NUL, and no half of a surrogate pair. */
function jsonOf(told: string[] | RuleCount[] | undefined): string | null {
  const plain = (_: string, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '\ufffd').toWellFormed() : value
  return told ? JSON.stringify(told, plain) : null
}

/** Says of an object that stands what else is worth knowing. */
export async function explain(tx: Transaction, id: number, reason: string): Promise<void> {
  await tx.execute('UPDATE sluice.objects SET reason = $2 WHERE id = $1', [id, brief(reason)])
}

/** A dataset belongs to the folder that brought it first; the answer is that folder. */
export async function claimDataset(
  tx: Transaction,
  lake: string,
  dataset: string,
  folder: string,
): Promise<string> {
  const find = 'SELECT folder FROM sluice.datasets WHERE lake = $1 AND dataset = $2'
  const [there] = await tx.query(find, [lake, dataset])
  if (there) return there.folder as string
  const insert = 'INSERT INTO sluice.datasets VALUES ($1, $2, $3) ON CONFLICT DO NOTHING'
  await tx.execute(insert, [lake, dataset, folder])
  const [made] = await tx.query(find, [lake, dataset])
  return made!.folder as string
}

/** Which of these datasets were ever loaded into tables of this lake. */
export async function claimedDatasets(
  database: Database,
  lake: string,
  names: string[],
): Promise<Set<string>> {
  if (names.length === 0) return new Set()
  const sql = 'SELECT dataset FROM sluice.datasets WHERE lake = $1 AND dataset = ANY ($2::text[])'
  const rows = await database.read(sql, [lake, names])
  return new Set(rows.map(({ dataset }) => dataset as string))
}

function entryOf(row: Row): Entry {
  const some = <T>(name: string) => (row[name] ?? undefined) as T | undefined
  const modified = row.loaded_modified
  return {
    id: row.id as number,
    lake: row.lake as string,
    key: row.key as string,
    dataset: some('dataset'),
    status: row.status as Entry['status'],
    reason: some('reason'),
    etag: some('etag'),
    contract: some('contract'),
    loadedEtag: some('loaded_etag'),
    loadedModified: modified === null ? undefined : new Date(modified as string | Date),
    replay: some('replay'),
    mended: some('mended'),
    records: row.records as number,
    accepted: row.accepted as number,
    rejected: row.rejected as number,
    waiting: row.waiting as number,
  }
}

/** The keys with a prefix that were held or refused: a new contract may let them through. */
export async function stuckObjects(
  database: Database,
  lake: string,
  prefix: string,
): Promise<string[]> {
  const rows = await database.read(
    `SELECT key FROM sluice.objects
       WHERE lake = $1 AND starts_with(key, $2) AND status IN ('held', 'refused') ORDER BY key`,
    [lake, prefix],
  )
  return rows.map((row) => row.key as string)
}

/** How every object of a lake stands in Postgres. */
export async function outcomesOf(database: Database, lake: string): Promise<Outcome[]> {
  const rows = await database.read(
    `SELECT key AS object, dataset, status, reason, records, accepted, rejected, waiting,
         nullif(mended, 0) AS mended, coalesce(seconds, 0) AS seconds
       FROM sluice.objects WHERE lake = $1 AND status <> 'new' ORDER BY key`,
    [lake],
  )
  return rows.map((row) => ({ stage: 'raw-ingestion', ...row }) as unknown as Outcome)
}
