import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBTypeId,
  type DuckDBValueConverter,
  type Json,
  JsonDuckDBValueConverter,
  StatementType,
} from '@duckdb/node-api'

/** One connection of a process' DuckDB for a piece of work. Everything else speaks SQL to it. */
export interface Duck {
  /** Runs one statement; the answer is the number of rows that it wrote, where it wrote any. */
  run(sql: string): Promise<number>
  /** Streams rows as arrays of plain JavaScript values (bigint for BIGINT). */
  rows(sql: string): AsyncIterable<unknown[]>
  all(sql: string): Promise<unknown[][]>
  close(): void
}

/** A DuckDB of its own, whose settings and tables nobody shares; all of it ends with `close`. */
export interface PrivateDuck extends Duck {
  /** Parses and binds, and runs nothing. */
  prepare(sql: string): Promise<Statement>
}

export interface Statement {
  /** How many statements the text has; of several, nothing else is told. */
  count: number
  /** DuckDB's word for what it does: SELECT for all that only reads, EXPLAIN, COPY, SET, … */
  kind: string
  /** How many values are left open, as `$1`; with any, there are no columns. */
  parameters: number
  columns: Column[]
  /**
   * Streams the rows as JSON has them: integers up to 2^53 as numbers, larger ones and decimals as
   * text (both exact), timestamps as ISO 8601, lists as arrays, structs as objects, maps as arrays
   * of `{key, value}`; NaN, infinities and all else as DuckDB writes it.
   */
  rows(): AsyncIterable<Json[]>
}

export interface Column {
  name: string
  type: string
}

/** DuckDB says that the data are not what the statement expects; anything else is a fault. */
export class DataError extends Error {
  override name = 'DataError'
}

/** Objects of fewer bytes are done by one thread each, several at once. */
const SMALL = 4 << 20

type Engine = { instance: Promise<DuckDBInstance>; idle: DuckDBConnection[] }
const engines = new Map<string, Engine>()

/**
 * @param bytes of the object, for the choice of the engine
 * @returns a connection; what it leaves behind (temporary tables) is its user's to drop
 */
export async function openDuck(bytes = Number.POSITIVE_INFINITY): Promise<Duck> {
  const engine = engineFor(bytes)
  const connection = engine.idle.pop() ?? (await connect(await engine.instance))
  return { ...duckOver(connection), close: () => engine.idle.push(connection) }
}

/** Memory and threads are those of a large object, on top of what the process' own DuckDB has. */
export async function openPrivateDuck(): Promise<PrivateDuck> {
  const spill = makeSpill()
  const instance = await DuckDBInstance.create(':memory:', settings(allThreads(), spill))
  const connection = await connect(instance)
  return {
    ...duckOver(connection),
    prepare: (sql) => prepare(connection, sql),
    close() {
      connection.closeSync()
      instance.closeSync()
      rmSync(spill, { recursive: true, force: true })
    },
  }
}

function duckOver(connection: DuckDBConnection): Omit<Duck, 'close'> {
  return {
    run: (sql) => run(connection, sql),
    rows: (sql) => rows(connection, sql),
    all: (sql) => all(connection, sql),
  }
}

function allThreads(): string {
  return process.env.SLUICE_THREADS ?? String(availableParallelism())
}

function engineFor(bytes: number): Engine {
  const threads = bytes < SMALL ? '1' : allThreads()
  const known = engines.get(threads)
  if (known) return known
  const engine: Engine = { instance: start(threads), idle: [] }
  // One that could not start (a full disk) is tried anew for the next object.
  engine.instance.catch(() => engines.delete(threads))
  engines.set(threads, engine)
  return engine
}

async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}

/**
 * Memory is bounded by setting, not by the object's size: what does not fit spills to disk.
 * SLUICE_MEMORY is DuckDB's share (default 512MB), SLUICE_THREADS its threads (default: cores) for
 * a large object.
 * Order of rows is nowhere promised, and keeping it costs memory.
 */
