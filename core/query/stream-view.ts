import type { Contract } from '../contract/contract.ts'
import type { Window } from '../contract/stream-settings.ts'
import { mergedColumns, mergedSelect, type OpenWindow, windowShape } from '../contract/window.ts'
import type { Column, PrivateDuck } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { fileLiteral } from '../names.ts'
import { errorShape } from '../rejects.ts'
import type { StandingDataset } from '../standing.ts'
import type { ObjectVersion } from '../store/object-store.ts'
import type { Pinned } from '../store/pinned.ts'
import { contractColumns, emptySelect, fileRows, freeName } from './file-rows.ts'

/** Views of what a stream became, each a function of one answer of `standingFiles`. */

export async function eventsSelect(
  duck: PrivateDuck,
  files: Pinned,
  contract: Contract,
  { events }: StandingDataset,
): Promise<string> {
  const paths = await files.paths(events)
  return (await fileRows(duck, contract.dataset, paths, contractColumns(contract))).select
}

/** Columns of the view of a window. */
export function windowColumns(window: Window, contract: Contract): Column[] {
  const flags = ['late', flagOf(window)].map((name) => ({ name, type: 'BOOLEAN' }))
  return [...mergedColumns(window, contract), ...flags]
}

/** Whether a part is still open is told under a name that no group or measure has. */
function flagOf({ groupBy, measures }: Window): string {
  return freeName('open', [...groupBy, ...measures.map(({ name }) => name)])
}

/** Equal, at any moment, to one query over the events of the same answer. */
export async function windowSelect(
  duck: PrivateDuck,
  files: Pinned,
  contract: Contract,
  window: Window,
  standing: StandingDataset,
): Promise<string> {
  const name = `window ${window.name} of ${contract.dataset}`
  const { groups, measures } = windowShape(window, contract)
  const time = { type: 'TIMESTAMP' }
  const expected = [
    ...[{ name: 'window_start', ...time }, { name: 'window_end', ...time }, ...groups, ...measures],
    { name: 'late', type: 'BOOLEAN' },
  ]
  const paths = await files.paths(standing.windows.get(window.name) ?? [])
  const { select } = await fileRows(duck, name, paths, expected, true)
  const open = standing.checkpoints.flatMap(
    ({ datasets }) => datasets[contract.dataset]?.windows[window.name] ?? [],
  )
  for (const one of open) checkShape(name, one, [...groups, ...measures])
  return mergedSelect(window, contract, { partials: select, open }, flagOf(window))
}

/** What is open was described as the window is now, or has more columns, which add up. */
function checkShape(name: string, open: OpenWindow, expected: Column[]): void {
  if (open.rows.length === 0) return
  const has = new Map([...open.groups, ...open.measures].map((one) => [one.name, one.type]))
  for (const column of expected) {
    if (has.get(column.name) === column.type) continue
    throw new Refused(
      `${name}: ${JSON.stringify(column.name)} was described anew, and a part that is still open ` +
        'is of the earlier description. Give what is described anew another name',
    )
  }
}

/** What a reject has, in Silver; and what it has besides where it came by a stream. */
const rejectColumns: Column[] = [
  ...['object', 'version'].map((name) => ({ name, type: 'VARCHAR' })),
  ...['record', 'line'].map((name) => ({ name, type: 'BIGINT' })),
  { name: 'raw', type: 'BLOB' },
  { name: 'text', type: 'VARCHAR' },
  {
    name: 'errors',
    type: `STRUCT(${Object.keys(JSON.parse(errorShape)[0]).map((name) => `"${name}" VARCHAR`)})[]`,
  },
]
const streamColumns = ['stream', 'shard', 'sequence'].map((name) => ({ name, type: 'VARCHAR' }))

/** @param streamed whether records may have come by a stream */
export function quarantineColumns(streamed: boolean): Column[] {
  return streamed ? [...rejectColumns, ...streamColumns] : rejectColumns
}

/** Rejects of Silver and of the stream. */
export async function quarantineSelect(
  files: Pinned,
  rejects: { objects: ObjectVersion[]; stream: ObjectVersion[] },
  streamed: boolean,
): Promise<string> {
  const paths = await files.paths([...rejects.objects, ...rejects.stream])
  if (paths.length === 0) return emptySelect(quarantineColumns(streamed))
  const columns = quarantineColumns(streamed).map(({ name, type }) => {
    const missing = rejects.stream.length === 0 && streamColumns.some((one) => one.name === name)
    return missing ? `NULL::${type} AS "${name}"` : `"${name}"`
  })
  const list = paths.map(fileLiteral).join(', ')
  return `SELECT ${columns.join(', ')} FROM read_parquet([${list}], union_by_name = true)`
}
