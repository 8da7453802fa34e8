/** Where the cells of a record stand in its text. */

export interface Cell {
  /** '' of one that stands behind the last column. */
  label: string
  value: string
}

/** A part of the text; `field` where it is marked, and '' where it is of none. */
export interface Marked {
  text: string
  field?: string
}

/** So long a delimiter may be. */
const LONGEST = 4

export interface Wrong {
  /** Labels of the cells to mark. */
  fields: Set<string>
  /** Whether to mark what stands behind the last cell, too. */
  rest?: boolean
  /** Whether the text goes on beyond what is here. */
  isCut?: boolean
}

/**
 * The text with those cells told apart: `1,x` with `b` marked → `1,` and `x`. The dialect is not
 * known here: a way of cutting counts only where it gives the very values that the server has cut.
 *
 * @returns undefined where no way of cutting gives them
 */
export function mark(text: string, cells: Cell[], wrong: Wrong): Marked[] | undefined {
  const line = text.replace(/\r?\n$|\r$/, '')
  const places = placesOf(line, cells, wrong.isCut ?? false)
  if (!places) return undefined
  const marked: Marked[] = []
  let at = 0
  const add = (until: number, field?: string) => {
    const part = { text: text.slice(at, until) }
    if (field !== undefined) marked.push({ ...part, field })
    else if (part.text) marked.push(part)
    at = until
  }
  for (const [index, { start, end }] of places.entries()) {
    const field = cells[index]!.label
    if (!wrong.fields.has(field) && !(wrong.rest && field === '')) continue
    add(start)
    add(end, field)
  }
  const last = places.at(-1)!.end
  if (wrong.rest && last < line.length) {
    add(last)
    add(line.length, '')
  }
  add(text.length)
  return marked
}

interface Place {
  start: number
  end: number
}

function placesOf(text: string, cells: Cell[], cut: boolean): Place[] | undefined {
  const [first] = cells
  if (!first) return undefined
  for (const quote of ['"', "'", '']) {
    const end = endOfCell(text, 0, '', quote, first.value)
    if (end === undefined) continue
    if (cells.length === 1) return [{ start: 0, end }]
    for (let length = 1; length <= LONGEST; length++) {
      const delimiter = text.slice(end, end + length)
      if (!delimiter || /["']/.test(delimiter)) break
      const places = walk(text, cells, delimiter, quote, cut)
      if (places) return places
    }
  }
  return undefined
}

/** Every cell in turn; the rest of the text may be cells that the header has no label for. */
function walk(
  text: string,
  cells: Cell[],
  delimiter: string,
  quote: string,
  cut: boolean,
): Place[] | undefined {
  const places: Place[] = []
  let at = 0
  for (const { value } of cells) {
    // A record that has fewer cells than the header ends before.
    if (at > text.length) return value === '' || cut ? places : undefined
    const end = endOfCell(text, at, delimiter, quote, value)
    if (end === undefined) return cut ? places : undefined
    places.push({ start: at, end })
    const goesOn = text.startsWith(delimiter, end)
    if (!goesOn && end !== text.length) return undefined
    at = end + delimiter.length
  }
  return places
}

/** Where the cell that begins here ends, if it has this value: quoted, or as it stands. */
function endOfCell(
  text: string,
  from: number,
  delimiter: string,
  quote: string,
  value: string,
): number | undefined {
  const at = spacesFrom(text, from, delimiter)
  const doubled = `${quote}${value.replaceAll(quote, quote + quote)}${quote}`
  const escaped = `${quote}${value.replaceAll(/["'\\]/g, '\\$&')}${quote}`
  const forms = quote ? [doubled, escaped, value] : [value]
  for (const form of forms) {
    for (const start of [from, at]) {
      if (form && text.startsWith(form, start)) return start + form.length
    }
  }
  return value === '' ? from : undefined
}

/** Spaces after a delimiter may be left out of the value. */
function spacesFrom(text: string, from: number, delimiter: string): number {
  if (delimiter.includes(' ')) return from
  let at = from
  while (text[at] === ' ') at++
  return at
}
