import { textOf } from './pages.fixture.ts'

/** Rows of a table of a page, each by the head of its columns, without the marks of code. */
export type Row = Record<string, string>

/** The tables of a page, by the heading that each stands under; several under one are one. */
export function tablesOf(page: string): Map<string, Row[]> {
  const sections = textOf(page).split(/^#+ /m).slice(1)
  return new Map(
    sections.map((section) => {
      const [heading = ''] = section.split('\n', 1)
      const tables = [...section.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => rowsOf(table))
      return [heading, tables.flat()]
    }),
  )
}

function rowsOf(table: string): Row[] {
  const [head = [], , ...rows] = table.trim().split('\n').map(cellsOf)
  return rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])))
}

/** `\|` is a bar of the cell. */
function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) =>
    cell
      .trim()
      .replace(/^`(.*)`$/, '$1')
      .replaceAll('\\|', '|'),
  )
}
