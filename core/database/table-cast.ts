import type { Contract } from '../contract/contract.ts'
import { identifier, literal } from '../names.ts'

/** What to run where the columns that stand are of other types than the contract's. */

/**
 * Whether Postgres' own cast makes every value of one type the same value of the other, or fails.
 * Others round (`1.5` as bigint), cut (a time as date), or guess: a text that a contract reads by
 * its format, decimal or group character is another value to a cast.
 */
export function isSameByCast(there: string, wanted: string): boolean {
  if (wanted === 'text') return true
  if (/^(smallint|integer|bigint)$/.test(there)) return /^(integer|bigint|numeric)/.test(wanted)
  if (there === 'date') return wanted === 'timestamp'
  if (there === 'real') return wanted === 'double precision'
  const [, scale] = /^numeric\(\d+,(\d+)\)$/.exec(there) ?? []
  if (scale === undefined) return false
  if (wanted === 'bigint') return scale === '0'
  const [, wantedScale] = /^numeric\(\d+,(\d+)\)$/.exec(wanted) ?? []
  return wantedScale !== undefined && Number(wantedScale) >= Number(scale)
}

/**
 * Has every object of the dataset loaded anew from its file, into a table that is made by the
 * contract, and keeps the rows that stand under another name. Two statements, in this order: until
 * the second has run, the objects wait for it.
 */
export function makeAnew({ schema, table, dataset }: Contract): string {
  const before = identifier(`${table.slice(0, 40)}_before`)
  return (
    'INSERT INTO sluice.due (lake, reload) SELECT lake, id FROM sluice.objects ' +
    `WHERE dataset = ${literal(dataset)}; ` +
    `ALTER TABLE ${identifier(schema)}.${identifier(table)} RENAME TO ${before};`
  )
}
