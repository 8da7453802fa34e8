import type pg from 'pg'
import type { Bound } from './parameter.ts'
import { Refusal } from './refusal.ts'

/** A column as Postgres describes it. */
export interface Column {
  name: string
  /** OID of its type. */
  dataTypeID: number
  /** What its type is limited to, or -1. */
  dataTypeModifier: number
}

export interface Outcome {
  /** Undefined where the statement gives no rows at all. */
  columns: Column[] | undefined
  rows: (string | null)[][]
  /** Of all rows, those not kept too: 2 for the row, 4 per column, and the text of the values. */
  bytes: number
  /** Of the largest row. */
  rowBytes: number
  /** `INSERT 0 3`, `CREATE TABLE`, … */
  tag: string
}

/** What we use of pg's connection, whose types know no parameter types. */
interface Wire {
  parse(message: { text: string; types: number[] }): void
  bind(message: { values: (string | null)[] }): void
  describe(message: { type: 'P' }): void
  execute(message: object): void
  sync(): void
  sendCopyFail(reason: string): void
}

/**
 * One statement by the extended protocol, with the types of its parameters in Parse, which pg's own
 * Query cannot say. Values come as Postgres writes them, untouched by pg's parsers.
 */
export class Statement implements pg.Submittable {
  readonly done: Promise<Outcome>
  readonly #sql: string
  readonly #parameters: Bound[]
  /** Rows beyond so many bytes are counted, not kept. */
  readonly #keep: number
  readonly #outcome: Outcome = { columns: undefined, rows: [], bytes: 0, rowBytes: 0, tag: '' }
  #refusal: Refusal | undefined
  readonly #copyOut = () => {
    this.#refusal = unexpected('CopyOutResponse')
  }
  #settle!: { resolve(outcome: Outcome): void; reject(error: unknown): void }

  constructor(sql: string, parameters: Bound[] = [], keep = Number.POSITIVE_INFINITY) {
    this.#sql = sql
    this.#parameters = parameters
    this.#keep = keep
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire
    // pg's client does not pass this one on.
    connection.once('copyOutResponse', this.#copyOut)
    connection.stream.cork()
    wire.parse({ text: this.#sql, types: this.#parameters.map(({ type }) => type) })
    wire.bind({ values: this.#parameters.map(({ text }) => text) })
    wire.describe({ type: 'P' })
    wire.execute({})
    wire.sync()
    connection.stream.uncork()
  }

  handleRowDescription({ fields }: { fields: Column[] }): void {
    this.#outcome.columns = fields
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const texts = fields.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0)
    const bytes = 2 + 4 * fields.length + texts
    this.#outcome.bytes += bytes
    this.#outcome.rowBytes = Math.max(this.#outcome.rowBytes, bytes)
    if (this.#outcome.bytes <= this.#keep) this.#outcome.rows.push(fields)
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#outcome.tag = text
  }

  /** COPY … FROM STDIN: there is no way to send rows. */
  handleCopyInResponse(connection: pg.Connection): void {
    const wire = connection as unknown as Wire
    this.#refusal = unexpected('CopyInResponse')
    wire.sendCopyFail(this.#refusal.message)
    // While it copies, Postgres passes over the Sync that came with the statement.
    wire.sync()
  }

  /** COPY … TO STDOUT: what it sends is let go. */
  handleCopyData(): void {}

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleError(error: unknown, connection: pg.Connection): void {
    connection.off('copyOutResponse', this.#copyOut)
    this.#settle.reject(this.#refusal ?? error)
  }

  handleReadyForQuery(connection: pg.Connection): void {
    connection.off('copyOutResponse', this.#copyOut)
    if (this.#refusal) this.#settle.reject(this.#refusal)
    else this.#settle.resolve(this.#outcome)
  }
}

/** As measured on v2, but for the name of the error. */
function unexpected(message: string): Refusal {
  return new Refusal('DatabaseErrorException', 400, `execute: unexpected message: ${message}`)
}
