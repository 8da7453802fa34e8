import type { Quarantine } from '../commit/quarantine.ts'
import type { Contract } from '../contract/contract.ts'
import { type Advanced, advance, type OpenWindow, windowShape } from '../contract/window.ts'
import type { Duck } from '../duck/duckdb.ts'
import { identifier } from '../names.ts'
import { type DatasetState, noCounts, own } from './checkpoint.ts'

/** What one commit of a shard does to one dataset. */
export interface Draft {
  contract: Contract
  /** Temporary tables of accepted rows, and how many rows they have. */
  tables: string[]
  accepted: number
  records: number
  quarantine: Quarantine
}

export interface Windows {
  state: DatasetState
  closed: { name: string; advanced: Advanced }[]
}

/** Adds the accepted rows of a dataset to its counts and windows, and tells what is closed. */
export async function advanceDataset(
  duck: Duck,
  limit: number,
  before: DatasetState | undefined,
  draft: Draft,
  view: string,
  tables: string[],
): Promise<Windows> {
  const { contract, accepted, records, quarantine } = draft
  const { stream } = contract
  const newest = await newestOf(duck, before, draft, view)
  const watermark = larger(before?.watermark, newest && BigInt(newest) - BigInt(stream!.watermark))
  const open: Record<string, OpenWindow> = { ...before?.windows }
  const closed: Windows['closed'] = []
  let late = 0
  for (const window of stream?.windows ?? []) {
    const table = `advancing_${tables.length}`
    tables.push(table)
    const shape = windowShape(window, contract)
    const old = own(open, window.name)
    const same = old && JSON.stringify(shapeOnly(old)) === JSON.stringify(shape)
    // A window that was described anew begins anew; what was open goes as it was described.
    if (old && !same) closed.push(await allOf(duck, window.name, old, tables))
    const advanced = await advance(duck, {
      open: same ? old : { ...shape, rows: [] },
      ...(accepted > 0 && { batch: { table: view, window, eventTime: stream!.eventTime! } }),
      before: bigint(before?.watermark),
      after: bigint(watermark),
      limit,
      table,
    })
    open[window.name] = advanced.open
    late += advanced.late
    if (advanced.partials > 0) closed.push({ name: window.name, advanced })
  }
  for (const [name, left] of Object.entries(open)) {
    if (stream?.windows.some((window) => window.name === name)) continue
    // Described no more: no row comes to it, and nothing else would close it.
    if (left.rows.length > 0) closed.push(await allOf(duck, name, left, tables))
    delete open[name]
  }
  const was = before?.counts ?? noCounts
  const rejected = was.rejected + quarantine.count
  const counts = { records: was.records + records, accepted: was.accepted + accepted, rejected }
  const delay = stream?.watermark ?? 0
  const state = { file: contract.file, newest, watermark, delay, windows: open }
  return { state: { ...state, counts: { ...counts, late: was.late + late } }, closed }
}

/** Everything that is open of one window, whatever the watermark. */
async function allOf(duck: Duck, name: string, open: OpenWindow, tables: string[]) {
  const table = `advancing_${tables.length}`
  tables.push(table)
  const all = { open, before: undefined, after: undefined, limit: -1, table }
  return { name, advanced: await advance(duck, all) }
}

function shapeOnly({ every, groups, measures }: OpenWindow) {
  return { every, groups, measures }
}

/** How far ahead of this machine's clock (ms) an event may move the watermark. */
const AHEAD = 86_400_000

async function newestOf(
  duck: Duck,
  before: DatasetState | undefined,
  { contract, accepted }: Draft,
  view: string,
): Promise<string | null> {
  const { eventTime } = contract.stream ?? {}
  if (eventTime === undefined || accepted === 0) return before?.newest ?? null
  const [[found] = []] = await duck.all(
    `SELECT max(epoch_us(${identifier(eventTime)}::TIMESTAMP))::VARCHAR FROM ${view}`,
  )
  // A clock that is far ahead must not make late what all others send.
  const most = BigInt(Date.now() + AHEAD) * 1000n
  const seen = found === null ? null : BigInt(found as string)
  return larger(before?.newest, seen !== null && seen > most ? most : seen)
}

function larger(a: string | null | undefined, b: bigint | null | ''): string | null {
  const [x, y] = [bigint(a), typeof b === 'bigint' ? b : undefined]
  if (x === undefined || y === undefined) return (x ?? y)?.toString() ?? null
  if (x > y) return x.toString()
  return y.toString()
}

function bigint(text: string | null | undefined): bigint | undefined {
  return text === null || text === undefined ? undefined : BigInt(text)
}

/** Closes what ends at or before a time (microseconds since 1970), without any new row. */
export async function closeUntil(
  duck: Duck,
  before: DatasetState,
  until: bigint,
  tables: string[],
): Promise<Windows> {
  const closed: Windows['closed'] = []
  const windows: Record<string, OpenWindow> = {}
  for (const [name, open] of Object.entries(before.windows)) {
    const table = `advancing_${tables.length}`
    tables.push(table)
    const work = { open, before: undefined, after: until, limit: Number.MAX_SAFE_INTEGER, table }
    const advanced = await advance(duck, work)
    windows[name] = advanced.open
    if (advanced.partials > 0) closed.push({ name, advanced })
  }
  return { state: { ...before, watermark: larger(before.watermark, until), windows }, closed }
}
