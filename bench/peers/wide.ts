import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDuck } from '../../core/duck/duckdb.ts'
import { literal } from '../../core/names.ts'
import type { Column } from '../lineitem.ts'

const WIDTH = 200

/** Each type in turn, with the SQL of its cell of row `i` in column `n`. */
const kinds: [type: string, sql: (n: number) => string][] = [
  ['integer', (n) => `hash(i + ${n}) % 1000000`],
  ['number', (n) => `(hash(i + ${n}) % 10000000 / 100)::DECIMAL(12,2)`],
  ['string', (n) => `'text ' || hash(i + ${n}) % 100000`],
  ['date', (n) => `DATE '1992-01-01' + (hash(i + ${n}) % 2500)::INT`],
]

export const wideColumns = Array.from({ length: WIDTH }, (_, n): Column => {
  return [`c${String(n).padStart(3, '0')}`, kinds[n % kinds.length]![0]]
})

/** @returns the path of a CSV of 200 columns in `folder`, made where it is not there yet */
export async function makeWide(folder: string, rows: number): Promise<string> {
  const path = join(folder, `wide-${rows}.csv`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const cells = wideColumns.map(([name], n) => `${kinds[n % kinds.length]![1](n)} AS ${name}`)
  const duck = await openDuck(undefined, WIDTH)
  try {
    await duck.run(`COPY (SELECT ${cells.join(', ')} FROM range(${rows}) t(i))
      TO ${literal(path)} (FORMAT csv, HEADER)`)
  } finally {
    duck.close()
  }
  return path
}
