import type { Deadline } from '../../core/deadline.ts'
import { smallOf } from '../../core/judge/together.ts'
import type { Lake } from '../../core/lake.ts'
import { inLanes } from '../../core/lanes.ts'
import type { Outcome } from '../../core/outcome.ts'
import { refine } from './refine.ts'
import { Together } from './together.ts'

/** Objects on their way to their commit at a time: each waits for disk or network mostly. */
const LANES = 4

/**
 * Brings small objects into Silver, their rows by as few statements as can be.
 *
 * @returns how those ended that ended well
 */
export async function refineTogether(
  lake: Lake,
  keys: string[],
  deadline: Deadline,
): Promise<Outcome[]> {
  const small = await smallOf(lake.store, keys)
  if (small.length < 2) return []
  const ended = await lake.withScratch(0, (folder, duck) => {
    const together = new Together(lake, small, folder, duck)
    return inLanes(small, LANES, async ({ key }) => {
      if (deadline.isOver()) return undefined
      return refine(lake, key, together).catch(() => undefined)
    })
  })
  return ended.filter((outcome) => outcome !== undefined)
}
