import { stripVTControlCharacters } from 'node:util'
import { heading } from './style.ts'

/** One column of a table. */
export interface Column {
  name: string
  align?: 'left' | 'right'
  /** Whether its text may be cut where a terminal is too narrow: a message, and no key. */
  isLong?: boolean
}

type Cell = string | number

/** What is between the cells of two columns: ` │ `. */
const BETWEEN = 3
/**
 * To less than this many characters nothing is cut, as nobody would learn anything of it: on a
 * terminal of 80 columns a line goes on in the next one.
 */
const LEAST = 40
/** Characters of a whole table: each cell is as wide as the widest of its column. */
const MOST = 2e7

/**
 * A table as it is printed: on a terminal as wide as that is, with its long texts cut (`…`) where
 * they have to be; in a pipe or a file with all that they say.
 *
 * @param rows each with a cell for each column
 * @param width characters of a line; of the terminal, or without end
 */
export function fitted(columns: Column[], rows: Cell[][], width = widthOfTerminal()): string {
  const natural = columns.map(({ name }, i) =>
    rows.reduce((widest, row) => Math.max(widest, lengthOf(row[i]!)), lengthOf(name)),
  )
  const isLong = (i: number) => columns[i]!.isLong === true
  const fixed = natural.filter((_, i) => !isLong(i)).reduce((sum, each) => sum + each, 0)
  const room = width - (BETWEEN * columns.length + 1) - fixed
  const long = natural.filter((_, i) => isLong(i))
  const bounded = Math.max(LEAST, Math.floor(MOST / (rows.length + 1) / (long.length || 1)))
  const most = Math.min(widestOf(long, room), bounded)
  const cell = (text: Cell, i: number) => (isLong(i) ? cut(`${text}`, most) : `${text}`)
  const head = columns.map(({ name }, i) => cell(name, i))
  return drawn(
    columns,
    head,
    rows.map((row) => row.map((text, i) => cell(text, i))),
  )
}

/**
 * A table of Unicode's box drawing. Not by cli-table3, which cuts a long text of wide letters one
 * letter at a time, and measures the rest each time: minutes for a cell of 200,000.
 */
function drawn(columns: Column[], head: string[], rows: string[][]): string {
  const widths = columns.map((_, i) =>
    rows.reduce((widest, row) => Math.max(widest, lengthOf(row[i]!)), lengthOf(head[i]!)),
  )
  const border = (ends: [string, string, string]) =>
    `${ends[0]}${widths.map((width) => '─'.repeat(width + 2)).join(ends[1])}${ends[2]}`
  const line = (row: string[], style = (text: string) => text) => {
    const cells = row.map((text, i) => {
      const blank = ' '.repeat(widths[i]! - lengthOf(text))
      return columns[i]!.align === 'right' ? blank + style(text) : style(text) + blank
    })
    return `│ ${cells.join(' │ ')} │`
  }
  const body = rows.length > 0 ? [border(['├', '┼', '┤']), ...rows.map((row) => line(row))] : []
  return [border(['┌', '┬', '┐']), line(head, heading), ...body, border(['└', '┴', '┘'])].join('\n')
}

/** A pipe and a file have no width, and some terminals do not tell theirs. */
function widthOfTerminal(): number {
  return (process.stdout.isTTY && process.stdout.columns) || Number.POSITIVE_INFINITY
}

/**
 * How wide a column may be so that all of them have room: `[5, 40, 90]` in 100 → 47, as the 5 and
 * the 40 need no more than they have.
 */
function widestOf(widths: number[], room: number): number {
  let [left, columns] = [room, widths.length]
  for (const width of widths.toSorted((a, b) => a - b)) {
    if (width * columns > left) return Math.max(LEAST, Math.floor(left / columns))
    left -= width
    columns--
  }
  return Number.POSITIVE_INFINITY
}

/** Columns of a terminal: letters of Asia and emojis take two, and marks on others none. */
function lengthOf(cell: Cell): number {
  const text = stripVTControlCharacters(`${cell}`)
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  return [...text].reduce((sum, character) => sum + lengthOfOne(character), 0)
}

function lengthOfOne(character: string): number {
  if (/\p{M}/u.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

const asian = '\\p{sc=Han}\\p{sc=Hangul}\\p{sc=Hiragana}\\p{sc=Katakana}'
const wide = new RegExp(`[${asian}\\p{EPres}\\u3000-\\u303f\\uff01-\\uff60]`, 'u')

function cut(text: string, most: number): string {
  if (lengthOf(text) <= most) return text
  let [kept, room] = ['', most - 1]
  for (const character of text) {
    room -= lengthOfOne(character)
    if (room < 0) break
    kept += character
  }
  return `${kept}…`
}
