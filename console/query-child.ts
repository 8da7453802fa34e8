import { rmSync } from 'node:fs'
import { totalmem } from 'node:os'
import { constrainedMemory, memoryUsage } from 'node:process'
import { Refused } from '../core/errors.ts'
import { type Answer, queryLake } from '../core/query/query.ts'
import { openStore } from '../core/store/object-store.ts'

/**
 * `node query-child.ts <folder of its own>`: a process that answers one query, for
 * query-process.ts, which ends it. The rows go as they are asked for.
 */

/** What is asked first; then `more` rows, until the last ones came, or `enough` of them. */
export interface Job {
  /** The lake's URL. */
  lake: string
  sql: string
  /** Characters of a value. */
  cell: number | undefined
  described: string[]
  /** Bytes that this process may have; a share of the machine's where it is not said. */
  memory: number | undefined
}

export type Told =
  | Pick<Answer, 'columns'>
  | { rows: (string | null)[][]; isLast: boolean }
  | { name: string; error: string }

/** Characters of rows that are sent in one piece. */
const PIECE = 1 << 18
/** Bytes: what DuckDB may have, and room for values that it does not count. */
const MOST = 2 ** 31
/** Of what the machine has, or gives to this container. */
const SHARE = 0.6
const LOOK_MS = 50

const [folder] = process.argv.slice(2)

// Whoever asked is gone, and with it whoever would remove this.
process.once('disconnect', () => {
  if (folder) rmSync(folder, { recursive: true, force: true })
  end()
})
process.once('message', (job: Job) => {
  watchMemory(job)
  answer(job).catch((error: unknown) => {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    tell({ name, error: message })
  })
})

async function answer({ lake, sql, cell, described }: Job): Promise<void> {
  // Nothing ends it but the end of this process.
  const limits = { stop: new AbortController().signal, cell, described }
  const send = async ({ columns, rows }: Answer) => {
    const asked = next()
    tell({ columns })
    if ((await asked) === 'enough') return
    await sendRows(rows as AsyncIterable<(string | null)[]>)
  }
  await queryLake(openStore(lake), sql, 'text', send, limits)
  tell({ rows: [], isLast: true })
}

async function sendRows(rows: AsyncIterable<(string | null)[]>): Promise<void> {
  let piece: (string | null)[][] = []
  let size = 0
  for await (const row of rows) {
    piece.push(row)
    size += row.reduce((sum, cell) => sum + (cell?.length ?? 0) + 1, 0)
    if (size < PIECE) continue
    const asked = next()
    tell({ rows: piece, isLast: false })
    ;[piece, size] = [[], 0]
    if ((await asked) === 'enough') return
  }
  const asked = next()
  tell({ rows: piece, isLast: false })
  await asked
}

function next(): Promise<'more' | 'enough'> {
  return new Promise((resolve) => process.once('message', resolve))
}

function tell(told: Told): void {
  process.send?.(told)
}

/** DuckDB does not count one huge value: repeat('x', 1000000000), range(1000000000). */
function watchMemory({ memory }: Job): void {
  const most = memory ?? Math.min(MOST, SHARE * (constrainedMemory() || totalmem()))
  setInterval(() => {
    if (memoryUsage.rss() <= most) return
    const mebibytes = Math.round(most / 2 ** 20).toLocaleString('en')
    const cure = 'ask for smaller values, or less of them, or ask it on a terminal: `sluice query`'
    const { name, message } = new Refused(
      `the query took more than ${mebibytes} MiB of memory and was ended: ${cure}`,
    )
    process.send?.({ name, error: message }, end)
  }, LOOK_MS).unref()
}

/** At once: an orderly exit would wait for what DuckDB is at. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
}
