import type { Contract } from '../core/contract/contract.ts'
import { keptCells } from '../core/replay/kept-cells.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import { fieldText, parseRecord } from '../core/stream/json-record.ts'
import { contractOfDataset, governStream } from '../core/stream/stream-catalog.ts'
import type { StreamedReject } from '../core/stream/stream-reject-list.ts'
import type { ConsolePlace } from './place.ts'
import { shownText } from './reject-rows.ts'
import type { RejectRow } from './shapes.ts'

const mendable = 'a stream takes nothing back: send the record again as it should be'

/** Records of a stream's quarantine, as a person reads them. */
export async function streamedRows(
  { lake }: ConsolePlace,
  dataset: string,
  rejects: StreamedReject[],
): Promise<RejectRow[]> {
  const store = memoryOf(lake.store)
  const contracts = new Map<string | null, Contract | undefined>()
  for (const object of new Set(rejects.map((one) => one.object))) {
    const contract =
      object === null
        ? await contractOfDataset(store, dataset, undefined)
        : (await governStream(store, object)).contract
    contracts.set(object, contract)
  }
  return rejects.map(({ text: whole, ...reject }) => {
    const { text, isCut } = shownText(whole)
    const cells = isCut ? null : cellsOf(text, reject, contracts.get(reject.object))
    return { ...reject, dataset, text, cells, mendable }
  })
}

/** The members of a JSON record; the cells of a line of CSV where the contract alone names them. */
function cellsOf(
  text: string,
  { object, errors }: Omit<StreamedReject, 'text'>,
  contract: Contract | undefined,
): RejectRow['cells'] {
  const record = text.trimStart().startsWith('{') ? parseRecord(text) : undefined
  if (record instanceof Map) {
    return [...record].map(([label, value]) => ({ label, value: fieldText(value) ?? '' }))
  }
  if (object === null || contract?.fieldsMatch !== 'exact') return null
  const found = keptCells(text, errors, contract.dialect)
  if (found?.length !== contract.fields.length) return null
  return contract.fields.map(({ name }, i) => ({ label: name, value: found[i]! }))
}
