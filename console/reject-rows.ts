import { type Governing, govern } from '../core/contract/catalog.ts'
import type { Contract } from '../core/contract/contract.ts'
import {
  type ListedReject,
  ownersOf,
  type RejectOwner,
  type RejectState,
  SHOWN_TEXT,
  WAITS,
} from '../core/database/reject-list.ts'
import { inLanes, READS } from '../core/lanes.ts'
import type { RowError } from '../core/rejects.ts'
import { labelsOf } from '../core/replay/fix-lines.ts'
import { keptCells } from '../core/replay/kept-cells.ts'
import { mendableBy } from '../core/replay/mending.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import { fieldText, parseRecord } from '../core/stream/json-record.ts'
import type { ConsolePlace } from './place.ts'
import type { RejectRow } from './shapes.ts'

/** Records as the ledger has kept them, as a person reads and mends them. */
export async function keptRows(
  { lake, database }: ConsolePlace,
  kept: ListedReject[],
  state: RejectState,
): Promise<RejectRow[]> {
  const owners = await ownersOf(database, [...new Set(kept.map(({ id }) => id))])
  const store = memoryOf(lake.store)
  const governed = new Map(
    await inLanes([...owners], READS, async ([id, { key }]): Promise<[number, Governing]> => {
      return [id, await govern(store, key)]
    }),
  )
  return kept.flatMap((one) => {
    const owner = owners.get(one.id)
    const governing = governed.get(one.id)
    if (!owner || !governing) return []
    const row =
      state === 'waiting' ? waitingRow(one, governing) : rejectedRow(one, owner, governing)
    const { key: object, dataset, version } = owner
    return [{ object, dataset, version, record: one.record, line: one.line, ...row }]
  })
}

type Told = Pick<RejectRow, 'text' | 'cells' | 'errors' | 'mendable'>

function rejectedRow(one: ListedReject, owner: RejectOwner, governing: Governing): Told {
  const { text, isCut } = shownText(one.text)
  const { contract } = governing
  const cells = contract && !isCut ? cellsOf(text, one.errors, owner.labels, contract) : null
  const by = mendableBy(owner.key, governing)
  const why = typeof by === 'string' ? by : cells ? true : inFile(isCut)
  return { text, cells, errors: one.errors, mendable: why }
}

function inFile(isCut: boolean): string {
  const why = isCut ? `it has more than ${SHOWN_TEXT} characters` : 'it cannot be cut into cells'
  return `${why}: mend it in the CSV file of the rejects, and replay that`
}

/** A cell that the record has not is empty; one behind the last label has none. */
function cellsOf(
  text: string,
  errors: RowError[],
  kept: string[] | null,
  contract: Contract,
): RejectRow['cells'] {
  const found = keptCells(text, errors, contract.dialect)
  if (!found) return null
  const labels = labelsOf(kept, contract)
  return Array.from({ length: Math.max(labels.length, found.length) }, (_, i) => {
    return { label: labels[i] ?? '', value: found[i] ?? '' }
  })
}

/** A row as it will go into its table. */
function waitingRow({ text: row, missing = '' }: ListedReject, { contract }: Governing): Told {
  const { text, isCut } = shownText(row)
  const key = contract?.foreignKeys.find(({ dataset, columns }) => {
    return missing.startsWith(`${dataset} ${columns.join(', ')} = `)
  })
  const error = {
    rule: WAITS,
    field: key ? key.fields.join(', ') : null,
    value: key ? missing.slice(missing.indexOf(' = ') + 3) : null,
    message: `waits for ${missing}`,
  }
  const values = isCut ? undefined : parseRecord(text)
  const cells = values instanceof Map ? columnsOf(values, contract) : null
  const mendable = 'it goes in by itself, as soon as its parent is there'
  return { text, cells, errors: [error], mendable }
}

function columnsOf(row: Map<string, unknown>, contract: Contract | undefined): RejectRow['cells'] {
  const named = contract
    ? contract.fields.map(({ name, column }) => ({ name, column }))
    : [...row.keys()].map((name) => ({ name, column: name }))
  return named.map(({ name, column }) => ({ label: name, value: fieldText(row.get(column)) ?? '' }))
}

/** @param text one character longer than what is shown where it is longer than that */
export function shownText(text: string): { text: string; isCut: boolean } {
  if (text.length <= SHOWN_TEXT) return { text, isCut: false }
  const characters = [...text]
  const isCut = characters.length > SHOWN_TEXT
  return { text: isCut ? characters.slice(0, SHOWN_TEXT).join('') : text, isCut }
}
