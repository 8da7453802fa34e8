/** What a chart shows, apart from how it is drawn. */

export interface ChartData {
  /** Bars of several series stand beside each other; `stacked`, on each other. */
  kind: 'line' | 'bars' | 'stacked'
  x: ChartAxis
  series: ChartSeries[]
  /** Values are parts of a whole, 0 to 1. */
  isShare?: boolean
  /** What is said of some places along x. */
  marks?: ChartMark[]
}

export interface ChartAxis {
  label: string
  /** `time`: what `secondsOf` reads, UTC. Times and numbers ascend. */
  kind: 'time' | 'number' | 'category'
  values: string[]
  /** What stands at the axis instead, as a name may be long. */
  short?: string[]
}

export interface ChartSeries {
  label: string
  /** One for each place along x; null: none. */
  values: (number | null)[]
}

export interface ChartMark {
  /** `▲` */
  sign: string
  label: string
  /** Places along x. */
  at: number[]
}

/** More cannot be told apart: the others are in the table alone. */
export const MOST_SERIES = 6

/**
 * The series that are drawn: those with the largest values, in the order that they had. On a stack
 * the others stand as one, as its height is that of all.
 */
export function drawnOf({ kind, series }: Pick<ChartData, 'kind' | 'series'>): ChartSeries[] {
  if (series.length <= MOST_SERIES) return series
  const most = kind === 'stacked' ? MOST_SERIES - 1 : MOST_SERIES
  const largest = new Set(series.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, most))
  const [drawn, others] = [true, false].map((is) => series.filter((one) => largest.has(one) === is))
  if (kind !== 'stacked') return drawn!
  const { values } = stackedOf(others!).at(-1)!
  return [...drawn!, { label: `${others!.length} others`, values }]
}

function sizeOf({ values }: ChartSeries): number {
  return values.reduce<number>((sum, value) => sum + Math.abs(value ?? 0), 0)
}

/** Every series on top of those before it. */
export function stackedOf(series: ChartSeries[]): ChartSeries[] {
  const sums = new Map<number, number>()
  return series.map(({ label, values }) => {
    const onTop = values.map((value, index) => {
      const sum = (sums.get(index) ?? 0) + (value ?? 0)
      sums.set(index, sum)
      return sum
    })
    return { label, values: onTop }
  })
}

/** Where the values of an axis stand along it; names stand one after another. */
export function positionsOf({ kind, values }: ChartAxis): number[] {
  if (kind === 'category') return values.map((_, index) => index)
  const read = kind === 'time' ? secondsOf : numberOf
  return values.map((value) => read(value) ?? Number.NaN)
}

/** The least distance of two places: the width of a bar with its gap. 1 where there is none. */
export function stepOf(positions: number[]): number {
  const steps = positions.slice(1).map((position, index) => position - positions[index]!)
  const least = Math.min(...steps.filter((step) => step > 0))
  return Number.isFinite(least) ? least : 1
}

/** `1234.50` → 1234.5; null of what is no finite number, and of nothing. */
export function numberOf(text: string | null): number | null {
  if (text === null || text.trim() === '') return null
  const value = Number(text)
  return Number.isFinite(value) ? value : null
}

const time =
  /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:Z|([+-]\d\d)(?::?(\d\d))?)?)?$/

/**
 * A date or time, as DuckDB or JSON writes it, in seconds since 1970; without an offset it is UTC.
 * `2026-03-14 09:30:00` → 1773480600; null of what is none.
 */
export function secondsOf(text: string | null): number | null {
  const parts = time.exec(text ?? '')
  if (!parts) return null
  const [, day, clock = '00:00', hours, minutes = '00'] = parts
  const seconds = Date.parse(`${day}T${clock}${hours ? `${hours}:${minutes}` : 'Z'}`) / 1000
  return Number.isNaN(seconds) ? null : seconds
}
