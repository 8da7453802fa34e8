import type { ConsolePlace } from './place.ts'

/** Work that is done sooner shows no progress: a bucket is listed again every few seconds. */
const SHORT_MS = 1_000

/** How much of what was to be done since the last rest is done. */
export class Progress {
  readonly #work: ConsolePlace['work']
  /** What had ended at the last rest; the most that lay there since. */
  #before = 0
  #most = 0
  #busySince: number | undefined

  constructor(work: ConsolePlace['work']) {
    this.#work = work
    // A rest is to be seen, too, while no page is open; it costs next to nothing.
    if (work) setInterval(() => this.of(null), SHORT_MS).unref()
  }

  /**
   * @param arriving where another process works: how many objects it has not looked at
   * @returns 0 to 1; null at rest
   */
  of(arriving: number | null): number | null {
    return this.#work ? this.#ofWork(this.#work) : this.#ofArriving(arriving ?? 0)
  }

  #ofWork(work: NonNullable<ConsolePlace['work']>): number | null {
    const looks = work.look()
    const left = looks.reduce((sum, one) => sum + one.waiting + one.running.length, 0)
    const ended = looks.reduce((sum, one) => sum + one.ended, 0)
    if (left === 0) {
      this.#before = ended
      this.#busySince = undefined
      return null
    }
    this.#busySince ??= Date.now()
    if (Date.now() - this.#busySince < SHORT_MS) return null
    const done = Math.max(0, ended - this.#before)
    return rounded(done / (done + left))
  }

  #ofArriving(arriving: number): number | null {
    this.#most = arriving === 0 ? 0 : Math.max(this.#most, arriving)
    return arriving === 0 ? null : rounded(1 - arriving / this.#most)
  }
}

/** No page draws more of it. */
function rounded(part: number): number {
  return Math.round(1_000 * part) / 1_000
}
