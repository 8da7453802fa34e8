import { type Column, openPrivateDuck, type PrivateDuck, type Statement } from '../duck/duckdb.ts'
import { Refused } from '../errors.ts'
import { fileLiteral, literal } from '../names.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { Pinned } from '../store/pinned.ts'
import { createViews, type Views } from './views.ts'

/** What a query answers. */
export interface Answer {
  columns: Column[]
  /** To be read once, before `use` ends. */
  rows: AsyncIterable<unknown[]>
}

/** `text`: every value as DuckDB writes it, or null. `json`: as `Statement.rows` has it. */
export type Form = 'text' | 'json'

/** What a query is held to that somebody asks from elsewhere. */
export interface Limits {
  /** Ends the query, wherever it is; what is thrown then is the signal's reason. */
  stop: AbortSignal
  /** Characters of a text: what is cut ends with `…`. */
  cell?: number | undefined
  /** Folders with a descriptor, where they are known: else the lake is listed for them. */
  described?: string[] | undefined
}

/**
 * Answers one SELECT over the views of a lake (views.ts), all of which are of one state of it.
 * Nothing can be written by it, and no other file be read.
 *
 * @param use reads the answer; what it returns is returned
 * @param limits of one that somebody else asks, who is told no path of this machine, either
 * @throws Refused for any other statement, and for what DuckDB finds wrong with this one
 * @throws Busy where the lake changed meanwhile: ask again
 */
export async function queryLake<T>(
  store: ObjectStore,
  asked: string,
  form: Form,
  use: (answer: Answer) => Promise<T>,
  limits?: Limits,
): Promise<T> {
  // The schema that DuckDB would list has no table: those of a lake have their package's.
  const sql = asked.replace(/^\s*SHOW\s+TABLES\s*;?\s*$/i, 'SHOW ALL TABLES')
  const duck = await openPrivateDuck()
  const files = new Pinned(store, limits?.stop)
  const unheld = limits && endedBy(limits.stop, duck)
  let views: Views | undefined
  try {
    views = await createViews(duck, store, files, sql, limits?.described)
    await lock(duck, await files.all())
    const statement = await selectOnly(duck, sql)
    const whole = form === 'json' ? statement.rows() : await textRows(duck, sql, statement, limits)
    const isPlan = statement.kind === 'EXPLAIN'
    const rows = limits ? held(whole, limits, await wording(duck, files, isPlan)) : whole
    const result = await use({ columns: statement.columns, rows })
    await files.verify()
    return result
  } catch (error) {
    if (limits?.stop.aborted) throw limits.stop.reason
    if (error instanceof Error) error.message = files.named(error.message)
    throw explained(error, views)
  } finally {
    unheld?.()
    duck.close()
    await files.release()
  }
}

/** Milliseconds: DuckDB forgets an interrupt that comes when no statement runs, so more follow. */
const AGAIN = 20

/** @returns what must be called when the query has ended */
function endedBy(stop: AbortSignal, duck: PrivateDuck): () => void {
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    duck.interrupt()
    timer = setInterval(() => duck.interrupt(), AGAIN)
  }
  if (stop.aborted) begin()
  else stop.addEventListener('abort', begin)
  return () => {
    stop.removeEventListener('abort', begin)
    clearInterval(timer)
  }
}

/** Texts that are not too long, and tell of the lake's keys; all of them, or the stop's reason. */
async function* held(
  rows: AsyncIterable<unknown[]>,
  { stop, cell = Number.POSITIVE_INFINITY }: Limits,
  worded: (text: string) => string,
): AsyncIterable<unknown[]> {
  for await (const row of rows) {
    stop.throwIfAborted()
    yield row.map((value) => {
      if (typeof value !== 'string') return value
      const text = worded(value)
      return text.length > cell ? `${text.slice(0, cell).toWellFormed()}…` : text
    })
  }
  // Rows that are streamed end early without an error.
  stop.throwIfAborted()
}

/** DuckDB tells of its settings, its views and its plans where its files are, also to a query. */
async function wording(
  duck: PrivateDuck,
  files: Pinned,
  isPlan: boolean,
): Promise<(text: string) => string> {
  const [[spill] = []] = await duck.all("SELECT current_setting('temp_directory')")
  const hidden = String(spill)
  const known = (await files.all()).join('\n')
  const named = (text: string) => files.named(text).replaceAll(hidden, 'spill')
  return isPlan ? (text) => withoutPieces(named(text), known) : named
}

/** A path is longer than the box of a plan is wide: it stands there in pieces, a line each. */
function withoutPieces(plan: string, paths: string): string {
  const isPiece = (text: string) =>
    (text.includes('/') || text.length >= PIECE) && paths.includes(text)
  return plan.replace(/[^│\n]+/g, (line) => {
    return line.trim().split(/,\s*/).some(isPiece) ? ' '.repeat(line.length) : line
  })
}

/** Characters of the name of a folder that is broken itself; shorter ones are words of the plan. */
const PIECE = 8

/**
 * What the views need can be read, and nothing else, and no query can undo that. Files are allowed
 * one by one: DuckDB's log could be written into a folder that is allowed.
 */
