import {
  type ChartAxis,
  type ChartSeries,
  numberOf,
  positionsOf,
  secondsOf,
  stepOf,
} from './chart-data.ts'

/** One value to be drawn. */
export interface Point {
  x: string
  /** Of which series it is. */
  of: string
  y: number | null
}

export interface Pivoted {
  axis: ChartAxis
  series: ChartSeries[]
  /** The place along x of each point; -1 of one that has none. */
  places: number[]
}

/**
 * Series of points in any order: times and numbers ascend, names stand as they came first. Nothing
 * is added up: points of one series that share their x stand at as many places.
 */
export function pivoted(points: Point[], axis: Pick<ChartAxis, 'label' | 'kind'>): Pivoted {
  const seen = new Map<string, number>()
  const keys = points.map(({ x, of }) => {
    const which = seen.get(JSON.stringify([x, of])) ?? 0
    seen.set(JSON.stringify([x, of]), which + 1)
    return JSON.stringify([x, which])
  })
  const order = sortedBy(axis.kind, [...new Set(keys)])
  const placeOf = new Map(order.map((key, place) => [key, place]))
  const places = keys.map((key) => placeOf.get(key) ?? -1)
  const series = new Map<string, (number | null)[]>()
  for (const [index, { of, y }] of points.entries()) {
    if (!series.has(of)) series.set(of, Array(order.length).fill(null))
    if (places[index]! >= 0) series.get(of)![places[index]!] = y
  }
  return {
    axis: { ...axis, values: order.map(xOf) },
    series: [...series].map(([label, values]) => ({ label, values })),
    places,
  }
}

/** What is no time or number where it should be has no place. */
function sortedBy(kind: ChartAxis['kind'], keys: string[]): string[] {
  if (kind === 'category') return keys
  const read = kind === 'time' ? secondsOf : numberOf
  return keys
    .map((key) => ({ key, at: read(xOf(key)) }))
    .filter((one): one is { key: string; at: number } => one.at !== null)
    .toSorted((a, b) => a.at - b.at)
    .map(({ key }) => key)
}

function xOf(key: string): string {
  return JSON.parse(key)[0]
}

/** Bars that stand so far apart that they would be mere lines: more places than can be seen. */
export function isTooSparse(axis: ChartAxis, most = 600): boolean {
  const positions = positionsOf(axis)
  const width = (positions.at(-1) ?? 0) - (positions[0] ?? 0)
  return width / stepOf(positions) > most
}
