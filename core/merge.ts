import type { Contract } from './contract.ts'
import { leaveReload, leaveReloads } from './due.ts'
import type { Entry } from './ledger.ts'
import { identifier, literal } from './names.ts'
import type { Pointer } from './pointers.ts'
import type { Transaction } from './postgres.ts'
import { columnsOf, keyOf, tableOf } from './table.ts'

/**
 * From the rows of one object, staged, to its dataset's table: what replaces what.
 *
 * Whose row stands is a question of objects, not of arrival: the object modified later wins, then
 * the greater key. Rows without an object (of setup.sql, of other programs) give way to any.
 */
export interface Merge {
  tx: Transaction
  contract: Contract
  /** Whose rows these are. */
  entry: Entry
  /** When its content was last modified. */
  modified: Date
  /** What points to rows of this dataset: those must stay. */
  pointers: Pointer[]
  /** True where they join the rows that the object has, having waited; else they replace those. */
  joins: boolean
}

export const STAGE = 'pg_temp.sluice_stage'

/** An empty staging table: the dataset's columns, and where each row stood in its object. */
export async function makeStage(tx: Transaction, contract: Contract): Promise<void> {
  const columns = columnsOf(contract).join(', ')
  const [record, line] = placesOf(contract)
  await tx.query(`CREATE TEMP TABLE sluice_stage ON COMMIT DROP AS
    SELECT ${columns}, 0::bigint AS ${record}, 0::bigint AS ${line}
    FROM ${tableOf(contract)} LIMIT 0`)
}

/** The stage's columns of record and line, quoted, under names that no field has. */
export function placesOf(contract: Contract): [string, string] {
  const taken = columnsOf(contract)
  const free = (name: string): string => {
    return taken.includes(identifier(name)) ? free(`_${name}`) : identifier(name)
  }
  return [free('_record'), free('_line')]
}

/**
 * Puts the staged rows where they belong. All of it is part of the caller's transaction.
 *
 * @returns how many rows of the earlier version stay only because children point to them
 */
export async function mergeStage(merge: Merge): Promise<number> {
  const { tx, contract, entry, joins } = merge
  if (contract.load === 'upsert') return upsert(merge)
  if (contract.load === 'replace' && !(await takesOver(merge))) return 0
  const referenced = joins ? 0 : (await dropOlder(merge, olderOf(merge))).referenced
  const columns = columnsOf(contract).join(', ')
  await tx.query(`INSERT INTO ${tableOf(contract)} (${columns}, _object_id)
    SELECT ${columns}, ${entry.id} FROM ${STAGE}`)
  return referenced
}

/** Whose rows give way to the object's: of replace, those of every object of the lake. */
function olderOf({ contract, entry }: Merge): string {
  if (contract.load === 'append') return `${entry.id}`
  return `SELECT id FROM sluice.objects WHERE lake = ${literal(entry.lake)}`
}

/** Deletes the rows of these objects, but for those that children point to and no staged row is. */
async function dropOlder(merge: Merge, objects: string) {
  const { tx, contract, pointers } = merge
  const rows = `FROM ${tableOf(contract)} t WHERE t._object_id IN (${objects})`
  const dropped = await deleteFree(merge, rows, (pointer) => {
    const same = pointer.ours.map((name) => `s.${name} = t.${name}`).join(' AND ')
    return `(${notPointed(merge, pointer)} OR EXISTS (SELECT 1 FROM ${STAGE} s WHERE ${same}))`
  })
  const [kept] = pointers.length > 0 ? await tx.query(`SELECT count(*) AS rows ${rows}`) : []
  return { dropped, referenced: (kept?.rows as number | undefined) ?? 0 }
}

/** Deletes the rows that are free of every pointer; those of a chain one after the other. */
async function deleteFree(
  { tx, contract, pointers }: Merge,
  rows: string,
  free: (pointer: Pointer) => string,
): Promise<number> {
  const sql = ['DELETE', rows, ...pointers.map((one) => `AND ${free(one)}`)].join(' ')
  const toItself = pointers.some(({ table }) => table === tableOf(contract))
  let all = 0
  for (;;) {
    const dropped = await tx.execute(sql)
    all += dropped
    if (dropped === 0 || !toItself) return all
  }
}

/** A row that points to itself keeps nothing. */
function notPointed({ contract }: Merge, { table, theirs, ours }: Pointer): string {
  const points = theirs.map((name, i) => `c.${name} = t.${ours[i]}`)
  const other = table === tableOf(contract) ? ['c.ctid <> t.ctid'] : []
  return `NOT EXISTS (SELECT 1 FROM ${table} c WHERE ${[...points, ...other].join(' AND ')})`
}

