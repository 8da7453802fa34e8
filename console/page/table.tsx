import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { useCards } from './use-cards.ts'

export interface Column<T> {
  label: string
  /** `key`: what names the row, and may be long; `word`: what is not to be broken. */
  kind?: 'text' | 'word' | 'number' | 'time' | 'key'
  /** Pixels; where columns have one, the widths do not depend on what the cells hold. */
  width?: number
  cell: (row: T) => ComponentChildren
}

interface TableProps<T> {
  /** What it lists, for those who listen. */
  caption: string
  columns: Column<T>[]
  rows: T[]
  keyOf: (row: T, index: number) => string
  /** Where a click anywhere on a row leads: its cells hold a link to the same. */
  open?: (row: T) => string
  /** Where there is no room for it: cards instead of a box that scrolls. */
  stack?: boolean
}

/** A table that scrolls within its own box, or is a stack of cards where that is too narrow. */
export function Table<T>({ caption, columns, rows, keyOf, open, stack = false }: TableProps<T>) {
  const box = useRef<HTMLElement>(null)
  const isCards = useCards(box, stack)
  const isFixed = columns.some(({ width }) => width)
  return (
    <section
      ref={box}
      class="table"
      data-cards={isCards ? '' : undefined}
      aria-label={caption}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
      tabIndex={0}
    >
      <table class={isFixed ? 'fixed' : undefined}>
        <caption class="unseen">{caption}</caption>
        {isFixed && (
          <colgroup>
            {columns.map(({ label, width }) => (
              <col key={label} style={width ? { width: `${width}px` } : undefined} />
            ))}
          </colgroup>
        )}
        <thead>
          <tr>
            {columns.map(({ label, kind = 'text' }) => (
              <th key={label} scope="col" data-kind={kind}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody data-list>
          {rows.map((row, index) => (
            <tr key={keyOf(row, index)} data-open={open?.(row)}>
              {columns.map(({ label, kind = 'text', cell }) => (
                <td key={label} data-kind={kind} data-label={label}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
