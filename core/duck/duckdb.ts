import { mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import {
  type DuckDBConnection,
  type DuckDBInstance,
  type Json,
  StatementType,
} from '@duckdb/node-api'
import accessors from '@duckdb/node-api/lib/vectors/dataAccessors.js'
import { WIDE } from '../limit.ts'
import { connect, createInstance } from './duckdb-instance.ts'
import { toJson } from './duckdb-json.ts'
import { makeSpill } from './duckdb-settings.ts'

// Its own decoder takes U+FEFF at the beginning of a text for a mark of the encoding, and away.
Object.assign(accessors, { textDecoder: new TextDecoder('utf-8', { ignoreBOM: true }) })

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
  /** Ends what runs now; rows that are streamed end as if they were all, or with an error. */
  interrupt(): void
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

type Engine = { instance: Promise<DuckDBInstance>; idle: DuckDBConnection[]; spill: string }
const engines = new Map<string, Engine>()

/**
 * @param bytes of the object, and the columns of its table, for the choice of the engine
 * @returns a connection; what it leaves behind (temporary tables) is its user's to drop
 */
export async function openDuck(bytes = Number.POSITIVE_INFINITY, columns = 0): Promise<Duck> {
  // By one thread, and one at a time.
  if (columns > WIDE) return openAlone()
  const engine = engineFor(bytes < SMALL ? '1' : allThreads())
  // After a day without a spill, another process that came may have swept it away.
  mkdirSync(engine.spill, { recursive: true })
  const connection = engine.idle.pop() ?? (await connect(await engine.instance))
  return { ...duckOver(connection), close: () => engine.idle.push(connection) }
}

/** The end of whoever has the engine of wide tables, or waits for it. */
let alone: Promise<void> = Promise.resolve()

async function openAlone(): Promise<Duck> {
  const before = alone
  const { promise, resolve } = Promise.withResolvers<void>()
  alone = promise
  await before
  let duck: PrivateDuck | undefined
  try {
    duck = await openPrivateDuck('1')
    const { close: end, ...own } = duck
    // What looks for expressions that stand twice takes the square of the columns: 8 s of 5,000.
    await duck.run("SET disabled_optimizers = 'common_subexpressions'")
    // Rows of a partition gather until they are so many: a folder of Hive takes a file the more.
    await duck.run('SET partitioned_write_flush_threshold = 2048')
    await duck.run('SET partitioned_write_max_open_files = 4')
    const close = () => {
      try {
        end()
      } finally {
        resolve()
      }
    }
    return { ...own, close }
  } catch (error) {
    resolve()
    duck?.close()
    throw error
  }
}

/** Memory and threads are those of a large object, on top of what the process' own DuckDB has. */
export async function openPrivateDuck(threads = allThreads()): Promise<PrivateDuck> {
  const spill = makeSpill()
  const remove = () => rmSync(spill, { recursive: true, force: true })
  const opened = createInstance(threads, spill).then(async (instance) => {
    return { instance, connection: await connect(instance) }
  })
  opened.catch(remove)
  const { instance, connection } = await opened
  return {
    ...duckOver(connection),
    prepare: (sql) => prepare(connection, sql),
    interrupt: () => connection.interrupt(),
    close() {
      connection.closeSync()
      instance.closeSync()
      remove()
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

const allThreads = () => process.env.SLUICE_THREADS ?? String(availableParallelism())

function engineFor(threads: string): Engine {
  const known = engines.get(threads)
  if (known) return known
  const spill = makeSpill()
  process.once('exit', () => rmSync(spill, { recursive: true, force: true }))
  const engine: Engine = { instance: createInstance(threads, spill), idle: [], spill }
  // One that could not start (a full disk) is tried anew for the next object.
  engine.instance.catch(() => engines.delete(threads))
  engines.set(threads, engine)
  return engine
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
