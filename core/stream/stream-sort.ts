import { join } from 'node:path'
import { Quarantine, type StreamReject } from '../commit/quarantine.ts'
import type { Contract } from '../contract/contract.ts'
import { fieldsNamed } from '../contract/labels.ts'
import type { Duck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import type { RowError } from '../rejects.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { decode } from '../text/text-encoding.ts'
import { linesOf, type Ours, type Slice } from './batch.ts'
import { type Checkpoint, noted, own } from './checkpoint.ts'
import type { Chunk, Placed } from './chunk.ts'
import { includes } from './intervals.ts'
import { parseRecord } from './json-record.ts'
import { contractNamed, governStream } from './stream-catalog.ts'
import { asStood, type Group, judgeGroup, refusedWhole } from './stream-rows.ts'
import type { Draft } from './stream-windows.ts'

export interface Sorting {
  store: ObjectStore
  duck: Duck
  folder: string
  slice: Slice
  /** Objects under way, and versions that are there as a whole already. */
  before: { objects: Checkpoint['objects']; finished: Set<string> }
  /** The dataset of records that name none, where the stream has one. */
  dataset: string | undefined
  /** Told of every temporary table: the caller drops them. */
  tables: string[]
}

export interface Sorted {
  drafts: Map<string, Draft>
  unknown: Quarantine
  objects: Checkpoint['objects']
  poison: number
}

/**
 * Brings what a slice holds to its datasets and judges it: whatever is in it ends as an accepted
 * row, as a reject, or as poison.
 */
export async function sortOut(sorting: Sorting): Promise<Sorted> {
  const sorter = new Sorter(sorting)
  for (const ours of sorting.slice.ours) await sorter.takeOurs(ours)
  await sorter.takeRows()
  await sorter.takePoison()
  await sorter.judge()
  return sorter.sorted
}

/** The member of a JSON record that names its dataset. */
const DATASET = '_dataset'

class Sorter {
  readonly sorted: Sorted
  readonly #sorting: Sorting
  readonly #groups = new Map<string, Group>()
  #files = 0

  constructor(sorting: Sorting) {
    this.#sorting = sorting
    const { objects } = sorting.before
    this.sorted = { drafts: new Map(), unknown: this.#quarantine(), objects, poison: 0 }
  }

  async takeOurs(ours: Ours): Promise<void> {
    const { part } = ours
    const { sorted } = this
    if (this.#sorting.before.finished.has(part.version)) return
    const before = own(sorted.objects, part.version)
    if (part.kind === 'chunk' && includes(before?.seen ?? [], part.chunk)) return
    sorted.objects = noted(sorted.objects, part)
    if (part.kind === 'end') return
    const { contract, broken, dataset } = await governStream(this.#sorting.store, part.object)
    if (!contract?.stream) {
      const why = broken ?? (dataset ? `${dataset} is no stream any more` : 'no contract names it')
      this.#countRejected(part, part.broken.length)
      await this.#poisonChunk(ours, 'unknown-dataset', `${part.object}: ${why}`)
    } else await this.#takeChunk({ ...ours, part }, contract)
  }

  async #takeChunk(ours: Ours & { part: Chunk }, contract: Contract): Promise<void> {
    const { part: chunk, sequence } = ours
    const draft = this.#draft(contract)
    for (const { raw, error, ...place } of chunk.broken) {
      const stood = { ...at(chunk, place, sequence), ...asStood(raw, chunk) }
      await draft.quarantine.add({ ...stood, errors: [error] })
    }
    draft.records += chunk.broken.length
    this.#countRejected(chunk, chunk.broken.length)
    if (chunk.format === 'ndjson') await this.#takeLines(chunk, sequence, contract, draft)
    else if (chunk.records.length > 0) {
      const fields = fieldsNamed(chunk.fields, contract)
      if (!fields) {
        const found = chunk.fields.map((name) => name ?? '(no field)').join(', ')
        const message = `the object's header was ${found}; the contract has other fields now`
        return this.#poisonChunk(ours, 'incorrect-label', message)
      }
      const dialect = JSON.stringify(chunk.dialect ?? null)
      const key = [contract.dataset, ...chunk.fields, chunk.encoding, chunk.utf16, dialect]
      const layout = { fields, start: 0, lines: 0, rows: 0, plain: true, drift: [] }
      const group = this.#group(key, { kind: 'csv', contract, layout, parts: [] })
      if (group.kind === 'csv') group.parts.push({ sequence, chunk })
      draft.records += chunk.records.length
    }
  }

  async #takeLines(chunk: Chunk, sequence: string, contract: Contract, draft: Draft) {
    const lines = linesOf(chunk.text)
    draft.records += lines.length
    for (const [i, { raw }] of lines.entries()) {
      const place = chunk.records[i] ?? { record: 0, line: 0 }
      const record = parseRecord(decode(raw, chunk.encoding))
      if (record instanceof Map) {
        const row = { sequence, line: place.line, raw, record, chunk, number: place.record }
        this.#rowsOf(contract).push(row)
      } else {
        this.#countRejected(chunk, 1)
        const found = { ...at(chunk, place, sequence), ...asStood(raw, chunk), errors: [record] }
        await draft.quarantine.add(found)
      }
    }
  }

  /** Records of other producers: each may name its dataset. */
  async takeRows(): Promise<void> {
    for (const row of this.#sorting.slice.rows) {
      const named = row.record.get(DATASET) ?? this.#sorting.dataset
      const found = await this.#contractOf(named)
      if (typeof found === 'string') {
        this.sorted.poison++
        const error = { rule: 'unknown-dataset', field: DATASET, message: found }
        const { record: _, ...place } = row
        await this.sorted.unknown.add({ ...elsewhere, ...place, errors: [error] })
      } else {
        const record = new Map(row.record)
        record.delete(DATASET)
        this.#draft(found).records++
        this.#rowsOf(found).push({ ...row, record })
      }
    }
  }

  async takePoison(): Promise<void> {
    const found = await this.#contractOf(this.#sorting.dataset)
    const draft = typeof found === 'string' ? undefined : this.#draft(found)
    for (const { error, ...one } of this.#sorting.slice.poison) {
      if (draft) draft.records++
      else this.sorted.poison++
      const quarantine = draft?.quarantine ?? this.sorted.unknown
      await quarantine.add({ ...elsewhere, ...one, errors: [error] })
    }
  }

  async #contractOf(name: unknown): Promise<Contract | string> {
    if (typeof name === 'string') return contractNamed(this.#sorting.store, name)
    return `the record has no ${DATASET}, and the stream no dataset of its own (STREAM_DATASET)`
  }

  async judge(): Promise<void> {
    const { duck, folder, tables } = this.#sorting
    // Groups that are added meanwhile are judged as well.
    for (const [name, group] of this.#groups) {
      const draft = this.#draft(group.contract)
      const table = `rows_${tables.length}`
      tables.push(table)
      const rejected = (_: StreamReject, chunk: Chunk | undefined) => this.#countRejected(chunk, 1)
      const { quarantine } = draft
      const own = join(folder, table)
      try {
        const judging = { duck, group, folder: own, table, quarantine, rejected }
        const accepted = await judgeGroup(judging)
        draft.accepted += accepted
        if (accepted > 0) draft.tables.push(table)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        if (group.kind === 'csv' && group.parts.length > 1) {
          // Perhaps one of them alone is not what it says that it is.
          for (const [i, part] of group.parts.entries()) {
            this.#groups.set(`${name} ${i}`, { ...group, parts: [part] })
          }
          continue
        }
        // A contract that cannot be used refuses a file whole, and here what came by the stream.
        for (const { reject, chunk, records } of refusedWhole(group, error.message)) {
          this.#countRejected(chunk, records)
          draft.records -= records - 1
          await draft.quarantine.add(reject)
        }
      }
    }
  }

  async #poisonChunk({ sequence, data, part }: Ours, rule: string, message: string) {
    this.sorted.poison++
    if (part.kind === 'chunk') this.#countRejected(part, part.records.length)
    const { object, version } = part
    const place = { object, version, record: null, line: 0, sequence }
    const error: RowError = { rule, message }
    await this.sorted.unknown.add({ ...place, raw: data, errors: [error] })
  }

  #countRejected(chunk: Chunk | undefined, count: number): void {
    const state = chunk && this.sorted.objects[chunk.version]
    if (!chunk || !state || count === 0) return
    const rejected = {
      ...state.rejected,
      [chunk.chunk]: (state.rejected[chunk.chunk] ?? 0) + count,
    }
    this.sorted.objects = { ...this.sorted.objects, [chunk.version]: { ...state, rejected } }
  }

  #rowsOf(contract: Contract) {
    const group = this.#group([contract.dataset, 'json'], { kind: 'json', contract, rows: [] })
    return group.kind === 'json' ? group.rows : []
  }

  #group(key: (string | null)[], fresh: Group): Group {
    const name = JSON.stringify(key)
    const group = this.#groups.get(name) ?? fresh
    this.#groups.set(name, group)
    return group
  }

  #draft(contract: Contract): Draft {
    const { dataset } = contract
    const fresh = () => ({ contract, tables: [], accepted: 0, records: 0 })
    const draft = this.sorted.drafts.get(dataset) ?? { ...fresh(), quarantine: this.#quarantine() }
    this.sorted.drafts.set(dataset, draft)
    return draft
  }

  #quarantine(): Quarantine {
    return new Quarantine(this.#sorting.folder, `rejects-${this.#files++}`)
  }
}

/** Of a record that was published from no object. */
const elsewhere = { object: null, version: null, record: null }

function at({ object, version }: Chunk, { record, line }: Placed, sequence: string) {
  return { object, version, record, line, sequence }
}
