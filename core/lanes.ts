/** Objects that are asked for at once: each waits for the network mostly. */
export const READS = 16

/**
 * Does a piece of work for each item, some at a time, and begins them in the order of the items.
 *
 * @param lanes how many are under way at once
 * @param stop nothing is begun after it
 * @returns the answers, in the order of the items; of what was not begun, none
 * @throws the first fault, once nothing is under way any more; nothing is begun after it
 */
export async function inLanes<T, R>(
  items: Iterable<T>,
  lanes: number,
  work: (item: T) => Promise<R>,
  stop?: AbortSignal,
): Promise<R[]> {
  const queue = [...items].entries()
  const answers: R[] = []
  const faults: unknown[] = []
  const lane = async () => {
    for (const [i, item] of queue) {
      if (stop?.aborted) return
      try {
        answers[i] = await work(item)
      } catch (fault) {
        faults.push(fault)
      }
      if (faults.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  if (faults.length > 0) throw faults[0]
  return answers
}
