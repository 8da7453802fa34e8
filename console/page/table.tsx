import type { ComponentChildren } from 'preact'

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
  /** On a phone: cards instead of a box that scrolls. */
  stack?: boolean
}

/** A table that scrolls within its own box, and is a stack of cards on a phone. */
export function Table<T>({ caption, columns, rows, keyOf, open, stack }: TableProps<T>) {
  const isFixed = columns.some(({ width }) => width)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section class="table" data-stack={stack ? '' : undefined} aria-label={caption} tabIndex={0}>
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
