import type { QueryAnswer } from '../shapes.ts'
import { type ChartAxis, type ChartData, numberOf } from './chart-data.ts'
import { pivoted } from './chart-pivot.ts'
import { shortened } from './chart-ticks.ts'

/** What of an answer is drawn, as places of its columns. */
export interface Choice {
  x: number
  y: number[]
  /** The column whose values tell series apart; null: none. */
  by: number | null
  kind: ChartData['kind']
}

type Column = QueryAnswer['columns'][number]

/** More would be no simple chart. */
const MOST_POINTS = 2000

export function isNumeric({ type }: Column): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|REAL|DECIMAL(\(.*\))?|BIGNUM)$/.test(
    type,
  )
}

function isTemporal({ type }: Column): boolean {
  return /^(DATE$|TIMESTAMP)/.test(type)
}

/**
 * What one would draw at first sight: a time, or a name, and the first number beside it. Where
 * there is more than one row of a time, a name tells series apart.
 */
export function firstChoice({ columns, rows }: QueryAnswer): Choice | null {
  const placesOf = (is: (column: Column) => boolean) =>
    columns.flatMap((column, place) => (is(column) ? [place] : []))
  const [time] = placesOf(isTemporal)
  const names = placesOf(isName)
  const x = time ?? names[0] ?? 0
  const y = placesOf((column) => isNumeric(column) && !isName(column)).find((one) => one !== x)
  if (y === undefined || rows.length === 0) return null
  const isRepeated = new Set(rows.map((row) => row[x])).size < rows.length
  const by = isRepeated ? names.find((name) => name !== x) : undefined
  const kind = x === time && rows.length > 30 ? 'line' : 'bars'
  return { x, y: [y], by: by ?? null, kind }
}

/** A text, or a number that is a key, not an amount. */
function isName(column: Column): boolean {
  return column.type === 'VARCHAR' || (isNumeric(column) && /(^|_)id$/i.test(column.name))
}

export function resultChart(answer: QueryAnswer, { x, y, by, kind }: Choice): ChartData {
  const { columns } = answer
  const rows = answer.rows.slice(0, MOST_POINTS)
  const names = namesOf(columns)
  const seriesOf = (row: (string | null)[], column: number) => {
    if (by === null) return names[column]!
    const value = row[by] ?? 'NULL'
    return y.length > 1 ? `${value} · ${names[column]}` : value
  }
  const points = rows.flatMap((row) => {
    return y.map((column) => ({
      x: row[x] ?? 'NULL',
      of: seriesOf(row, column),
      y: numberOf(row[column] ?? null),
    }))
  })
  const { axis, series } = pivoted(points, { label: names[x]!, kind: kindOf(columns[x]!) })
  const short = axis.values.map((value) => shortened(value))
  return { kind, x: { ...axis, short }, series }
}

function kindOf(column: Column): ChartAxis['kind'] {
  if (isTemporal(column)) return 'time'
  return isNumeric(column) ? 'number' : 'category'
}

/** A query may give a name twice: `sum(a)`, then `sum(a) (2)`. */
export function namesOf(columns: Column[]): string[] {
  const seen = new Map<string, number>()
  return columns.map(({ name }) => {
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return times > 1 ? `${name} (${times})` : name
  })
}
