/**
 * How far down a person was, for each step of the history: Back leads to the very row. The browser
 * does that by itself only where all that was there is there again at once.
 */

/** By the number of the step, which the history keeps with it. */
const places = new Map<number, number>()

/** A view that has asked the server anew has its rows within that time, or not at all. */
const PATIENCE = 1500

let entry = 0
let last = 0

/**
 * Remembers the place in the view that is left.
 *
 * @returns the number of the step that follows
 */
export function leaveEntry(): number {
  history.scrollRestoration = 'manual'
  places.set(entry, scrollY)
  last++
  entry = last
  return entry
}

/** Scrolls to where one was, as soon as the view is that long again. */
export function returnToEntry(): void {
  places.set(entry, scrollY)
  const { state } = history
  entry = typeof state?.entry === 'number' ? state.entry : 0
  last = Math.max(last, entry)
  const until = Date.now() + PATIENCE
  const [place, its] = [places.get(entry) ?? 0, entry]
  const attempt = () => {
    if (its !== entry || Date.now() > until) return
    scrollTo(0, place)
    if (Math.abs(scrollY - place) > 1) requestAnimationFrame(attempt)
  }
  requestAnimationFrame(attempt)
}
