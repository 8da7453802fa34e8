import { Refused } from '../errors.ts'

/** One row of a CSV text, and the line that it begins in, from 1. */
export interface CsvRow {
  line: number
  cells: string[]
}

/**
 * Cuts a text that people and their programs write: any line end, blank lines passed over. A cell
 * is quoted if it begins with a quote, which is doubled inside.
 *
 * @param text in pieces
 * @param delimiter one character
 * @throws Refused where a quote is not closed, or something follows it; with the line
 */
export async function* csvRows(
  text: AsyncIterable<string>,
  delimiter: string,
): AsyncIterable<CsvRow> {
  const cutter = new Cutter(delimiter)
  for await (const piece of text) yield* cutter.take(piece)
  yield* cutter.end()
}

/** `"a ""b"""` for a cell that needs it; so that what is written is cut into the same cells. */
export function csvLine(cells: string[]): string {
  const texts = cells.map((cell) =>
    /[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  )
  return `${texts.join(',')}\n`
}

class Cutter {
  readonly #delimiter: string
  readonly #bareEnd: RegExp
  #state: 'start' | 'bare' | 'quoted' | 'closed' = 'start'
  #cells: string[] = []
  #cell = ''
  #line = 1
  /** The line that the row began in. */
  #begin = 1
  /** Whether a CR ended the row before: an LF that follows it is of the same line end. */
  #afterCr = false

  constructor(delimiter: string) {
    this.#delimiter = delimiter
    this.#bareEnd = new RegExp(delimiter === '\t' ? '[\\t\\r\\n]' : `[${delimiter}\\r\\n]`, 'g')
  }

  *take(piece: string): Iterable<CsvRow> {
    for (let at = 0; at < piece.length; ) {
      if (this.#afterCr) {
        this.#afterCr = false
        if (piece[at] === '\n') at++
        continue
      }
      if (this.#state === 'quoted') at = this.#inQuotes(piece, at)
      else if (this.#state === 'start' && piece[at] === '"') {
        this.#state = 'quoted'
        at++
      } else if (this.#state === 'closed' && piece[at] === '"') {
        this.#cell += '"'
        this.#state = 'quoted'
        at++
      } else {
        const end = this.#endOfBare(piece, at)
        if (this.#state === 'closed' && end > at) throw this.#broken('something follows its end')
        this.#cell += piece.slice(at, end)
        if (end > at) this.#state = 'bare'
        if (end === piece.length) return
        yield* this.#cellEnd(piece[end]!)
        at = end + 1
      }
    }
  }

  *end(): Iterable<CsvRow> {
    if (this.#state === 'quoted') throw this.#broken('it is never closed')
    if (this.#state !== 'start' || this.#cells.length > 0) yield* this.#rowEnd()
  }

  #inQuotes(piece: string, at: number): number {
    const quote = piece.indexOf('"', at)
    const end = quote < 0 ? piece.length : quote
    const text = piece.slice(at, end)
    this.#cell += text
    for (const character of text) if (character === '\n') this.#line++
    if (quote < 0) return end
    this.#state = 'closed'
    return end + 1
  }

  #endOfBare(piece: string, at: number): number {
    this.#bareEnd.lastIndex = at
    return this.#bareEnd.exec(piece)?.index ?? piece.length
  }

  *#cellEnd(by: string): Iterable<CsvRow> {
    if (by !== this.#delimiter) {
      this.#afterCr = by === '\r'
      yield* this.#rowEnd()
      return
    }
    this.#cells.push(this.#cell)
    this.#cell = ''
    this.#state = 'start'
  }

  *#rowEnd(): Iterable<CsvRow> {
    const isBlank = this.#cells.length === 0 && this.#cell === ''
    const row = { line: this.#begin, cells: [...this.#cells, this.#cell] }
    this.#cells = []
    this.#cell = ''
    this.#state = 'start'
    this.#line++
    this.#begin = this.#line
    if (!isBlank) yield row
  }

  #broken(what: string): Refused {
    return new Refused(
      `the row of line ${this.#begin} has a quoted cell that is broken: ${what}; ` +
        'double each quote inside a quoted cell',
    )
  }
}
