import { useState } from 'preact/hooks'
import { count } from './format.ts'

/** Where one is in a list that the server pages by cursors. */
export interface Pages {
  /** Of the page that is shown; undefined: the first. */
  cursor: string | undefined
  /** From 1. */
  number: number
  forward: (next: string) => void
  /** Goes on from there on the same page, which had nothing so far. */
  skip: (next: string) => void
  back: () => void
}

interface State {
  of: string
  cursors: string[]
  /** How far a page with nothing on it was looked through. */
  skipped?: string
}

/** @param of whatever the list is asked by: another list begins at its first page */
export function usePages(of: string): Pages {
  const [state, setState] = useState<State>({ of, cursors: [] })
  const { cursors, skipped } = state.of === of ? state : { cursors: [] }
  return {
    cursor: skipped ?? cursors.at(-1),
    number: cursors.length + 1,
    skip: (next) => setState({ of, cursors, skipped: next }),
    forward: (next) => setState({ of, cursors: [...cursors, next] }),
    back: () => setState({ of, cursors: cursors.slice(0, -1) }),
  }
}

interface PagerProps {
  pages: Pages
  next: string | null | undefined
  /** What it pages, for those who listen: `objects`. */
  of: string
}

export function Pager({ pages, next, of }: PagerProps) {
  if (pages.number === 1 && !next) return null
  return (
    <nav class="pager" aria-label={`Pages of ${of}`}>
      <span>Page {count(pages.number)}</span>
      <button
        type="button"
        disabled={pages.number === 1}
        onClick={({ currentTarget }) => {
          pages.back()
          showTop(currentTarget)
        }}
      >
        Previous
      </button>
      <button
        type="button"
        disabled={!next}
        onClick={({ currentTarget }) => {
          if (next) pages.forward(next)
          showTop(currentTarget)
        }}
      >
        Next
      </button>
    </nav>
  )
}

/** Another page is read from its top. */
function showTop(button: HTMLElement): void {
  const list = button.closest('section')
  if (list && list.getBoundingClientRect().top < 0) list.scrollIntoView({ block: 'start' })
}
