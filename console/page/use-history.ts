import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ObjectRow, Page } from '../shapes.ts'
import { pathWith } from './api.ts'
import { withEnds } from './ends.ts'
import { useEnds, useFlow } from './live.ts'
import { usePages } from './pager.tsx'
import type { Params } from './router.ts'
import { useAnswer } from './use-answer.ts'

/** While objects end, the first page is asked for so often. */
const EVERY = 1000

/**
 * A page of the history that follows what happens. Rows that are shown change in place; those
 * that are new wait, counted, while somebody points at the table, is in it, or reads further down.
 */
export function useHistory(params: Params, table: RefObject<HTMLElement | null>) {
  const { search, dataset, status } = params
  const asked = pathWith('/api/objects', { search, dataset, status })
  const pages = usePages(asked)
  const path = pathWith('/api/objects', { search, dataset, status, cursor: pages.cursor })
  const answer = useAnswer<Page<ObjectRow>>(path, { keep: true })
  const [patched, setPatched] = useState<ObjectRow[]>()
  const [unseen, setUnseen] = useState(0)
  const timer = useRef<number>(undefined)
  const rows = patched ?? answer.data?.rows

  useEffect(() => {
    setPatched(undefined)
    setUnseen(0)
  }, [answer.data])
  useEffect(() => () => clearTimeout(timer.current), [])

  const show = () => {
    timer.current = undefined
    answer.reload()
  }
  const soon = () => {
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined
      if (!isHeld(table.current)) show()
    }, EVERY)
  }
  useEnds((ends) => {
    if (!rows || pages.cursor) return
    const told = withEnds(rows, ends)
    if (told.rows !== rows) setPatched(told.rows)
    if (told.others === 0) return
    if (isHeld(table.current)) setUnseen((before) => before + told.others)
    else soon()
  })
  // Of many ends at once not each is told; nor are those that came while the server was away.
  const at = useFlow()?.at
  useEffect(() => {
    const newest = answer.data?.rows[0]?.at
    if (at && !pages.cursor && answer.data && (!newest || at > newest)) soon()
  }, [at])
  // Whoever leaves the table is shown what waits.
  useEffect(() => {
    const element = table.current
    if (!element || unseen === 0) return
    const left = new AbortController()
    element.addEventListener('mouseleave', soon, left)
    element.addEventListener('focusout', soon, left)
    return () => left.abort()
  }, [unseen])
  const { error, isLoading, reload } = answer
  return { rows, next: answer.data?.next, error, isLoading, reload, pages, unseen, show }
}

/** Whether rows that move would move from under a pointer, a focus or an eye. */
function isHeld(table: HTMLElement | null): boolean {
  if (!table) return false
  return table.matches(':hover, :focus-within') || table.getBoundingClientRect().top < 0
}
