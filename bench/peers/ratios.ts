import { type Figure, figure } from '../figure.ts'
import type { Comparison, Run, Side } from './compare.ts'

/** How many times as fast as a peer one of ours is: above 1 it is faster. */
export interface Ratio {
  ours: string
  peer: string
  /** Their seconds of work, whole seconds and CPU seconds, each by ours of the same round. */
  work: Figure
  whole: Figure
  cpu: Figure
}

/** Each of ours beside each peer that ended at least one run. */
export function ratiosOf({ what, sides, goals }: Comparison): Ratio[] {
  const [ours, peers] = [sides.filter((side) => side.ours), sides.filter((side) => !side.ours)]
  return ours.flatMap((own) =>
    peers
      .filter(({ runs }) => runs.length > 0)
      .map((peer) => {
        const goal = goals.find((one) => one.ours === own.name && one.peer === peer.name)
        const at = goal && { atLeast: goal.atLeast }
        const name = `${what}: ${own.name} / ${peer.name}`
        const of = (field: keyof Run) => inRounds(own, peer, field)
        return {
          ...{ ours: own.name, peer: peer.name },
          work: figure('', name, '×', of('work'), at),
          whole: figure('', name, '×', of('seconds')),
          cpu: figure('', name, '×', of('cpu')),
        }
      }),
  )
}

function inRounds(own: Side, peer: Side, field: keyof Run): number[] {
  return peer.runs.flatMap((theirs) => {
    const ours = own.runs.find(({ round }) => round === theirs.round)
    return ours ? [theirs[field] / ours[field]] : []
  })
}
