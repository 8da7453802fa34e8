import Table from 'cli-table3'

/** What was measured, over all runs, and what it should have been. */
export interface Figure {
  part: string
  what: string
  unit: string
  samples: number[]
  median: number
  low: number
  high: number
  goal?: Goal
  met?: boolean
}

export type Goal = { atLeast: number } | { atMost: number }

export function figure(
  part: string,
  what: string,
  unit: string,
  samples: number[],
  goal?: Goal,
): Figure {
  const median = quantile(samples, 0.5)
  const spread = { samples, median, low: Math.min(...samples), high: Math.max(...samples) }
  return { part, what, unit, ...spread, ...(goal && { goal, met: meets(median, goal) }) }
}

/** Between two samples it lies where a straight line would have it. */
export function quantile(samples: number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN]
  return below + (above - below) * (at - Math.floor(at))
}

export function printFigures(figures: Figure[]): void {
  const table = new Table({
    head: ['', '', 'median', 'low … high', 'unit', 'goal', ''],
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const { part, what, unit, median, low, high, goal, met } of figures) {
    const spread = `${shown(low)} … ${shown(high)}`
    const told = goal ? toldOf(goal) : ''
    const end = met === undefined ? '' : met ? 'met' : 'MISSED'
    table.push([part, what, shown(median), spread, unit, told, end])
  }
  process.stdout.write(`${table.toString()}\n`)
}

function meets(value: number, goal: Goal): boolean {
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost
}

export function toldOf(goal: Goal): string {
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
}

export function shown(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: value >= 1000 ? 5 : 3 })
}
