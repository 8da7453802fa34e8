import type { WindowAnswer } from '../shapes.ts'
import { type ChartData, numberOf } from './chart-data.ts'
import { isTooSparse, pivoted } from './chart-pivot.ts'

/** What of a window is drawn. */
export interface WindowChoice {
  measure: string
  /** Of one group only; null: a series for each. */
  group: string | null
  kind: ChartData['kind']
}

/** The groups that there are, by how they are called: `berlin · card`; '' where there are none. */
export function groupsOf(answer: WindowAnswer): string[] {
  return [...new Set(answer.rows.map((row) => groupOf(answer, row)))]
}

/**
 * Windows along time, with a series for each group. Windows that lie far apart stand beside each
 * other by name instead, as they would be too thin to be seen.
 */
export function windowChart(answer: WindowAnswer, choice: WindowChoice): ChartData {
  const column = answer.groups.length + answer.measures.indexOf(choice.measure)
  const rows = answer.rows.filter((row) => {
    return choice.group === null || groupOf(answer, row) === choice.group
  })
  const points = rows.map((row) => ({
    x: plainTime(row.start),
    of: groupOf(answer, row) || choice.measure,
    y: numberOf(row.values[column] ?? null),
  }))
  const inTime = pivoted(points, { label: 'Window of', kind: 'time' })
  const isSparse = choice.kind !== 'line' && isTooSparse(inTime.axis)
  const { axis, series, places } = isSparse
    ? pivoted(points, { label: 'Window of', kind: 'category' })
    : inTime
  const marked = (is: (row: WindowAnswer['rows'][number]) => boolean) => {
    return [...new Set(places.filter((place, index) => place >= 0 && is(rows[index]!)))]
  }
  return {
    kind: choice.kind,
    x: axis,
    series,
    marks: [
      { sign: '▲', label: 'has late records', at: marked(({ late }) => late) },
      { sign: '○', label: 'is still open', at: marked(({ open }) => open) },
    ],
  }
}

function groupOf({ groups }: WindowAnswer, { values }: WindowAnswer['rows'][number]): string {
  return values
    .slice(0, groups.length)
    .map((value) => value ?? 'NULL')
    .join(' · ')
}

/** `2026-03-14T09:30:00.000Z` → `2026-03-14 09:30:00`: event times are shown as SQL has them. */
export function plainTime(at: string): string {
  return at.replace('T', ' ').replace(/(\.0+)?Z$/, '')
}
