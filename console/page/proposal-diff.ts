import type { ProposalRow } from '../shapes.ts'

export type DiffLine = ProposalRow['diff'][number]

/** Lines that are shown, or those between that are as they stand and may stay folded. */
export interface DiffPart {
  isFold: boolean
  lines: DiffLine[]
}

/** A fold of fewer lines would take as much room as they do. */
const LEAST_FOLD = 4

/**
 * Cuts a difference into what has changed, with some lines around it, and the long runs between.
 *
 * @param around lines before and after a change that are shown with it
 */
export function foldedDiff(lines: DiffLine[], around = 3): DiffPart[] {
  const isNear = nearChanges(lines, around)
  const runs: DiffPart[] = []
  for (const [index, line] of lines.entries()) {
    const isFold = !isNear[index]
    const last = runs.at(-1)
    if (last?.isFold === isFold) last.lines.push(line)
    else runs.push({ isFold, lines: [line] })
  }
  return merged(
    runs.map((run) => (run.lines.length < LEAST_FOLD ? { ...run, isFold: false } : run)),
  )
}

function nearChanges(lines: DiffLine[], around: number): boolean[] {
  const isNear = lines.map(() => false)
  for (const [index, { mark }] of lines.entries()) {
    if (mark !== ' ') isNear.fill(true, Math.max(0, index - around), index + around + 1)
  }
  return isNear
}

/** Shown parts that follow each other are one. */
function merged(parts: DiffPart[]): DiffPart[] {
  const whole: DiffPart[] = []
  for (const part of parts) {
    const last = whole.at(-1)
    if (last && !last.isFold && !part.isFold) last.lines.push(...part.lines)
    else whole.push({ ...part })
  }
  return whole
}

/** `12 lines added, 1 taken away` */
export function diffSummary(lines: DiffLine[]): string {
  const added = lines.filter(({ mark }) => mark === '+').length
  const gone = lines.filter(({ mark }) => mark === '-').length
  const told = [`${added} ${added === 1 ? 'line' : 'lines'} added`]
  return (gone > 0 ? [...told, `${gone} taken away`] : told).join(', ')
}
