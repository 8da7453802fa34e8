import { Busy } from '../core/errors.ts'

/** So many at once have their turn; others wait in the order in which they came. */
export class Turns {
  readonly #most: number
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  /**
   * @param patience milliseconds
   * @param gone whoever waits is there no more
   * @returns what ends the turn
   * @throws Busy where all turns are taken for so long
   * @throws the reason of `gone`
   */
  async take(patience: number, gone: AbortSignal): Promise<() => void> {
    gone.throwIfAborted()
    if (this.#taken >= this.#most) await this.#wait(patience, gone)
    else this.#taken++
    return () => this.#end()
  }

  /** Whoever ends hands the turn on, so that nobody who comes later is before one that waits. */
  #end(): void {
    const [next] = this.#waiting
    if (next) next()
    else this.#taken--
  }

  #wait(patience: number, gone: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      this.#waiting.delete(go)
      clearTimeout(timer)
      gone.removeEventListener('abort', give)
    }
    const go = () => {
      leave()
      resolve()
    }
    const give = () => {
      leave()
      reject(gone.aborted ? gone.reason : new Busy(`${this.#most} are at work; try again later`))
    }
    const timer = setTimeout(give, patience)
    gone.addEventListener('abort', give)
    this.#waiting.add(go)
    return promise
  }
}
