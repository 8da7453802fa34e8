import type { Contract } from '../core/contract/contract.ts'
import type { Window } from '../core/contract/stream-settings.ts'
import { identifier } from '../core/names.ts'
import { windowColumns } from '../core/query/stream-view.ts'
import type { Asker } from './asker.ts'
import type { WindowAnswer } from './shapes.ts'

/** Points of a chart. */
const MOST = 500
/** Characters of a group or a measure. */
const CELL = 1_000

/**
 * The newest windows, oldest first, as the merging view has them: closed, late and open parts as
 * one. Of a window some of whose groups would be cut off, none is told.
 *
 * @param gone whoever asks is there no more
 * @throws what `Asker.ask` throws
 */
export function newestWindows(
  asker: Asker,
  contract: Contract,
  window: Window,
  gone: AbortSignal,
): Promise<WindowAnswer> {
  const { schema, table } = contract
  const view = `windows.${identifier(schema)}.${identifier(`${table}_${window.name}`)}`
  const [start, end, ...others] = windowColumns(window, contract).map(({ name }) => name)
  const values = others.slice(0, -2)
  const [late, open] = others.slice(-2)
  const iso = (name: string) => `strftime(${identifier(name)}, '%Y-%m-%dT%H:%M:%S.%gZ')`
  const columns = [iso(start!), iso(end!), ...[late!, open!, ...values].map(identifier)]
  const sql = `SELECT ${columns.join(', ')} FROM ${view}
    ORDER BY ${[start!, ...values].map((name) => `${identifier(name)} DESC`).join(', ')}`
  return asker.ask(sql, { gone, cell: CELL }, async ({ rows }) => {
    const found: WindowAnswer['rows'] = []
    for await (const row of rows) {
      const [from, to, isLate, isOpen, ...texts] = row as (string | null)[]
      const flags = { late: isLate === 'true', open: isOpen === 'true' }
      found.push({ start: from ?? '', end: to ?? '', ...flags, values: texts })
      if (found.length > MOST) break
    }
    const names = values.slice(0, window.groupBy.length)
    return { groups: names, measures: values.slice(names.length), rows: whole(found).toReversed() }
  })
}

function whole(newest: WindowAnswer['rows']): WindowAnswer['rows'] {
  const cut = newest[MOST]?.start
  const all = newest.filter(({ start }) => start !== cut)
  return all.length > 0 || cut === undefined ? all : newest.slice(0, MOST)
}
