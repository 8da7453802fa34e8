import { useEffect, useState } from 'preact/hooks'
import { leaveEntry, returnToEntry } from './scroll-memory.ts'

/** Which view an address shows, and with which settings. */

const views = {
  flow: '/',
  object: '/object',
  rejects: '/rejects',
  datasets: '/datasets',
  dataset: '/dataset',
  streams: '/streams',
  stream: '/stream',
  sql: '/sql',
} as const

export type View = keyof typeof views

export type Params = Readonly<Record<string, string>>

export interface Route {
  /** null: no view has this address. */
  view: View | null
  params: Params
}

/** `/object?key=bronze%2Fa.csv` → `{ view: 'object', params: { key: 'bronze/a.csv' } }` */
export function parseRoute(pathname: string, search: string): Route {
  const named = Object.entries(views).find(([, path]) => path === pathname)
  const view = (named?.[0] ?? null) as View | null
  return { view, params: Object.fromEntries(new URLSearchParams(search)) }
}

/**
 * The address of a view, for a link: `pathTo('object', { key: 'bronze/a b.csv' })` →
 * `/object?key=bronze%2Fa%20b.csv`. What is empty is left out.
 */
export function pathTo(view: View, params: Record<string, string | null | undefined> = {}): string {
  const told = Object.entries(params).flatMap(([name, value]) => {
    return value ? `${encodeURIComponent(name)}=${encodeURIComponent(value)}` : []
  })
  return told.length > 0 ? `${views[view]}?${told.join('&')}` : views[view]
}

const changed = new EventTarget()

/** Goes to another view: a step that Back undoes. */
export function go(path: string): void {
  if (path === location.pathname + location.search) return
  const entry = leaveEntry()
  history.pushState({ entry }, '', path)
  changed.dispatchEvent(new Event('route'))
  scrollTo(0, 0)
}

/** Changes the settings of this view in place, as a filter does. */
export function settle(path: string): void {
  history.replaceState(history.state, '', path)
  changed.dispatchEvent(new Event('route'))
}

export function useRoute(): Route {
  const [route, setRoute] = useState(routeNow)
  useEffect(() => {
    const follow = () => setRoute(routeNow())
    const back = () => {
      follow()
      returnToEntry()
    }
    changed.addEventListener('route', follow)
    addEventListener('popstate', back)
    return () => {
      changed.removeEventListener('route', follow)
      removeEventListener('popstate', back)
    }
  }, [])
  return route
}

function routeNow(): Route {
  return parseRoute(location.pathname, location.search)
}

/**
 * Makes every plain click on a link to a view a step within the page. Where a key is held, or the
 * link is of the server (a download), the browser does what it always does.
 */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const target = event.target instanceof Element ? event.target : null
  const link = target?.closest('a')
  if (!link) followRow(target)
  if (!link || link.origin !== location.origin || link.hasAttribute('download')) return
  if (link.pathname.startsWith('/api/') || link.target || link.hash) return
  event.preventDefault()
  go(link.pathname + link.search)
}

/** A click anywhere on a row, but not on what it holds nor at the end of marking a text. */
function followRow(target: Element | null | undefined): void {
  if (target?.closest('button, input, select, label, summary')) return
  const path = target?.closest<HTMLElement>('[data-open]')?.dataset.open
  if (path && getSelection()?.isCollapsed !== false) go(path)
}