/** Deletes the rows of the object's earlier version. */
export async function deleteOwn(tx: Transaction, contract: Contract, entry: Entry): Promise<void> {
  if (entry.loadedEtag === undefined) return
  await tx.query(`DELETE FROM ${tableOf(contract)} WHERE _object_id = ${entry.id}`)
}

/** replace: the dataset is its newest object; an older one that comes later changes nothing. */
async function takesOver(merge: Merge): Promise<boolean> {
  const { tx, contract, entry, modified, joins } = merge
  const [newer] = await tx.query(
    `SELECT id FROM sluice.objects WHERE lake = $1 AND dataset = $2 AND id <> $3
       AND (loaded_modified, key COLLATE "C") > ($4, $5 COLLATE "C")
     ORDER BY loaded_modified DESC, key COLLATE "C" DESC LIMIT 1`,
    [entry.lake, contract.dataset, entry.id, modified, entry.key],
  )
  if (joins || !newer) return newer === undefined
  // The dataset was this object, which has become the older one.
  const { dropped, referenced } = await dropOlder(merge, `${entry.id}`)
  if (dropped + referenced > 0) await leaveReload(tx, newer.id as number)
  return false
}

async function upsert(merge: Merge): Promise<number> {
  const { tx, contract, entry } = merge
  const table = tableOf(contract)
  const key = keyOf(contract)
  const same = key.map((name) => `t.${name} = s.${name}`).join(' AND ')
  const referenced = await dropRows(merge, same)
  const standing = `FROM ${STAGE} s JOIN ${table} t ON ${same}
    JOIN sluice.objects o ON o.id = t._object_id WHERE o.id <> ${entry.id}`
  await tx.query(
    `INSERT INTO sluice.overrides (winner, loser)
     SELECT DISTINCT CASE WHEN ${later(merge)} THEN o.id ELSE ${entry.id} END,
                     CASE WHEN ${later(merge)} THEN ${entry.id} ELSE o.id END ${standing}
     ON CONFLICT DO NOTHING`,
  )
  const columns = columnsOf(contract)
  const rest = [...columns.filter((name) => !key.includes(name)), '_object_id']
  const set = rest.map((name) => `${name} = excluded.${name}`).join(', ')
  await tx.query(`INSERT INTO ${table} AS t (${columns.join(', ')}, _object_id)
    SELECT ${columns.join(', ')}, ${entry.id} FROM ${STAGE}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set}
    WHERE t._object_id IS NULL OR t._object_id = ${entry.id}
      OR NOT EXISTS (SELECT 1 FROM sluice.objects o WHERE o.id = t._object_id AND ${later(merge)})`)
  return referenced
}

/** Whether the object `o` wins over ours. */
function later({ entry, modified }: Merge): string {
  const ours = `${literal(modified.toISOString())}::timestamptz, ${literal(entry.key)} COLLATE "C"`
  return `(o.loaded_modified, o.key COLLATE "C") > (${ours})`
}

/**
 * Rows that the object's earlier version had and this one has not: deleted, unless a child points
 * to them. Objects that had lost a row to one of them, or to a version that was newer than this
 * one, are to be loaded again.
 */
async function dropRows(merge: Merge, same: string): Promise<number> {
  const { tx, contract, entry, modified, joins, pointers } = merge
  if (entry.loadedEtag === undefined || joins) return 0
  const gone = `t._object_id IN (${entry.id}, ${-entry.id})
    AND NOT EXISTS (SELECT 1 FROM ${STAGE} s WHERE ${same})`
  const rows = `FROM ${tableOf(contract)} t WHERE ${gone}`
  const dropped = await deleteFree(merge, rows, (pointer) => notPointed(merge, pointer))
  const [kept] = pointers.length > 0 ? await tx.query(`SELECT count(*) AS rows ${rows}`) : []
  const referenced = (kept?.rows as number | undefined) ?? 0
  const older = entry.loadedModified !== undefined && modified < entry.loadedModified
  if (dropped + referenced === 0 && !older) return 0
  await leaveReloads(tx, entry.id)
  // A row that is kept for children gives way to that of any object which still has it, whether
  // that is there now, waits, or has yet to come; and goes when no child points to it any more.
  if (referenced > 0) {
    await tx.query(`UPDATE ${tableOf(contract)} t SET _object_id = ${-entry.id} WHERE ${gone}`)
  }
  return referenced
}
