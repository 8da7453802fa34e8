import { execFile } from 'node:child_process'
import {
  closeSync,
  constants,
  createReadStream,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { Duck } from '../duck/duckdb.ts'
import { literal } from '../names.ts'
import type { Target, Transaction } from './database.ts'

/** Below it, a file costs less than a pipe. */
const SMALL = 4 << 20

/**
 * Rows from DuckDB into a table of Postgres. A large object goes through a named pipe: DuckDB
 * writes while Postgres reads, each on its own core, and neither disk nor memory grows with it.
 *
 * @param select DuckDB's SQL of the rows
 * @param into the columns in the order of the SELECT
 * @param folder where the pipe or file may stand
 * @param bytes the object's size, to choose between the two
 * @returns the number of rows, which both sides must agree on
 */
export async function load(
  duck: Duck,
  select: string,
  tx: Transaction,
  into: Target,
  folder: string,
  bytes: number,
): Promise<number> {
  // An object may be loaded twice, and its rejects after it: never over a pipe that is still there,
  // on which a writer without a reader would wait for ever.
  const path = join(folder, `rows-${++loads}.csv`)
  const write = () => duck.run(`COPY (${select}) TO ${literal(path)} (FORMAT csv, HEADER false)`)
  const piped = bytes >= SMALL && process.platform === 'linux' && (await makePipe(path))
  try {
    const through = piped ? throughPipe : throughFile
    const written = await through(path, write, tx, into)
    if (written.sent === written.copied) return written.copied
    throw new Error(`DuckDB sent ${written.sent} rows, but Postgres took ${written.copied}`)
  } finally {
    rmSync(path, { force: true })
  }
}

let loads = 0

/** So many bytes are read at once; a stream of them would cost more. */
const FEW = 1 << 20

type Written = { sent: number; copied: number }

async function throughFile(
  path: string,
  write: () => Promise<number>,
  tx: Transaction,
  into: Target,
): Promise<Written> {
  const sent = await write()
  return { sent, copied: sent === 0 ? 0 : await tx.copy(into, readerOf(path)) }
}

function readerOf(path: string): Readable {
  if (statSync(path).size > FEW) return createReadStream(path)
  return Readable.from([readFileSync(path)])
}

/**
 * The reader is there first, and does not block; when either side fails, the other one ends. What
 * DuckDB has still to say then goes to a second reader: it would wait for ever to open a pipe that
 * nobody reads.
 */
async function throughPipe(
  path: string,
  write: () => Promise<number>,
  tx: Transaction,
  into: Target,
): Promise<Written> {
  const reader = new Socket({ fd: openReader(path), readable: true, writable: false })
  const spare = openReader(path)
  let drain: Socket | undefined
  const sending = write().catch((error: unknown) => {
    reader.destroy(error as Error)
    throw error
  })
  const copying = tx.copy(into, reader).catch((error: unknown) => {
    drain = new Socket({ fd: spare, readable: true, writable: false }).resume()
    throw error
  })
  const [sent, copied] = await Promise.allSettled([sending, copying])
  reader.destroy()
  if (drain) drain.destroy()
  else closeSync(spare)
  if (sent.status === 'fulfilled' && copied.status === 'fulfilled') {
    return { sent: sent.value, copied: copied.value }
  }
  throw firstCause(sent, copied)
}

function openReader(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
}

/** A side that only noticed that the other had gone is not the cause. */
function firstCause(sent: PromiseSettledResult<number>, copied: PromiseSettledResult<number>) {
  if (sent.status === 'fulfilled') return (copied as PromiseRejectedResult).reason
  if (copied.status === 'fulfilled') return sent.reason
  return /broken pipe/i.test(String(sent.reason)) ? copied.reason : sent.reason
}

const run = promisify(execFile)

/** Where there is no mkfifo, the rows go through a file. */
async function makePipe(path: string): Promise<boolean> {
  try {
    await run('mkfifo', ['-m', '600', path])
    return true
  } catch {
    return false
  }
}
