import { type Column, openPrivateDuck, type PrivateDuck, type Statement } from './duckdb.ts'
import { Refused } from './errors.ts'
import { literal } from './names.ts'
import type { ObjectStore } from './object-store.ts'
import { Pinned } from './pinned.ts'
import { createViews, type Views } from './views.ts'

/** What a query answers. */
export interface Answer {
  columns: Column[]
  /** To be read once, before `use` ends. */
  rows: AsyncIterable<unknown[]>
}

/** `text`: every value as DuckDB writes it, or null. `json`: as `Statement.rows` has it. */
export type Form = 'text' | 'json'

/**
 * Answers one SELECT over the views of a lake (views.ts), all of which are of one state of it.
 * Nothing can be written by it, and no other file be read.
 *
 * @param use reads the answer; what it returns is returned
 * @throws Refused for any other statement, and for what DuckDB finds wrong with this one
 * @throws Busy where the lake changed meanwhile: ask again
 */
export async function queryLake<T>(
  store: ObjectStore,
  sql: string,
  form: Form,
  use: (answer: Answer) => Promise<T>,
): Promise<T> {
  const duck = await openPrivateDuck()
  const files = new Pinned(store)
  let views: Views | undefined
  try {
    views = await createViews(duck, store, files, sql)
    await lock(duck, await files.all())
    const statement = await selectOnly(duck, sql)
    const rows = form === 'json' ? statement.rows() : await textRows(duck, sql, statement)
    const result = await use({ columns: statement.columns, rows })
    await files.verify()
    return result
  } catch (error) {
    if (error instanceof Error) error.message = files.named(error.message)
    throw explained(error, views)
  } finally {
    duck.close()
    await files.release()
  }
}

/**
 * What the views need can be read, and nothing else, and no query can undo that. Files are allowed
 * one by one: DuckDB's log could be written into a folder that is allowed.
 */
async function lock(duck: PrivateDuck, paths: string[]): Promise<void> {
  await duck.run(`SET allowed_paths = [${paths.map(literal).join(', ')}]`)
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
async function textRows(duck: PrivateDuck, sql: string, statement: Statement) {
  const names = statement.columns.map((_, i) => `c${i}`)
  const texts = names.map((name) => `${name}::VARCHAR`).join(', ')
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
  const isUnknown = /^Catalog Error: Table with name/.test(said)
  const there = isUnknown ? [`There is: ${views.names.join(', ')}.`] : []
  const missing = isUnknown ? views.broken().map((why) => `Not to be used: ${why}`) : []
  return new Refused([said, ...there, ...missing].join('\n'), { cause: error })
}
