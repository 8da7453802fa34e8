import type { Readable } from 'node:stream'

/**
 * What the stages ask of a database. Two are one: Postgres by its own protocol (postgres.ts), and
 * Aurora PostgreSQL by the RDS Data API (data-api.ts), where each call is short, its answer small,
 * and a transaction may not idle.
 */
export interface Database {
  /**
   * Whether it fetches rows itself from where the lake's are staged: they must lie there before a
   * transaction begins. Else they are sent to it, as they are judged.
   */
  readonly fetches: boolean
  /** Commits what `work` did, or nothing of it where it throws. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** One statement in a transaction of its own, which may be run twice where an answer is lost. */
  query(sql: string, values?: unknown[]): Promise<Row[]>
  execute(sql: string, values?: unknown[]): Promise<number>
  /** A SELECT whose answer may be of any size: it is held in memory. */
  read(sql: string, values?: unknown[]): Promise<Row[]>
  end(): Promise<void>
}

/**
 * By column name: texts, numbers, booleans, null; of a JSON column its value, of an array an array;
 * a time is a Date or its ISO text.
 */
export type Row = Record<string, unknown>

/**
 * `values` are those of $1, $2, …; of what is no text, integer or boolean, the SQL says the type
 * (`$1::timestamptz`, `$2::text[]`).
 */
export interface Transaction {
  /**
   * Whether one statement may last only for so long: what grows with a table is then done slice by
   * slice (slices.ts).
   */
  readonly isSliced: boolean
  /** A statement with an answer, which is small: a row of 64 KB, all of them 1 MB. */
  query(sql: string, values?: unknown[]): Promise<Row[]>
  /** As of Database. */
  read(sql: string, values?: unknown[]): Promise<Row[]>
  /** Any other statement. @returns how many rows it touched */
  execute(sql: string, values?: unknown[]): Promise<number>
  /** Several statements in one text. */
  script(sql: string): Promise<void>
  /** Waits for a lock that is held until the transaction ends, by one alone or shared by many. */
  lock(what: string, shared?: boolean): Promise<void>
  /** Sends rows, as a CSV without a header. @returns how many the database took */
  copy(into: Target, rows: Readable): Promise<number>
  /** Has the database fetch rows, as such a CSV, from an object of the lake. */
  fetch(into: Target, object: Part): Promise<void>
  /** Runs `work` so that its failure undoes only itself, and throws on. */
  attempt<T>(work: () => Promise<T>): Promise<T>
}

/** A table and those of its columns that the rows have, in their order; all of it quoted. */
export interface Target {
  table: string
  columns: string[]
}

/** An object that the database fetches: a part of the rows. */
export interface Part {
  bucket: string
  key: string
}

/** Locks that are not rows, each by its own number below this one. */
export const LOCKS = 0x51_01ce

/**
 * The database says no to the data themselves (SQLSTATE classes 21, 22, 23 and 54: two rows that
 * are one to it, a value out of range, a constraint that the contract does not know, a limit):
 * trying again cannot help.
 */
export class Unacceptable extends Error {
  override name = 'Unacceptable'
}

/** Whether an SQLSTATE is of those classes. */
export function isOfData(sqlState: string | undefined): boolean {
  return /^(21|22|23|54)/.test(sqlState ?? '')
}
