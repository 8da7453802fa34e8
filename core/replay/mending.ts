import { type Governing, govern } from '../contract/catalog.ts'
import type { Contract } from '../contract/contract.ts'
import { strangeIn } from '../contract/labels.ts'
import type { Database } from '../database/database.ts'
import type { Lake } from '../lake.ts'
import type { RowError } from '../rejects.ts'
import type { FixRow } from './fix-file.ts'
import { labelsOf } from './fix-lines.ts'
import type { KeptRecord } from './kept.ts'
import { keptCells } from './kept-cells.ts'
import { type KeptSource, keptSources } from './kept-sources.ts'
import { type Mending, putMended, type Row, type Source } from './mended-object.ts'
import type { MendedRow } from './mends.ts'
import { isBelowReplay } from './replay.ts'

/** Which mended rows go into the replay object of their source, and why others stay. */

/**
 * Puts the rows of a file that mend rejects of `object` into its replay object, beside those that
 * are there, of which a later mend of the same record stands. Rows that the contract of today still
 * rejects are not put: the person who mends is told at once, and the file is where to go on.
 *
 * @param labels the columns of the rows
 * @throws Busy where others mend the same object at the same time, again and again
 */
export async function mendRows(
  lake: Lake,
  database: Database,
  object: string,
  labels: string[],
  rows: FixRow[],
): Promise<Mending> {
  const asked = new Map([[object, numbersOf(rows)]])
  const found = (await keptSources(database, lake.store.url, asked)).get(object)
  return mendRowsOf(lake, found, object, labels, rows)
}

/** The records that rows mend, as far as they are numbers. */
export function numbersOf(rows: FixRow[]): number[] {
  return rows.map(({ record }) => record).filter((record) => record > 0)
}

/**
 * The same of an object that was looked for before.
 *
 * @param found what stands of it, and the rejects that the rows mend; undefined where none is there
 */
export async function mendRowsOf(
  lake: Lake,
  found: KeptSource | undefined,
  object: string,
  labels: string[],
  rows: FixRow[],
): Promise<Mending> {
  const source = await sourceOf(lake, found, object)
  const mending: Mending = { key: undefined, went: 0, there: 0, stay: [], same: 0 }
  const mended: Row[] = []
  for (const row of rows) {
    const taken = typeof source === 'string' ? stays('unknown', source) : take(row, labels, source)
    if (taken === 'same') mending.same++
    else if ('rule' in taken) {
      mending.stay.push({ line: row.line, record: row.record, errors: [taken] })
    } else mended.push({ ...taken, at: row.line })
  }
  if (typeof source === 'string') return mending
  return putMended(lake, source, byRecord(mended, mending), mending)
}

/** Of lines that mend one record in different ways none is chosen: all stay. */
function byRecord(mended: Row[], { stay }: Mending): Map<number, Row> {
  const fresh = new Map<number, Row>()
  for (const [record, rows] of Map.groupBy(mended, (row) => row.record)) {
    const ways = new Set(rows.map(({ cells }) => JSON.stringify([...cells])))
    if (ways.size === 1) {
      fresh.set(record, rows[0]!)
      continue
    }
    const some = rows.slice(0, TOLD).map(({ at }) => at)
    const lines = `${some.join(', ')}${rows.length > TOLD ? ', …' : ''}`
    const twice = stays('twice', `lines ${lines} mend this one record: a record is one line`)
    for (const { at } of rows) stay.push({ line: at, record, errors: [twice] })
  }
  return fresh
}

/** Of thousands of lines each would tell of all. */
const TOLD = 5

/** Puts those of an object's rejects that the contract of today takes as they stand. */
export async function mendKept(
  lake: Lake,
  database: Database,
  object: string,
  records: KeptRecord[],
): Promise<Mending> {
  const none = new Map([[object, []]])
  const found = (await keptSources(database, lake.store.url, none)).get(object)
  const source = await sourceOf(lake, found, object)
  const mending: Mending = { key: undefined, went: 0, there: 0, stay: [], same: 0 }
  const fresh = new Map<number, Row>()
  for (const one of records) {
    const taken = typeof source === 'string' ? stays('unknown', source) : again(one, source)
    if ('rule' in taken) {
      mending.stay.push({ line: undefined, record: one.record, errors: [taken] })
    } else fresh.set(one.record, { ...taken, at: undefined })
  }
  return typeof source === 'string' ? mending : putMended(lake, source, fresh, mending)
}

/** @returns why nothing of it can be mended, where that is so */
async function sourceOf(
  { store }: Lake,
  found: KeptSource | undefined,
  object: string,
): Promise<Source | string> {
  if (isBelowReplay(object)) return ofReplay
  if (!found) return 'no such object is loaded'
  const contract = mendableBy(object, await govern(store, object))
  if (typeof contract === 'string') return contract
  const labels = labelsOf(found.labels, contract)
  const strange = strangeIn(labels, contract)
  return { ...found, object, contract, labels, strange }
}

/** @returns the contract that an object's rejects are mended by; or why none of them can be */
export function mendableBy(object: string, { contract, broken }: Governing): Contract | string {
  if (isBelowReplay(object)) return ofReplay
  if (!contract) return broken ?? 'no contract names it any more'
  if (contract.load !== 'replace') return contract
  const why = 'is its newest object alone (load: replace)'
  return `${contract.dataset} ${why}: mend that, and drop it again`
}

