import type {
  ExecuteStatementCommandOutput,
  Field,
  RDSDataClient,
  RDSDataClientConfig,
} from '@aws-sdk/client-rds-data'
import { Busy } from '../errors.ts'
import { parameterOf, withNames } from './data-api-sql.ts'
import { isOfData, Unacceptable } from './database.ts'

/** Calls of the Data API: which of them are tried again, and what their errors mean. */

export interface DataApiPlace {
  /** ARN of the Aurora cluster. */
  cluster: string
  /** ARN of the secret with user and password. */
  secret: string
  /** Of the database. */
  name: string
  /** Of an emulator, which is sent no credentials; else AWS, or what the environment says. */
  endpoint?: string
}

export interface Answer {
  records: unknown[][]
  /** Rows that the statement touched. */
  touched: number
}

/** A call lasts 45 s at most; one that is not answered for longer has been lost. */
const requestHandler = {
  connectionTimeout: 5_000,
  requestTimeout: 60_000,
  throwOnRequestTimeout: true,
}

export class DataApiClient {
  readonly #place: DataApiPlace
  #loaded: Promise<Sdk> | undefined

  constructor(place: DataApiPlace) {
    this.#place = place
  }

  /** @returns the transaction's id */
  async begin(): Promise<string> {
    const { sdk, patient } = await this.#sdk()
    const asked = new sdk.BeginTransactionCommand({
      ...this.#cluster(),
      database: this.#place.name,
    })
    // One that sleeps was seen to answer so, too: https://github.com/gurenjs/guren/issues/401
    const again = (fault: Error) => {
      if (fault.name !== 'StatementTimeoutException') throw fault
      return patient.send(asked)
    }
    const { transactionId } = await patient.send(asked).catch(again).catch(told)
    return transactionId!
  }

  /**
   * Runs one statement.
   *
   * @param values of $1, $2, …
   * @param transactionId without it the statement is a transaction of its own, and is run again
   *   where its answer is lost; within one it is not, as nobody knows whether it was done
   */
  async run(sql: string, values: unknown[] = [], transactionId?: string): Promise<Answer> {
    const { sdk, patient, careful } = await this.#sdk()
    const asked = new sdk.ExecuteStatementCommand({
      ...this.#cluster(),
      database: this.#place.name,
      sql: withNames(sql),
      parameters: values.map(parameterOf),
      transactionId,
    })
    return answerIn(await (transactionId ? careful : patient).send(asked).catch(told))
  }

  async commit(transactionId: string): Promise<void> {
    const { sdk, careful } = await this.#sdk()
    const asked = new sdk.CommitTransactionCommand({ ...this.#cluster(), transactionId })
    await careful.send(asked).catch(told)
  }

  async rollback(transactionId: string): Promise<void> {
    const { sdk, patient } = await this.#sdk()
    await patient.send(new sdk.RollbackTransactionCommand({ ...this.#cluster(), transactionId }))
  }

  /** Of the database, and so of the bucket that it fetches from. */
  async region(): Promise<string> {
    return (await this.#sdk()).patient.config.region()
  }

  async end(): Promise<void> {
    const loaded = await this.#loaded?.catch(() => undefined)
    loaded?.patient.destroy()
    loaded?.careful.destroy()
  }

  #cluster() {
    return { resourceArn: this.#place.cluster, secretArn: this.#place.secret }
  }

  /** Loaded at its first use: whose database is another does not pay for it. */
  #sdk(): Promise<Sdk> {
    this.#loaded ??= load(this.#place)
    return this.#loaded
  }
}

interface Sdk {
  sdk: typeof import('@aws-sdk/client-rds-data')
  /** Of calls that may be done twice. */
  patient: RDSDataClient
  /** Of those that may not. */
  careful: RDSDataClient
}

async function load({ endpoint, cluster }: DataApiPlace): Promise<Sdk> {
  const sdk = await import('@aws-sdk/client-rds-data')
  // arn:aws:rds:<region>:<account>:cluster:<name>
  const region = cluster.split(':')[3]
  const settings: RDSDataClientConfig = {
    requestHandler,
    ...(region && { region }),
    ...(endpoint && {
      endpoint,
      credentials: { accessKeyId: 'sluice', secretAccessKey: 'sluice' },
    }),
  }
  const client = (isSafe: (fault: Fault) => boolean) =>
    new sdk.RDSDataClient({ ...settings, retryStrategy: retriesWhere(isSafe) })
  return {
    sdk,
    patient: client(({ errorType, error }) => errorType !== 'CLIENT_ERROR' || wasNotDone(error)),
    careful: client(({ errorType, error }) => errorType === 'THROTTLING' || wasNotDone(error)),
  }
}

interface Fault {
  error?: unknown
  errorType: string
}

/** The database was asleep, and wakes now; or nobody was there to ask. */
function wasNotDone(error: unknown): boolean {
  const { name, code } = error as NodeJS.ErrnoException
  return name === 'DatabaseResumingException' || code === 'ECONNREFUSED' || code === 'ENOTFOUND'
}

/**
 * Some 80 s in all: a database that slept for less than a day wakes in 15 s, else in 30 s or more:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
 */
const attempts = 20
const firstWaitMs = 200
const longestWaitMs = 5_000

function retriesWhere(
  isSafe: (fault: Fault) => boolean,
): NonNullable<RDSDataClientConfig['retryStrategy']> {
  return {
    acquireInitialRetryToken: async () => tokenOf(0),
    async refreshRetryTokenForRetry(token, fault) {
      const count = token.getRetryCount() + 1
      if (!isSafe(fault) || count === attempts) throw new Error('no further attempt')
      return tokenOf(count)
    },
    recordSuccess: () => {},
  }
}

/** Jittered by half: a database that wakes is soon there. */
function tokenOf(count: number) {
  const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** (count - 1))
  const delay = count === 0 ? 0 : wait * (0.5 + Math.random() / 2)
  return { getRetryCount: () => count, getRetryDelay: () => delay }
}

function answerIn({ records, numberOfRecordsUpdated }: ExecuteStatementCommandOutput): Answer {
  return {
    records: (records ?? []).map((row) => row.map(valueIn)),
    touched: numberOfRecordsUpdated ?? 0,
  }
}

/** Of texts and booleans alone: all else comes as JSON. */
function valueIn(field: Field): unknown {
  return field.stringValue ?? field.booleanValue ?? null
}

/** The SQLSTATE of a lock that was waited for too long. */
const LOCKED = '55P03'

/**
 * Postgres' own errors, as they are known from its protocol.
 *
 * @throws Unacceptable, Busy, or the error with its SQLSTATE as `code`; any other as it comes
 */
function told(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'DatabaseErrorException') throw error
  const { message, code } = parseMessage(error.message)
  if (isOfData(code)) throw new Unacceptable(message, { cause: error })
  if (code === LOCKED) throw new Busy(`another load holds it: ${message}`, { cause: error })
  throw Object.assign(new Error(message, { cause: error }), { code })
}

/** `ERROR: no such thing; Hint: look; Position: 8; SQLState: 42883` → `no such thing`, 42883 */
function parseMessage(text: string): { message: string; code: string | undefined } {
  const [, told = text, code] = /^(.*); SQLState: (\w{5})\s*$/s.exec(text) ?? []
  const message = told.replace(/^[A-Z]+: /, '').replace(/(; (Hint|Position): .*)+$/s, '')
  return { message, code }
}
