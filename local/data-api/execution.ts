import { setTimeout as pause } from 'node:timers/promises'
import { type Catalogued, typeOf } from './column-type.ts'
import type { Limits } from './limits.ts'
import { bind } from './parameter.ts'
import { checkSql, inPlaces, numberPlaceholders } from './placeholders.ts'
import { databaseError, Refusal, timedOut } from './refusal.ts'
import type { Parameter, Request } from './request.ts'
import { answerOf, tooLarge } from './result.ts'
import { isCancelled, isLost, multistatement, type Session, type Sessions } from './session.ts'
import { type Outcome, Statement } from './statement.ts'

/** A statement ended so that its transaction, if it is in one, is no more. */
export class Fatal extends Error {
  override name = 'Fatal'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

export interface Execution {
  sessions: Sessions
  limits: Limits
  /** How the statement is to be stopped in its middle, for a fault. */
  stop?: 'timeout' | 'killed'
}

/**
 * Executes a statement with each of its sets of parameters. A set is a statement of its own: where
 * the call is in no transaction, those before one that fails stay (API_BatchExecuteStatement says
 * no more than "committed automatically").
 *
 * @returns the body of the answer
 * @throws Fatal, Refusal
 */
export async function execute(
  session: Session,
  request: Request,
  execution: Execution,
): Promise<string> {
  checkSql(request.sql)
  const deadline = Date.now() + execution.limits.callMs
  const results: string[] = []
  for (const set of request.parameterSets) {
    const statement = statementOf(request, set, execution.limits)
    const outcome = await run(session, statement, request, execution, deadline)
    if (request.operation === 'BatchExecuteStatement') results.push('{"generatedFields":[]}')
    else return answer(session, request, outcome, execution.limits)
  }
  return `{"updateResults":[${results}]}`
}

function statementOf(request: Request, set: Parameter[], limits: Limits): Statement {
  const numbered = numberPlaceholders(request.sql)
  return new Statement(numbered.sql, inPlaces(numbered, set).map(bind), limits.answerBytes)
}

async function answer(
  session: Session,
  request: Request,
  outcome: Outcome,
  limits: Limits,
): Promise<string> {
  const known = await catalogued(session, outcome)
  const body = answerOf(request, outcome, known, limits)
  if (outcome.columns && Buffer.byteLength(body) > limits.answerBytes) throw tooLarge()
  return body
}

async function run(
  session: Session,
  statement: Statement,
  request: Request,
  execution: Execution,
  deadline: number,
): Promise<Outcome> {
  if (execution.stop) return stopInside(session, statement, request, execution)
  const running = session.run(statement)
  let isLate = false
  const cancel = () => {
    isLate = true
    if (!request.continueAfterTimeout) void cancelUntilEnded(running, session, execution)
  }
  const timer = setTimeout(cancel, Math.max(0, deadline - Date.now()))
  try {
    return await running
  } catch (error) {
    if (isLate && isCancelled(error)) throw new Fatal(timedOut(session.pid))
    const refusal = databaseError(multistatement(error))
    throw isLost(error) ? new Fatal(refusal) : refusal
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The statement is started, and stopped before anything of it is committed: where it is in no
 * transaction it gets one, so that a quick one too can be caught in its middle.
 */
async function stopInside(
  session: Session,
  statement: Statement,
  { transactionId }: Request,
  execution: Execution,
): Promise<never> {
  if (!transactionId) await session.run(new Statement('BEGIN'))
  const running = session.run(statement)
  await Promise.race([running, pause(50)]).catch(() => {})
  if (execution.stop === 'timeout') {
    await cancelUntilEnded(running, session, execution)
    throw new Fatal(timedOut(session.pid))
  }
  await execution.sessions.terminate(session)
  await running.catch(() => {})
  throw new Fatal(killed())
}

/** Postgres forgets a cancel that comes before the statement has begun there. */
async function cancelUntilEnded(
  running: Promise<unknown>,
  session: Session,
  { sessions }: Execution,
): Promise<void> {
  const ended = running.then(
    () => true,
    () => true,
  )
  while (!(await Promise.race([ended, pause(50).then(() => false)])))
    // Where it cannot be asked, the connection that it would cancel is lost too.
    await sessions.cancel(session).catch(() => {})
}

export function killed(): Refusal {
  const message = 'FATAL: terminating connection due to administrator command; SQLState: 57P01'
  return new Refusal('DatabaseErrorException', 400, message)
}

/** What the catalog says of the columns' types, where there are any that are not common. */
async function catalogued(
  session: Session,
  { columns }: Outcome,
): Promise<Map<number, Catalogued>> {
  const rare = (columns ?? []).filter((column) => !typeOf(column, new Map()))
  if (rare.length === 0) return new Map()
  const sql = 'SELECT oid::int8, typname, typtype FROM pg_catalog.pg_type WHERE oid = ANY ($1)'
  const oids = { type: 1028, text: `{${rare.map(({ dataTypeID }) => dataTypeID)}}` }
  const { rows } = await session.run(new Statement(sql, [oids]))
  return new Map(
    rows.map(([oid, name, typtype]) => [Number(oid), { name: name!, typtype: typtype! }]),
  )
}