const ofReplay = 'a replay object: mend the object that its rows are of'

/** The row as it would be put; why it is not; or `same`: it stands as it was rejected. */
function take(row: FixRow, labels: string[], source: Source): MendedRow | RowError | 'same' {
  const kept = source.kept.get(row.record)
  if (row.version !== source.version) return superseded
  if (Number.isNaN(row.record)) {
    return stays('unknown', '`_record` is no number: put it as `sluice rejects --csv` has it')
  }
  if (!kept) return stays('unknown', 'no record of that number was rejected')
  const cells = new Map(labels.map((label, i) => [label, row.cells[i]!]))
  const twice = repeated(labels).find((label) => !repeated(source.labels).includes(label))
  if (twice !== undefined) {
    return stays('duplicate-label', `the column ${JSON.stringify(twice)} stands there twice`)
  }
  const absent = source.labels.find((label) => label !== '' && !cells.has(label))
  if (absent !== undefined) {
    return stays('missing-label', `the column ${JSON.stringify(absent)} of the object is not there`)
  }
  // Whoever takes out what was told says that the row is right as it stands.
  const isAsItWas = row.errors !== '' && isSame(cells, row.beyond, kept, source)
  if (isAsItWas) return 'same'
  if (row.beyond.some((cell) => cell !== '')) {
    return stays('extra-cell', 'a cell stands behind the last column')
  }
  const lost = lostOf(cells, source)
  if (lost) return lost
  return isBlank(cells, source) ? blank : { record: row.record, line: kept.line, cells }
}

/** Of two cells of one label none is known to be the one that is meant. */
function repeated(labels: string[]): string[] {
  const seen = new Set<string>()
  return labels.filter((label) => label !== '' && seen.size === seen.add(label).size)
}

/** The same of a reject as it was kept. Of the ones that only their object can judge, none goes. */
function again(kept: KeptRecord, source: Source): MendedRow | RowError {
  const { record, line, errors, version } = kept
  if (version !== source.version) return superseded
  const key = errors.find((error) => isOfKeyStill(error, source.contract))
  if (key) return key
  const found = keptCells(kept.text, errors, source.contract.dialect)
  if (!found) return errors[0]!
  const { labels } = source
  if (found.length > labels.length) return stays('extra-cell', 'it has more cells than the header')
  if (found.length < labels.length) return stays('missing-cell', 'it has fewer cells')
  const cells = new Map(labels.map((label, i) => [label, found[i]!]))
  const lost = lostOf(cells, source)
  if (lost) return lost
  return isBlank(cells, source) ? blank : { record, line, cells }
}

/** A replay object is read by name alone: what names no field would go unseen. */
function lostOf(cells: Map<string, string>, source: Source): RowError | undefined {
  const { strange, labels, contract } = source
  const known = new Set([...labels, ...contract.fields.map(({ name }) => name)])
  const other = [...cells.keys()].find((label) => !known.has(label) && cells.get(label))
  if (other !== undefined) {
    const cure = 'put its cell where it belongs, or empty it'
    return stays('extra-label', `${JSON.stringify(other)} is no column of the object: ${cure}`)
  }
  const lost = strange.find((label) => cells.get(label))
  if (lost === undefined) return undefined
  const cure =
    'add it to the contract, or let `fieldsMatch: subset` pass it over, or empty its cells'
  return stays('extra-label', `${JSON.stringify(lost)} is no field by now: ${cure}`)
}

/** Another record of the object has the key; alone, this one would be the first, and win. */
function isOfKeyStill({ rule, field }: RowError, contract: Contract): boolean {
  if (rule !== 'primary-key' && rule !== 'unique-error') return false
  const { primaryKey, uniqueKeys, fields } = contract
  const unique = fields.flatMap((one) => (one.unique ? [[one.name]] : []))
  const keys = rule === 'primary-key' ? [primaryKey] : [...uniqueKeys, ...unique]
  const plain = (name: string) => name.replaceAll('"', '')
  return keys.some((names) => names.map(plain).join(', ') === plain(field ?? ''))
}

const superseded: RowError = {
  rule: 'superseded',
  message: 'another version of the object is loaded by now; list rejects again',
}

const blank: RowError = { rule: 'blank-row', message: 'every cell is missing' }

const stays = (rule: string, message: string): RowError => ({ rule, message })

function isBlank(cells: Map<string, string>, { contract }: Source): boolean {
  const fields = new Map(contract.fields.map((field) => [field.name, field]))
  return [...cells].every(([label, cell]) => {
    return cell === '' || (fields.get(label)?.missingValues ?? []).includes(cell)
  })
}

function isSame(
  cells: Map<string, string>,
  beyond: string[],
  { text, errors }: Pick<KeptRecord, 'text' | 'errors'>,
  { labels, contract }: Source,
): boolean {
  const found = keptCells(text, errors, contract.dialect) ?? []
  const more = found.slice(labels.length).filter((cell) => cell !== '')
  return (
    labels.every((label, i) => label === '' || cells.get(label) === (found[i] ?? '')) &&
    more.join('\0') === beyond.filter((cell) => cell !== '').join('\0')
  )
}
