import { govern } from '../contract/catalog.ts'
import type { Contract } from '../contract/contract.ts'
import type { Database } from '../database/database.ts'
import type { RowError } from '../rejects.ts'
import { memoryOf } from '../store/memo-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { csvLine } from '../text/csv-rows.ts'
import { ownColumns } from './fix-file.ts'
import { type KeptRecord, keptHeaders, keptRecords, mustBeKnown } from './kept.ts'
import { keptCells } from './kept-cells.ts'

/**
 * The rejects of a dataset, or of all, as a CSV file to be mended in: a line for each record, with
 * the columns of every header among their objects. A record that cannot be cut has empty cells; its
 * text stands in `_raw`. One that had too many cells has them behind the last column.
 *
 * @throws Refused for a dataset of which no object was taken
 */
export async function* fixLines(
  store: ObjectStore,
  database: Database,
  dataset: string | undefined,
): AsyncIterable<string> {
  if (dataset !== undefined) await mustBeKnown(database, store.url, dataset)
  const memory = memoryOf(store)
  const contracts = new Map<string, Contract | undefined>()
  const labels = new Set<string>()
  for (const header of await keptHeaders(database, store.url, dataset)) {
    const { contract } = await govern(memory, header.object)
    contracts.set(header.object, contract)
    for (const label of labelsOf(header.labels, contract)) labels.add(label)
  }
  labels.delete('')
  const own = ownColumns(['object', 'version', 'record', 'line', 'errors', 'raw'], [...labels])
  // Without the mark, a spreadsheet takes UTF-8 for something else, and saves that.
  yield `\ufeff${csvLine([...own, ...labels])}`
  for await (const kept of keptRecords(database, store.url, dataset)) {
    yield csvLine(lineOf(kept, contracts.get(kept.object), [...labels]))
  }
}

/** As the header has them; an earlier Sluice has not kept them, and took the contract's names. */
export function labelsOf(labels: string[] | null, contract: Contract | undefined): string[] {
  return labels ?? contract?.fields.map(({ name }) => name) ?? []
}

function lineOf(kept: KeptRecord, contract: Contract | undefined, columns: string[]): string[] {
  const { object, version, record, line, errors, text } = kept
  const labels = labelsOf(kept.labels, contract)
  const cells = contract ? (keptCells(text, errors, contract.dialect) ?? []) : []
  const named = new Map(labels.map((label, i) => [label, cells[i] ?? '']))
  const place = [object, version, String(record), String(line), errors.map(told).join('; '), text]
  return [...place, ...columns.map((name) => named.get(name) ?? ''), ...cells.slice(labels.length)]
}

function told({ rule, field, message }: RowError): string {
  return `${[rule, field].filter(Boolean).join(' ')}: ${message}`
}
