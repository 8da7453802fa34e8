import type { Contract } from '../contract/contract.ts'
import { identifier, literal } from '../names.ts'
import type { Transaction } from './database.ts'
import { leaveReload, leaveReloads } from './due.ts'
import type { Entry } from './ledger.ts'
import type { Pointer } from './pointers.ts'
import { inSlices } from './slices.ts'
import { columnsOf, isEmpty, keyOf, tableOf } from './table.ts'

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

/** Every row that is staged, one slice after the other. */
export const allStaged = { table: STAGE, alias: 's' }

/**
 * An empty staging table: the dataset's columns, and where each row stood in its object.
 *
 * @param isLookedUp whether rows are looked for in it by their key: where that is done slice by
 *   slice, an index finds each
 */
export async function makeStage(
  tx: Transaction,
  contract: Contract,
  isLookedUp = false,
): Promise<void> {
  const columns = columnsOf(contract).join(', ')
  const [record, line] = placesOf(contract)
  await tx.execute(`CREATE TEMP TABLE sluice_stage ON COMMIT DROP AS
    SELECT ${columns}, 0::bigint AS ${record}, 0::bigint AS ${line}
    FROM ${tableOf(contract)} LIMIT 0`)
  if (isLookedUp && tx.isSliced && contract.load === 'upsert') {
    await tx.execute(`CREATE INDEX ON ${STAGE} (${keyOf(contract).join(', ')})`)
  }
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
  await inSlices(tx, allStaged, (slice) =>
    tx.execute(`INSERT INTO ${tableOf(contract)} (${columns}, _object_id)
      SELECT ${columns}, ${entry.id} FROM ${STAGE} s WHERE ${slice}`),
  )
  return referenced
}

/** Whose rows give way to the object's: of replace, those of every object of the lake. */
function olderOf({ contract, entry }: Merge): string {
  if (contract.load === 'append') return `${entry.id}`
  return `SELECT id FROM sluice.objects WHERE lake = ${literal(entry.lake)}`
}

/** Deletes the rows of these objects, but for those that children point to and no staged row is. */
async function dropOlder(merge: Merge, objects: string) {
  const rows = { of: objects, gone: [] }
  const dropped = await deleteFree(merge, rows, (pointer) => {
    const same = pointer.ours.map((name) => `s.${name} = t.${name}`).join(' AND ')
    return `(${notPointed(merge, pointer)} OR EXISTS (SELECT 1 FROM ${STAGE} s WHERE ${same}))`
  })
  return { dropped, referenced: await countKept(merge, rows) }
}

/** Rows `t` of the table: of which objects, and what else says that they are to go. */
interface Going {
  of: string
  gone: string[]
}

function owned({ of }: Going): string {
  return `t._object_id IN (${of})`
}

/** Deletes the rows that are free of every pointer; those of a chain one after the other. */
async function deleteFree(
  { tx, contract, pointers }: Merge,
  rows: Going,
  free: (pointer: Pointer) => string,
): Promise<number> {
  const table = tableOf(contract)
  const which = [owned(rows), ...rows.gone, ...pointers.map(free)].join(' AND ')
  const toItself = pointers.some((pointer) => pointer.table === table)
  let all = 0
  for (;;) {
    const dropped = await inSlices(tx, { table, alias: 't', where: owned(rows) }, (slice) =>
      tx.execute(`DELETE FROM ${table} t WHERE ${which} AND ${slice}`),
    )
    all += dropped
    if (dropped === 0 || !toItself) return all
  }
}

/** Rows that stay only because children point to them. */
async function countKept({ tx, contract, pointers }: Merge, rows: Going): Promise<number> {
  if (pointers.length === 0) return 0
  const which = [owned(rows), ...rows.gone].join(' AND ')
  const [kept] = await tx.query(
    `SELECT count(*) AS rows FROM ${tableOf(contract)} t WHERE ${which}`,
  )
  return kept?.rows as number
}

