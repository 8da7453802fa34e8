/**
 * A set of whole numbers as sorted runs `[first, last]`, both included, that neither meet nor
 * overlap: chunks of an object come mostly in order, so few runs hold many.
 *
 *     added([[0, 4]], 5) → [[0, 5]]      added([[0, 4], [6, 9]], 5) → [[0, 9]]
 */
export type Intervals = [first: number, last: number][]

export function includes(set: Intervals, value: number): boolean {
  return set.some(([first, last]) => first <= value && value <= last)
}

export function added(set: Intervals, value: number): Intervals {
  return union(set, [[value, value]])
}

export function union(a: Intervals, b: Intervals): Intervals {
  const merged: Intervals = []
  for (const [first, last] of [...a, ...b].toSorted((x, y) => x[0] - y[0])) {
    const before = merged.at(-1)
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged
}

/** Whether the set is all of 0 … count - 1. */
export function isWhole(set: Intervals, count: number): boolean {
  if (count === 0) return true
  const [only] = set
  return only !== undefined && only[0] === 0 && only[1] >= count - 1
}
