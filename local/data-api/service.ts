import { type Execution, execute, Fatal, killed } from './execution.ts'
import type { Limits } from './limits.ts'
import { badRequest, databaseError, Refusal, timedOut, transactionNotFound } from './refusal.ts'
import type { Request } from './request.ts'
import { type Session, Sessions } from './session.ts'
import { Statement } from './statement.ts'
import { type Transaction, Transactions } from './transactions.ts'

const aborted = 'Transaction has been aborted due to an error from a previous call.'
const terminated = 'One previous call resulted in a termination of your transaction.'
const expired = 'Transaction may be expired.'

/** The operations, without HTTP: each takes a request and gives the body of its answer. */
export class Service {
  readonly #limits: Limits
  readonly #sessions: Sessions
  readonly #transactions: Transactions

  constructor(server: string, limits: Limits) {
    this.#limits = limits
    this.#sessions = new Sessions(server)
    this.#transactions = new Transactions(limits)
  }

  get open(): number {
    return this.#transactions.open
  }

  /**
   * @param stop how the call is to be stopped in its middle, for a fault
   * @throws Refusal
   */
  perform(request: Request, stop?: 'timeout' | 'killed'): Promise<string> {
    const { operation, transactionId } = request
    if (operation === 'BeginTransaction') return this.#begin(request, stop)
    if (operation === 'CommitTransaction') return this.#commit(request, stop)
    if (operation === 'RollbackTransaction') return this.#rollBack(request, stop)
    const execution = {
      sessions: this.#sessions,
      limits: this.#limits,
      ...(stop ? { stop } : {}),
    }
    return transactionId === undefined
      ? this.#executeAlone(request, execution)
      : this.#executeWithin(transactionId, request, execution)
  }

  /** As if the transaction of the call had expired before it came. */
  async expire({ transactionId }: Request): Promise<void> {
    if (transactionId === undefined) return
    await this.#transactions.use(transactionId, (transaction) =>
      this.#transactions.rollBack(transaction, expired),
    )
    throw transactionNotFound(transactionId, expired)
  }

  async close(): Promise<void> {
    await this.#sessions.stop()
    await this.#transactions.close()
    await this.#sessions.end()
  }

  async #begin({ database = 'postgres' }: Request, stop?: 'timeout' | 'killed'): Promise<string> {
    const session = await this.#sessions.take(database)
    if (stop) {
      await session.destroy()
      throw stop === 'killed' ? killed() : timedOut(session.pid)
    }
    await session.run(new Statement('BEGIN'))
    const { id } = this.#transactions.add(session, database)
    return JSON.stringify({ transactionId: id })
  }

  #commit({ transactionId = '' }: Request, stop?: 'timeout' | 'killed'): Promise<string> {
    return this.#transactions.use(transactionId, async (transaction) => {
      if (stop) await this.#stop(transaction, stop)
      const { session } = transaction
      const { tag } = await session.run(new Statement('COMMIT')).catch(async (error: unknown) => {
        // A constraint that is deferred says no now, and Postgres has rolled back.
        await this.#transactions.rollBack(transaction, aborted)
        throw databaseError(error)
      })
      this.#transactions.end(transaction, terminated)
      await session.giveBack()
      // After an error that was not rolled back to a savepoint, COMMIT is a ROLLBACK.
      if (tag !== 'COMMIT') throw transactionNotFound(transactionId, aborted)
      return '{"transactionStatus":"Transaction Committed"}'
    })
  }

  #rollBack({ transactionId = '' }: Request, stop?: 'timeout' | 'killed'): Promise<string> {
    return this.#transactions.use(transactionId, async (transaction) => {
      if (stop) await this.#stop(transaction, stop)
      const { session } = transaction
      this.#transactions.end(transaction, terminated)
      await session.run(new Statement('ROLLBACK')).catch(() => {})
      await session.giveBack()
      return '{"transactionStatus":"Rollback Complete"}'
    })
  }

  async #stop(transaction: Transaction, how: 'timeout' | 'killed'): Promise<never> {
    if (how === 'killed') await this.#sessions.terminate(transaction.session)
    await this.#transactions.rollBack(transaction, aborted)
    throw how === 'killed' ? killed() : timedOut(transaction.session.pid)
  }

  #executeWithin(id: string, request: Request, execution: Execution): Promise<string> {
    return this.#transactions.use(id, async (transaction) => {
      const { database } = request
      // aws-sdk-js-v3 #2595: a call that names another one than BeginTransaction fails.
      if (database !== undefined && database !== transaction.database)
        throw badRequest('Database name is not the same as transaction')
      try {
        return await execute(transaction.session, request, execution)
      } catch (error) {
        if (!(error instanceof Fatal)) throw error
        // aws-sdk-js #3385: after a timeout the transaction is not found any more.
        await this.#transactions.rollBack(transaction, aborted)
        throw error.refusal
      }
    })
  }

  async #executeAlone(request: Request, execution: Execution): Promise<string> {
    const session = await this.#sessions.take(request.database ?? 'postgres')
    if (request.continueAfterTimeout) return this.#executeOnAndOn(session, request, execution)
    try {
      const body = await execute(session, request, execution)
      await session.giveBack()
      return body
    } catch (error) {
      await (error instanceof Refusal ? session.giveBack() : session.destroy())
      throw error instanceof Fatal ? error.refusal : error
    }
  }

  /** After 45 seconds there is an answer, and the statement goes on (API_ExecuteStatement). */
  async #executeOnAndOn(session: Session, request: Request, execution: Execution): Promise<string> {
    const work = this.#finish(session, execute(session, request, execution))
    const late = Promise.withResolvers<never>()
    const { callMs } = this.#limits
    const timer = setTimeout(() => late.reject(timedOut(session.pid)), callMs)
    // Where it ends after its time, nobody hears of it.
    work.catch(() => {})
    return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
  }

  async #finish(session: Session, work: Promise<string>): Promise<string> {
    try {
      return await work
    } catch (error) {
      throw error instanceof Fatal ? error.refusal : error
    } finally {
      await session.giveBack()
    }
  }
}
