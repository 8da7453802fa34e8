import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/** One connection of a process' DuckDB for a piece of work. Everything else speaks SQL to it. */
export interface Duck {
  /** Runs one statement; the answer is the number of rows that it wrote, where it wrote any. */
  run(sql: string): Promise<number>
  /** Streams rows as arrays of plain JavaScript values (bigint for BIGINT). */
  rows(sql: string): AsyncIterable<unknown[]>
  all(sql: string): Promise<unknown[][]>
  close(): void
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
  const connection = engine.idle.pop() ?? (await connect(engine))
  return {
    run: (sql) => run(connection, sql),
    rows: (sql) => rows(connection, sql),
    async all(sql) {
      const found: unknown[][] = []
      for await (const row of rows(connection, sql)) found.push(row)
      return found
    },
    close: () => engine.idle.push(connection),
  }
}

function engineFor(bytes: number): Engine {
  const all = process.env.SLUICE_THREADS ?? String(availableParallelism())
  const threads = bytes < SMALL ? '1' : all
  const engine = engines.get(threads) ?? { instance: start(threads), idle: [] }
  engines.set(threads, engine)
  return engine
}

async function connect({ instance }: Engine): Promise<DuckDBConnection> {
  const connection = await (await instance).connect()
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}

/**
 * Memory is bounded by setting, not by the object's size: what does not fit spills to disk.
 * SLUICE_MEMORY is DuckDB's share (default 512MB), SLUICE_THREADS its threads (default: cores) for
 * a large object.
 * Order of rows is nowhere promised, and keeping it costs memory.
 */
async function start(threads: string): Promise<DuckDBInstance> {
  sweepSpills()
  const spill = mkdtempSync(join(tmpdir(), 'sluice-spill-'))
  process.once('exit', () => rmSync(spill, { recursive: true, force: true }))
  return DuckDBInstance.create(':memory:', {
    memory_limit: process.env.SLUICE_MEMORY ?? '512MB',
    threads,
    temp_directory: spill,
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
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

const aboutData = /^(Invalid Input|Conversion|Out of Range|Serialization) Error/

function classified(error: unknown): unknown {
  if (error instanceof Error && aboutData.test(error.message)) {
    return new DataError(error.message, { cause: error })
  }
  if (error instanceof Error && error.message.startsWith('Out of Memory')) {
    const [first] = error.message.split('\n')
    const cure = 'raise SLUICE_MEMORY, or lower SLUICE_THREADS (a wide table needs more of the one)'
    return new Error(`${first}; ${cure}`, { cause: error })
  }
  return error
}
