import pg from 'pg'

/** An error as the Data API answers it: its name, its HTTP status, and a body with the message. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly type: string
  readonly status: number
  readonly body: Record<string, unknown>

  constructor(type: string, status: number, message?: string, more: Record<string, unknown> = {}) {
    super(message ?? type)
    this.type = type
    this.status = status
    this.body = message === undefined ? more : { message, ...more }
  }
}

/** Not of the service's model, yet what Serverless v2 answers (data-api.differences). */
export function invalid(message: string): Refusal {
  return new Refusal('ValidationException', 400, message)
}

export function badRequest(message: string): Refusal {
  return new Refusal('BadRequestException', 400, message)
}

/** The body is no JSON of the right shape: restJson1 of Smithy, whatever the service. */
export function malformed(message: string): Refusal {
  return new Refusal('SerializationException', 400, message)
}

/** Of a result that cannot be given back (model: UnsupportedResultException). */
export function unsupported(message: string): Refusal {
  return new Refusal('UnsupportedResultException', 400, message)
}

/** Why a transaction is no longer there; AWS appends it (data-api.troubleshooting). */
export type Cause =
  | 'Transaction may be expired.'
  | 'One previous call resulted in a termination of your transaction.'
  | 'Transaction has been aborted due to an error from a previous call.'

export function transactionNotFound(id: string, cause: Cause): Refusal {
  const message = `Transaction ${id} is not found. ${cause}`
  return new Refusal('TransactionNotFoundException', 404, message)
}

/** @param connection the process id of the backend (model: dbConnectionId) */
export function timedOut(connection: number): Refusal {
  const message = 'canceling statement due to statement timeout'
  const more = { dbConnectionId: connection }
  return new Refusal('StatementTimeoutException', 400, message, more)
}

/**
 * An error of Postgres in AWS' words. Serverless v2 gives the message, the hint, the position and
 * the code, each after `; `; what users quote from it never has the detail, which may hold data
 * (`ERROR: duplicate key value violates unique constraint "t_pkey"; SQLState: 23505`).
 */
export function databaseError(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  return new Refusal('DatabaseErrorException', 400, describe(error))
}

function describe(error: unknown): string {
  // The connection itself was lost: what AWS says then is not known.
  if (!(error instanceof pg.DatabaseError)) return `FATAL: ${String(error)}; SQLState: 08006`
  const { severity, message, hint, position, code } = error
  return [
    `${severity}: ${message}`,
    ...(hint ? [`Hint: ${hint}`] : []),
    ...(position ? [`Position: ${position}`] : []),
    `SQLState: ${code}`,
  ].join('; ')
}
