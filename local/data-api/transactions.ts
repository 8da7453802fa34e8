import { randomBytes } from 'node:crypto'
import type { Limits } from './limits.ts'
import { type Cause, Refusal, transactionNotFound } from './refusal.ts'
import type { Session } from './session.ts'

export interface Transaction {
  readonly id: string
  readonly database: string
  readonly session: Session
}

interface Entry extends Transaction {
  readonly begun: number
  isBusy: boolean
  timer: NodeJS.Timeout | undefined
}

/** The transactions that are open, each with a connection of its own. */
export class Transactions {
  readonly #limits: Limits
  readonly #open = new Map<string, Entry>()
  readonly #ended = new Map<string, Cause>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get open(): number {
    return this.#open.size
  }

  /** @param session one in which BEGIN was run */
  add(session: Session, database: string): Transaction {
    // AWS' ids are opaque, and at most 192 characters long (API_ExecuteStatement).
    const id = randomBytes(135).toString('base64')
    const entry = { id, database, session, begun: Date.now(), isBusy: false, timer: undefined }
    this.#open.set(id, entry)
    this.#wait(entry)
    return entry
  }

  /**
   * Does a call's work in a transaction, which does not expire meanwhile.
   *
   * @throws Refusal where it is not there (any more), or another call is at work in it
   */
  async use<T>(id: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const entry = this.#open.get(id)
    if (!entry) throw transactionNotFound(id, this.#ended.get(id) ?? 'Transaction may be expired.')
    // data-api.troubleshooting: at once, whatever the other call does.
    if (entry.isBusy)
      throw new Refusal('DatabaseErrorException', 400, 'Transaction is still running a query')
    clearTimeout(entry.timer)
    entry.isBusy = true
    try {
      return await work(entry)
    } finally {
      entry.isBusy = false
      if (this.#open.has(id)) this.#wait(entry)
    }
  }

  /** Takes it from the list; what becomes of its connection is up to who asks. */
  end({ id }: Transaction, cause: Cause): void {
    clearTimeout(this.#open.get(id)?.timer)
    this.#open.delete(id)
    this.#ended.set(id, cause)
  }

  async rollBack(transaction: Transaction, cause: Cause): Promise<void> {
    this.end(transaction, cause)
    await transaction.session.destroy()
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    await Promise.all(all.map((each) => this.rollBack(each, 'Transaction may be expired.')))
  }

  #wait(entry: Entry): void {
    const { idleMs, lifeMs } = this.#limits
    const left = Math.max(0, Math.min(idleMs, entry.begun + lifeMs - Date.now()))
    const expire = () => void this.rollBack(entry, 'Transaction may be expired.')
    entry.timer = setTimeout(expire, left).unref()
  }
}
