import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { Busy, Refused } from '../core/errors.ts'
import type { Answer } from '../core/query/query.ts'
import type { Job, Told } from './query-child.ts'

/** Beside this file, as it is, or as what this is bundled into has it. */
const program = join(import.meta.dirname, `query-child${extname(import.meta.filename)}`)

/**
 * Answers one query in a process of its own, which ends with it: DuckDB's limit of memory does not
 * count one huge value, and an interrupt does not reach into one function.
 *
 * @param stop ends it, whatever it is at
 * @param use reads the answer; what it returns is returned
 * @throws what `queryLake` throws; Refused where it takes too much memory; the reason of `stop`
 */
export async function queryApart<T>(
  job: Job,
  stop: AbortSignal,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  stop.throwIfAborted()
  const child = take()
  const end = () => child.end()
  stop.addEventListener('abort', end)
  try {
    const first = await child.ask(job)
    if (!('columns' in first)) throw new Error('the answer of a query has no columns')
    const rows = new Rows(child)
    const result = await use({ columns: first.columns, rows: rows.all() })
    await rows.enough()
    return result
  } catch (error) {
    throw stop.aborted ? stop.reason : error
  } finally {
    stop.removeEventListener('abort', end)
    child.end()
  }
}

/** Of an answer whose reader may have had enough before its end. */
class Rows {
  readonly #child: Child
  #isLast = false

  constructor(child: Child) {
    this.#child = child
  }

  async *all(): AsyncIterable<unknown[]> {
    while (!this.#isLast) yield* await this.#ask('more')
  }

  /** The lake is looked at once more before it is all well. */
  async enough(): Promise<void> {
    if (!this.#isLast) await this.#ask('enough')
  }

  async #ask(what: 'more' | 'enough'): Promise<unknown[][]> {
    const told = await this.#child.ask(what)
    if (!('rows' in told)) throw new Error('an answer has columns twice')
    this.#isLast = told.isLast
    return told.rows
  }
}

let spare: Child | undefined

/** One that has started already, so that nobody waits for its libraries to be read. */
function take(): Child {
  const ready = spare?.isThere ? spare : new Child()
  spare = new Child()
  return ready
}

class Child {
  readonly #process: ChildProcess
  /** What is not to outlive it: nobody else knows of its files. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-query-'))
  #asked = Promise.withResolvers<Told>()

  constructor() {
    this.#asked.promise.catch(() => {})
    // It asks the lake alone, and needs neither the database's login nor the console's token.
    const { DATABASE_URL: _, PGPASSWORD: __, SLUICE_CONSOLE_TOKEN: ___, ...own } = process.env
    const env = { ...own, TMPDIR: this.#folder }
    this.#process = fork(program, [this.#folder], {
      execArgv: [],
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    // A program that has nothing else to do ends, and with it what waits for a question.
    this.#process.unref()
    this.#process.channel?.unref()
    this.#process.on('message', (told: Told) => this.#asked.resolve(told))
    this.#process.on('error', (error) => this.#asked.reject(error))
    this.#process.once('exit', () => {
      this.#asked.reject(new Error('the process of the query has ended'))
      this.#remove()
    })
    process.once('exit', this.#remove)
  }

  get isThere(): boolean {
    return this.#process.connected
  }

  /** @throws what it has thrown */
  async ask(what: Job | 'more' | 'enough'): Promise<Told> {
    this.#asked = Promise.withResolvers<Told>()
    this.#process.channel?.ref()
    this.#process.send(what, (error) => error && this.#asked.reject(error))
    const told = await this.#asked.promise
    if ('error' in told) throw errorOf(told)
    return told
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }

  #remove = (): void => {
    process.off('exit', this.#remove)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function errorOf({ name, error }: { name: string; error: string }): Error {
  if (name === 'Refused') return new Refused(error)
  return name === 'Busy' ? new Busy(error) : new Error(error)
}
