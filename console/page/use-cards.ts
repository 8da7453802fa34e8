import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

/** Pixels: in a box that is narrower the cells of a table would break at every word. */
const NARROW = 620

/**
 * Whether a table is to be shown as cards: its box is narrow, or would cut it. It is a table again
 * where the box has become as wide as the table was.
 *
 * @param box what scrolls, with a table in it
 */
export function useCards(box: RefObject<HTMLElement | null>, isWanted: boolean): boolean {
  const [needed, setNeeded] = useState(0)
  useLayoutEffect(() => {
    const section = box.current
    if (!section || !isWanted) return
    const look = () => setNeeded((before) => neededBy(section, before))
    look()
    const observer = new ResizeObserver(look)
    for (const element of [section, ...section.children]) observer.observe(element)
    return () => observer.disconnect()
  }, [isWanted])
  return needed > 0
}

/** @param before what was needed when it became cards; 0 while it is a table, and fits */
function neededBy({ clientWidth, scrollWidth }: HTMLElement, before: number): number {
  if (clientWidth < NARROW) return Math.max(NARROW, before)
  if (before > 0) return clientWidth >= before ? 0 : before
  return scrollWidth > clientWidth + 1 ? scrollWidth : 0
}
