/**
 * A look that is taken again and again: at most every `least` milliseconds, and so seldom that
 * looking takes a twentieth of the time at most, however much there is to look at.
 */
export class Paced<T> {
  readonly #look: () => Promise<T>
  readonly #least: number
  #next = 0
  #running: Promise<T> | undefined
  #fault: { error: unknown } | undefined
  /** What it has seen last. */
  seen: T | undefined

  /** @param look what it returns is seen; what it throws, whoever waits for it gets */
  constructor(look: () => Promise<T>, least: number) {
    this.#look = look
    this.#least = least
  }

  /**
   * Begins a look where it is time for one, and waits for it; else what was seen last.
   *
   * @throws what the last look has thrown
   */
  async fresh(): Promise<T> {
    if (this.#running) return this.#running
    if (Date.now() < this.#next) {
      if (this.#fault) throw this.#fault.error
      if (this.seen !== undefined) return this.seen
    }
    this.#running = this.#once()
    return this.#running
  }

  async #once(): Promise<T> {
    const began = Date.now()
    try {
      this.seen = await this.#look()
      this.#fault = undefined
      return this.seen
    } catch (error) {
      this.#fault = { error }
      throw error
    } finally {
      const took = Date.now() - began
      this.#next = Date.now() + Math.max(this.#least, SHARE * took)
      this.#running = undefined
    }
  }
}

const SHARE = 20