/** A row that points to itself keeps nothing. */
function notPointed({ contract }: Merge, { table, theirs, ours }: Pointer): string {
  const points = theirs.map((name, i) => `c.${name} = t.${ours[i]}`)
  const other = table === tableOf(contract) ? ['c.ctid <> t.ctid'] : []
  return `NOT EXISTS (SELECT 1 FROM ${table} c WHERE ${[...points, ...other].join(' AND ')})`
}

/** Deletes the rows of the object's earlier version, to which nothing points. */
export async function deleteOwn(tx: Transaction, contract: Contract, entry: Entry): Promise<void> {
  if (entry.loadedEtag === undefined) return
  const rows = { table: tableOf(contract), alias: 't', where: `t._object_id = ${entry.id}` }
  await inSlices(tx, rows, (slice) =>
    tx.execute(`DELETE FROM ${rows.table} t WHERE ${rows.where} AND ${slice}`),
  )
}

/** replace: the dataset is its newest object; an older one that comes later changes nothing. */
async function takesOver(merge: Merge): Promise<boolean> {
  const { tx, contract, entry, modified, joins } = merge
  const [newer] = await tx.query(
    `SELECT id FROM sluice.objects WHERE lake = $1 AND dataset = $2 AND id <> $3
       AND (loaded_modified, key COLLATE "C") > ($4::timestamptz, $5::text COLLATE "C")
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
  if (!(await isEmpty(tx, contract))) await noteOverrides(merge, same)
  const columns = columnsOf(contract)
  const rest = [...columns.filter((name) => !key.includes(name)), '_object_id']
  const set = rest.map((name) => `${name} = excluded.${name}`).join(', ')
  await inSlices(tx, allStaged, (slice) =>
    tx.execute(`INSERT INTO ${table} AS t (${columns.join(', ')}, _object_id)
      SELECT ${columns.join(', ')}, ${entry.id} FROM ${STAGE} s WHERE ${slice}
      ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set}
      WHERE t._object_id IS NULL OR t._object_id = ${entry.id} OR NOT EXISTS (
        SELECT 1 FROM sluice.objects o WHERE o.id = t._object_id AND ${later(merge)})`),
  )
  return referenced
}

/** Notes between which objects a row of the same key stands, and whose it is from now on. */
async function noteOverrides(merge: Merge, same: string): Promise<void> {
  const { tx, contract, entry } = merge
  const wins = later(merge)
  await inSlices(tx, allStaged, (slice) =>
    tx.execute(`INSERT INTO sluice.overrides (winner, loser)
      SELECT DISTINCT CASE WHEN ${wins} THEN o.id ELSE ${entry.id} END,
                      CASE WHEN ${wins} THEN ${entry.id} ELSE o.id END
      FROM ${STAGE} s JOIN ${tableOf(contract)} t ON ${same}
        JOIN sluice.objects o ON o.id = t._object_id
      WHERE o.id <> ${entry.id} AND ${slice} ON CONFLICT DO NOTHING`),
  )
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
  const { tx, contract, entry, modified, joins } = merge
  if (entry.loadedEtag === undefined || joins) return 0
  const absent = `NOT EXISTS (SELECT 1 FROM ${STAGE} s WHERE ${same})`
  const rows = { of: `${entry.id}, ${-entry.id}`, gone: [absent] }
  const dropped = await deleteFree(merge, rows, (pointer) => notPointed(merge, pointer))
  const referenced = await countKept(merge, rows)
  const older = entry.loadedModified !== undefined && modified < entry.loadedModified
  if (dropped + referenced === 0 && !older) return 0
  await leaveReloads(tx, entry.id)
  // A row that is kept for children gives way to that of any object which still has it, whether
  // that is there now, waits, or has yet to come; and goes when no child points to it any more.
  if (referenced > 0) {
    // Once it has given way it is no row of the object: none is met in a later slice again.
    const own = { table: tableOf(contract), alias: 't', where: `t._object_id = ${entry.id}` }
    await inSlices(tx, own, (slice) =>
      tx.execute(`UPDATE ${own.table} t SET _object_id = ${-entry.id}
        WHERE ${own.where} AND ${absent} AND ${slice}`),
    )
  }
  return referenced
}