function settings(threads: string, spill: string): Record<string, string> {
  return {
    memory_limit: process.env.SLUICE_MEMORY ?? '512MB',
    threads,
    temp_directory: spill,
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
}

async function start(threads: string): Promise<DuckDBInstance> {
  const spill = makeSpill()
  process.once('exit', () => rmSync(spill, { recursive: true, force: true }))
  return DuckDBInstance.create(':memory:', settings(threads, spill))
}

function makeSpill(): string {
  sweepSpills()
  return mkdtempSync(join(tmpdir(), 'sluice-spill-'))
}

/** What killed processes left; of a living one, none has been idle for a day. */
function sweepSpills(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith('sluice-spill-')) continue
    const path = join(tmpdir(), name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat && Date.now() - stat.mtimeMs > 86_400_000)
      rmSync(path, { recursive: true, force: true })
  }
}

async function run(connection: DuckDBConnection, sql: string): Promise<number> {
  try {
    const result = await connection.run(sql)
    return Number(result.rowsChanged)
  } catch (error) {
    throw classified(error)
  }
}

/** Not by a stream: several may be asked of one connection at once, and each gets its rows. */
async function all(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  try {
    return (await connection.runAndReadAll(sql)).convertRows((value) => value)
  } catch (error) {
    throw classified(error)
  }
}

async function* rows(connection: DuckDBConnection, sql: string): AsyncIterable<unknown[]> {
  try {
    const result = await connection.stream(sql)
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      yield* chunk.convertRows((value) => value)
    }
  } catch (error) {
    throw classified(error)
  }
}

async function prepare(connection: DuckDBConnection, sql: string): Promise<Statement> {
  const found = await connection.extractStatements(sql)
  const { count } = found
  const nothing = { count, kind: '', parameters: 0, columns: [], rows: async function* () {} }
  if (count !== 1) return nothing
  const prepared = await found.prepare(0)
  const parameters = prepared.parameterCount
  const columns = Array.from({ length: parameters > 0 ? 0 : prepared.columnCount }, (_, i) => {
    return { name: prepared.columnName(i), type: prepared.columnType(i).toString() }
  })
  const kind = StatementType[prepared.statementType]
  return {
    ...{ count, kind, parameters, columns },
    async *rows() {
      try {
        const result = await prepared.stream()
        for await (const chunk of result) yield* chunk.convertRows(toJson)
      } catch (error) {
        throw classified(error)
      }
    },
  }
}

const { BIGINT, UBIGINT, HUGEINT, UHUGEINT, BIGNUM, INTERVAL, ...ids } = DuckDBTypeId
const wholes: number[] = [BIGINT, UBIGINT, HUGEINT, UHUGEINT, BIGNUM]
const { TIMESTAMP, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS, TIMESTAMP_TZ } = ids
const instants: number[] = [TIMESTAMP, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS, TIMESTAMP_TZ]

const toJson: DuckDBValueConverter<Json> = (value, type, converter) => {
  const { typeId } = type
  if (value === null) return null
  if (wholes.includes(typeId)) {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  }
  if (instants.includes(typeId)) {
    return String(value)
      .replace(/^([\d-]+) /, '$1T')
      .replace(/\+00$/, 'Z')
  }
  if (typeId === INTERVAL) return String(value)
  return JsonDuckDBValueConverter(value, type, converter)
}

const dead = /^FATAL Error|database has been invalidated/
const aboutData = /^(Invalid Input|Conversion|Out of Range|Serialization) Error/

function classified(error: unknown): unknown {
  if (error instanceof Error && aboutData.test(error.message)) {
    return new DataError(error.message, { cause: error })
  }
  // DuckDB answers nothing any more after such an error: the next object gets another.
  if (error instanceof Error && dead.test(error.message)) engines.clear()
  if (error instanceof Error && error.message.startsWith('Out of Memory')) {
    const [first] = error.message.split('\n')
    const cure = 'raise SLUICE_MEMORY, or lower SLUICE_THREADS (a wide table needs more of the one)'
    return new Error(`${first}; ${cure}`, { cause: error })
  }
  return error
}
