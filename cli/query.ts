import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { type Command, InvalidArgumentError } from 'commander'
import type { Column } from '../core/duck/duckdb.ts'
import { Refused } from '../core/errors.ts'
import { answerLine } from '../core/query/answer-csv.ts'
import { type Answer, queryLake } from '../core/query/query.ts'
import { openStore } from '../core/store/object-store.ts'
import { fitted } from './fitted.ts'
import { lakeCommandOf, mustBeThere } from './options.ts'
import { plain } from './shown.ts'

interface QueryOptions {
  lake: string
  json?: boolean
  csv?: boolean
  limit?: number
}

/** Rows of a table, which is kept as a whole and read by a person. */
const SHOWN = 1_000

const help = `
Tables:
  shop.orders                    Silver, as the dataset's table has it (or silver.shop.orders)
  events.till.receipts           the events of a streamed dataset
  windows.till.receipts_revenue  its window "revenue": closed, late and still open parts as one
  quarantine.shop.orders         what was rejected, with its place, bytes and errors
SHOW ALL TABLES lists them with their columns.

--json: integers up to 2^53 are numbers; larger ones and decimals are text, so that no digit is
lost; dates are YYYY-MM-DD, timestamps ISO 8601; NULL is null; lists and structs are JSON.
--csv: as RFC 4180, with a header; NULL is an empty cell, empty text is "".

Examples:
  sluice query "SELECT status, count(*), sum(total) FROM shop.orders GROUP BY status"
  sluice query "FROM windows.till.receipts_revenue ORDER BY window_start" --json
  sluice query - --csv < report.sql > report.csv`

export function queryCommand(): Command {
  return lakeCommandOf(
    'query',
    'Answer a SELECT over the lake: Silver, events, windows, quarantine.',
  )
    .argument('<sql>', 'one statement that reads; - for that of the standard input')
    .option('--csv', 'CSV on stdout')
    .option('--limit <rows>', 'at most so many rows; of a table, 1000 by default', wholeNumber)
    .addHelpText('after', help)
    .action(query)
}

function wholeNumber(given: string): number {
  if (/^\d{1,15}$/.test(given)) return Number(given)
  throw new InvalidArgumentError('A whole number is expected.')
}

async function query(given: string, options: QueryOptions): Promise<void> {
  if (options.json && options.csv) throw new Refused('--json and --csv: give one of them')
  const sql = given === '-' ? await text(process.stdin) : given
  mustBeThere(options.lake)
  const store = openStore(options.lake)
  const { limit } = options
  if (options.json) {
    await queryLake(store, sql, 'json', (answer) => print(answer, jsonLines, limit))
  } else if (options.csv) {
    await queryLake(store, sql, 'text', (answer) => print(answer, csvLines, limit))
  } else {
    await printTable(await queryLake(store, sql, 'text', (answer) => firstOf(answer, limit)))
  }
}

type Lines = (answer: Answer) => { head?: string; line: (row: unknown[]) => string }

/** Rows go as they come: what reads us sets the pace. */
async function print(answer: Answer, lines: Lines, limit = Number.POSITIVE_INFINITY) {
  const { head, line } = lines(answer)
  if (head !== undefined) await write(head)
  let count = 0
  let batch = ''
  if (limit > 0) {
    for await (const row of answer.rows) {
      batch += line(row)
      if (batch.length > 1 << 16) {
        await write(batch)
        batch = ''
      }
      if (++count >= limit) break
    }
  }
  await write(batch)
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

const jsonLines: Lines = ({ columns }) => {
  const names = namesOf(columns).map((name) => JSON.stringify(name))
  return {
    line: (row) => `{${row.map((value, i) => `${names[i]}:${JSON.stringify(value)}`).join(',')}}\n`,
  }
}

/** As DuckDB names them where it must: `a`, `a_1`. */
function namesOf(columns: Column[]): string[] {
  const taken = new Set<string>()
  return columns.map(({ name }) => {
    let free = name
    for (let n = 1; taken.has(free); n++) free = `${name}_${n}`
    taken.add(free)
    return free
  })
}

const csvLines: Lines = ({ columns }) => {
  return { head: answerLine(columns.map(({ name }) => name)), line: answerLine }
}

interface First {
  columns: Column[]
  rows: (string | null)[][]
  /** How many were asked for, where there are more. */
  cut: number | undefined
}

async function firstOf({ columns, rows }: Answer, limit = SHOWN): Promise<First> {
  const first: (string | null)[][] = []
  for await (const row of rows) {
    if (first.length === limit) return { columns, rows: first, cut: limit }
    first.push(row as (string | null)[])
  }
  return { columns, rows: first, cut: undefined }
}

async function printTable({ columns, rows, cut }: First): Promise<void> {
  const isPlan = columns[0]?.name === 'explain_key' && columns.length === 2
  await write(`${isPlan ? rows.map(planOf).join('\n') : tableOf(columns, rows)}\n`)
  if (cut === undefined) return
  const more = '--limit, --json and --csv give more'
  process.stderr.write(`sluice: only the first ${cut.toLocaleString('en')} rows; ${more}\n`)
}

function tableOf(columns: Column[], rows: (string | null)[][]): string {
  const isNumber = ({ type }: Column) => /INT|^(DOUBLE|FLOAT|DECIMAL|BIGNUM)/.test(type)
  const shown = columns.map((column) => {
    const name = plain(column.name)
    return isNumber(column) ? { name, align: 'right' as const } : { name, isLong: true }
  })
  const table = fitted(
    shown,
    rows.map((row) => row.map((cell) => plain(cell ?? 'NULL'))),
  )
  const count = `${rows.length.toLocaleString('en')} ${rows.length === 1 ? 'row' : 'rows'}`
  return `${table}\n${count}.`
}

/** A plan is drawn in lines of its own. */
function planOf(row: (string | null)[]): string {
  return (row[1] ?? '').split('\n').map(plain).join('\n')
}