async function lock(duck: PrivateDuck, paths: string[]): Promise<void> {
  // What is told where something would lie at home, though nothing is ever looked for there.
  await duck.run("SET home_directory = '/'")
  await duck.run("SET secret_directory = '/'")
  // A path is looked at as it is asked for, and as it is opened.
  const both = paths.flatMap((path) => [fileLiteral(path), literal(path)])
  await duck.run(`SET allowed_paths = [${both.join(', ')}]`)
  await duck.run('SET enable_external_access = false')
  await duck.run('SET lock_configuration = true')
}

/** DuckDB itself says what a statement is: no list of words would be complete. */
async function selectOnly(duck: PrivateDuck, sql: string): Promise<Statement> {
  const statement = await prepare(duck, sql)
  const { count, kind, parameters } = statement
  if (count !== 1) throw notAllowed(`${count} statements (a PIVOT without IN (…) is two)`)
  if (parameters > 0) throw notAllowed('a parameter ($1, ?) without a value')
  if (kind === 'SELECT') return statement
  // EXPLAIN ANALYZE runs what it explains: a COPY would write over a file that may be read.
  const [, inner] = /^\s*EXPLAIN\s+(?:ANALYZE\s+)?(.*)$/is.exec(sql) ?? []
  if (kind !== 'EXPLAIN' || inner === undefined) throw notAllowed(kind)
  const explained = await prepare(duck, inner).catch(() => undefined)
  if (explained?.count !== 1 || explained.kind !== 'SELECT') throw notAllowed('another EXPLAIN')
  return statement
}

async function prepare(duck: PrivateDuck, sql: string): Promise<Statement> {
  try {
    return await duck.prepare(sql)
  } catch (error) {
    // What the package says of a text without any statement.
    const isEmpty = error instanceof Error && error.message === 'Error in native callback'
    if (isEmpty) throw notAllowed('no statement')
    // DuckDB would say only why this one does not write.
    const [, writes] = /^\s*(INSERT|UPDATE|DELETE|MERGE|COPY|EXPORT)\b/i.exec(sql) ?? []
    throw writes ? notAllowed(writes.toUpperCase()) : error
  }
}

function notAllowed(found: string): Refused {
  return new Refused(
    `found ${found}; allowed: one statement that only reads: SELECT, FROM, WITH, VALUES, ` +
      'PIVOT … IN, DESCRIBE, SUMMARIZE, SHOW ALL TABLES, or EXPLAIN [ANALYZE] of such a one',
  )
}

/** What no subquery can be (EXPLAIN) is told in JSON's texts. */
async function textRows(duck: PrivateDuck, sql: string, statement: Statement, limits?: Limits) {
  const names = statement.columns.map((_, i) => `c${i}`)
  // One character more than is shown tells that there is more.
  const text = (name: string) =>
    limits?.cell ? `left(${name}::VARCHAR, ${limits.cell + 1})` : `${name}::VARCHAR`
  const texts = names.map(text).join(', ')
  const whole = `SELECT ${texts} FROM (\n${sql.replace(/[;\s]+$/, '')}\n) AS answer(${names})`
  const wrapped = await prepare(duck, whole).catch(() => undefined)
  return wrapped?.kind === 'SELECT' ? wrapped.rows() : plainTexts(statement.rows())
}

async function* plainTexts(rows: AsyncIterable<unknown[]>): AsyncIterable<(string | null)[]> {
  for await (const row of rows) {
    yield row.map((value) => {
      return typeof value === 'string' || value === null ? value : JSON.stringify(value)
    })
  }
}

const saidByDuck = /^(?:Failed to extract statements: )?(([A-Z][a-z]*[ ]?)+ Error: .*)$/s
const faults = /^(IO|Out of Memory|INTERNAL|FATAL|Interrupt|Network|HTTP)/

/** A fault of the statement is its author's: told with what there is. Others stay as they are. */
function explained(error: unknown, views: Views | undefined): unknown {
  if (!(error instanceof Error) || error instanceof Refused || !views) return error
  const [, said] = saidByDuck.exec(error.message) ?? []
  if (said === undefined || faults.test(said)) return error
  const isUnknown = /^(Catalog Error: Table with name|Binder Error: Catalog ")/.test(said)
  const there = isUnknown ? [`There is: ${views.names.join(', ') || 'no table yet'}.`] : []
  const missing = isUnknown ? views.broken().map((why) => `Not to be used: ${why}`) : []
  const told = isUnknown ? withoutOthers(said, views.names) : said
  return new Refused([told, ...there, ...missing].join('\n'), { cause: error })
}

/** DuckDB finds tables of its own near, too: nobody who asks a lake means `pg_sequences`. */
function withoutOthers(said: string, names: string[]): string {
  const isOurs = (near: string) => names.some((name) => `.${name}`.endsWith(`.${near}`))
  return said.replace(/\nDid you mean "(.*)"\?(?=\n|$)/, (line, near: string) => {
    return near.split(' or ').some(isOurs) ? line : ''
  })
}
