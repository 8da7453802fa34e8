import { Refused } from '../core/errors.ts'
import { answerLine } from '../core/query/answer-csv.ts'
import type { Answer } from '../core/query/query.ts'
import type { QueryAnswer } from './shapes.ts'

/** Bytes of one answer, which is held in memory, here and by the page. */
const LARGEST = 8_000_000

/** As much of an answer as is to be shown; `cut` where there is more. */
export async function answerOf(found: Answer, limit: number): Promise<QueryAnswer> {
  const began = performance.now()
  const rows: (string | null)[][] = []
  let size = 0
  let cut = false
  for await (const row of found.rows) {
    const cells = row as (string | null)[]
    size += sizeOf(cells)
    cut = rows.length === limit || size > LARGEST
    if (cut) break
    rows.push(cells)
  }
  const seconds = (performance.now() - began) / 1_000
  return { columns: found.columns, rows, cut, seconds }
}

/** In JSON, each with its quotes and a comma. */
function sizeOf(cells: (string | null)[]): number {
  return cells.reduce((sum, cell) => sum + (cell === null ? 4 : Buffer.byteLength(cell)) + 3, 2)
}

/**
 * The whole of an answer, with a header.
 *
 * @throws Refused where that is more than is sent: a part of it would be taken for the whole
 */
export async function csvOf({ columns, rows }: Answer): Promise<string> {
  const lines = [answerLine(columns.map(({ name }) => name))]
  let size = 0
  for await (const row of rows) {
    const line = answerLine(row)
    size += Buffer.byteLength(line)
    if (size > LARGEST) throw tooLarge()
    lines.push(line)
  }
  return lines.join('')
}

function tooLarge(): Refused {
  return new Refused(
    `the answer has more than ${LARGEST.toLocaleString('en')} bytes: ask for less of it, or on a ` +
      "terminal, where it may be of any size: `sluice query '…' --csv > answer.csv`",
  )
}
