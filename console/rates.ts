/** Records a second of one shard, between two looks at its counts. */
export class Rates {
  readonly #looks = new Map<string, { records: number; at: number; rate: number | null }>()

  /**
   * @param name of what is counted
   * @param records so far
   * @param at milliseconds of a clock that only goes on
   * @returns null at the first look
   */
  look(name: string, records: number, at: number): number | null {
    const last = this.#looks.get(name)
    // Several pages may look at once: between them too little time passes to tell anything.
    if (last && at - last.at < SHORTEST) return last.rate
    const rate = last ? Math.max(0, ((records - last.records) / (at - last.at)) * 1_000) : null
    this.#looks.set(name, { records, at, rate })
    return rate
  }
}

const SHORTEST = 1_000
