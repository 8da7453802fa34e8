import { CsvError, parse } from 'csv-parse/sync'
import { labels, type RandomFile } from './hostile-contents.ts'

/** What was made of a file, seen from outside, in one place: Postgres, or the lake. */
export interface Made {
  /** Values in the order of the labels; no value is ''. */
  rows: string[][]
  rejects: { record: number; line: number; raw: Buffer }[]
}

/**
 * Holds what was made of a file against its bytes, by a reader of others (csv-parse): where rejects
 * are cut out of it, each at its line and verbatim, what is left are the rows, with the same text.
 *
 * @param reason why it was refused, where it was
 * @returns one sentence for each thing that is wrong
 */
export function judgeFile(file: RandomFile, made: Made, reason: string | undefined): string[] {
  const text = textOf(file)
  const firstLine = (headerRecord.exec(text) ?? /^[^\r\n]*(\r\n|\n|\r|$)/.exec(text))?.[0] ?? ''
  if (reason !== undefined) {
    const isRight = firstLine.trimEnd() === labels.join(',') && file.encoding !== 'utf-16le'
    // Where records have another width throughout, a header is none of theirs.
    const isAlone = /the records have about/.test(reason)
    return judgeRefusal(made, reason, isRight && !isAlone)
  }
  const findings: string[] = []
  const starts = lineStarts(text)
  let [left, cursor] = ['', firstLine.length]
  for (const { record, line, raw } of made.rejects) {
    const at = starts[line - 1] ?? -1
    const own = rawText(file, raw)
    if (at < cursor || !text.startsWith(own, at)) {
      findings.push(`reject ${record} is not what stands in line ${line}`)
      continue
    }
    left += text.slice(cursor, at)
    cursor = at + own.length + (/^(\r\n|\n|\r)/.exec(text.slice(at + own.length))?.[0].length ?? 0)
  }
  left += text.slice(cursor)
  const records = recordsOf(left)
  if (typeof records === 'string') return [...findings, `without the rejects: ${records}`]
  const sent = records.map((cells) => cells.map((cell) => cellOf(file, cell)))
  const [wanted, found] = [sent, made.rows].map((rows) => rows.map((row) => JSON.stringify(row)))
  return [...findings, ...differences(wanted ?? [], found ?? [])].slice(0, 3)
}

/** By the grammar of RFC 4180, section 2. */
const cell = '(?:"(?:[^"]|"")*"|[^",\r\n]*)'
const headerRecord = new RegExp(`^${cell}(?:,${cell})*(\r\n|\n|\r|$)`)

/** A file is refused whole: for its header, or because its text is none. */
function judgeRefusal(made: Made, reason: string, isRight: boolean): string[] {
  return [
    ...(made.rows.length + made.rejects.length > 0 ? ['it is refused, and there are rows'] : []),
    ...(reason === '' ? ['it is refused without a reason'] : []),
    ...(isRight ? [`it is refused, though its header is right: ${reason}`] : []),
  ]
}

/** A character for each byte, or for each unit of UTF-16; without a byte order mark. */
function textOf({ bytes, encoding }: RandomFile): string {
  if (encoding === 'utf-16le') return bytes.toString('utf16le').replace(/^\ufeff/, '')
  return bytes.toString('latin1').replace(encoding === 'utf-8' ? /^\xef\xbb\xbf/ : /^$/, '')
}

function rawText({ encoding }: RandomFile, raw: Buffer): string {
  return raw.toString(encoding === 'utf-16le' ? 'utf16le' : 'latin1')
}

function cellOf({ encoding }: RandomFile, cell: string): string {
  return encoding === 'utf-8' ? Buffer.from(cell, 'latin1').toString() : cell
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map(({ index, 0: end }) => index + end.length)]
}

/** @returns the records, or why it is no CSV */
function recordsOf(text: string): string[][] | string {
  const options = {
    record_delimiter: ['\r\n', '\n', '\r'],
    // A quote within a cell that does not begin with one is itself.
    relax_quotes: true,
    relax_column_count: true,
  }
  try {
    return parse(text, options)
  } catch (error) {
    if (error instanceof CsvError) return error.message
    throw error
  }
}

function differences(wanted: string[], found: string[]): string[] {
  const left = Map.groupBy(found, (row) => row)
  const missing = wanted.filter((row) => left.get(row)?.pop() === undefined)
  const beyond = [...left.values()].flat()
  return [
    ...missing.map((row) => `no row, and no reject: ${row.slice(0, 200)}`),
    ...beyond.map((row) => `a row that was not sent: ${row.slice(0, 200)}`),
  ]
}
