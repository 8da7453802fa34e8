import { Busy, Refused } from '../core/errors.ts'
import type { Answer } from '../core/query/query.ts'
import { outlookOf } from './outlook.ts'
import type { ConsolePlace } from './place.ts'
import { queryApart } from './query-process.ts'
import { Turns } from './turns.ts'

export interface AskerOptions {
  /** Milliseconds that a query may take. */
  time?: number
  /** Milliseconds that one waits for its turn. */
  patience?: number
  /** Bytes that its process may have. */
  memory?: number
}

export interface Asked {
  /** Whoever asks is there no more. */
  gone: AbortSignal
  /** Characters of a value that are told; without it, all are. */
  cell?: number
}

const SECOND = 1_000
/** Each has a process of its own, and with it a DuckDB. */
const AT_ONCE = 2

/** Asks the lake for all views of the console: each query for so long, and few at once. */
export class Asker {
  readonly #place: ConsolePlace
  readonly #time: number
  readonly #patience: number
  readonly #memory: number | undefined
  readonly #turns = new Turns(AT_ONCE)

  constructor(place: ConsolePlace, options: AskerOptions = {}) {
    this.#place = place
    this.#time = options.time ?? 30 * SECOND
    this.#patience = options.patience ?? 30 * SECOND
    this.#memory = options.memory
  }

  /**
   * @param use reads the answer, whose values are texts or null
   * @throws what `queryApart` throws; Refused where it took too long; Busy where others ask, too
   */
  async ask<T>(sql: string, { gone, cell }: Asked, use: (answer: Answer) => Promise<T>) {
    const end = await this.#turns.take(this.#patience, gone)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(this.#tooLong()), this.#time)
    const stop = AbortSignal.any([gone, late.signal])
    try {
      const { described } = await outlookOf(this.#place)
      const lake = this.#place.lake.store.url
      return await queryApart({ lake, sql, cell, described, memory: this.#memory }, stop, use)
    } catch (error) {
      throw gone.aborted ? new Busy('who asked is gone', { cause: error }) : error
    } finally {
      clearTimeout(timer)
      end()
    }
  }

  #tooLong(): Refused {
    const seconds = this.#time / SECOND
    return new Refused(
      `the query took more than ${seconds} s and was ended: let it read less (a WHERE on a ` +
        'partition, fewer columns), or ask it on a terminal, where nothing ends it: ' +
        "`sluice query '…'`",
    )
  }
}

const askers = new WeakMap<ConsolePlace, Asker>()

/** One for all views of a console. */
export function askerOf(place: ConsolePlace): Asker {
  const known = askers.get(place) ?? new Asker(place)
  askers.set(place, known)
  return known
}
