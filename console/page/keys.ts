import { useEffect, useRef } from 'preact/hooks'

/**
 * What keys do; a name is a key, or two that follow each other: `/`, `g f`. Where false comes back,
 * the key does what it does elsewhere.
 */
export type Keys = Record<string, () => unknown>

/** How long the second of two keys may take. */
const TOGETHER = 1500

/**
 * The name that a key completes, or begins.
 *
 * @param begun the key before, where it is recent and begins a name
 */
export function keyName(
  key: string,
  begun: string | undefined,
  names: string[],
): { name?: string; begun?: string } {
  const both = `${begun} ${key}`
  if (begun && names.includes(both)) return { name: both }
  if (names.includes(key)) return { name: key }
  return names.some((name) => name.startsWith(`${key} `)) ? { begun: key } : {}
}

/** Listens on the whole page; not while somebody writes, nor behind a dialog. */
export function useKeys(keys: Keys): void {
  const newest = useRef(keys)
  newest.current = keys
  useEffect(() => {
    let begun: { key: string; at: number } | undefined
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'Escape') leaveField(event.target)
      if (isWriting(event.target) || document.querySelector('dialog[open]')) return
      const before = begun && event.timeStamp - begun.at < TOGETHER ? begun.key : undefined
      const told = keyName(event.key, before, Object.keys(newest.current))
      begun = told.begun ? { key: told.begun, at: event.timeStamp } : undefined
      if (!told.name) return
      if (newest.current[told.name]!() !== false) event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

/** Puts the focus into the search of the view. */
export function focusSearch(): void {
  document.querySelector<HTMLElement>('main input[type="search"]')?.focus()
}

/** Moves the focus along the rows of the view's list: to the link that a row has. */
export function moveInList(step: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>('main [data-list] [data-item]')]
  const at = items.indexOf(document.activeElement as HTMLElement)
  const row = document.activeElement?.closest('[data-list] > *')
  const within = at < 0 && row ? items.findIndex((item) => row.contains(item)) : at
  const next = within < 0 ? (step === 1 ? 0 : items.length - 1) : within + step
  items[next]?.focus()
}

/** Arrows move in a list once one is in it; before, they scroll the page as ever. */
export function moveWithinList(step: 1 | -1): boolean {
  const isWithin = document.activeElement?.closest('main [data-list]') != null
  if (isWithin) moveInList(step)
  return isWithin
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.matches('input, select, textarea') || target.isContentEditable
}

/** So that the keys of the page are there again. */
function leaveField(target: EventTarget | null): void {
  if (target instanceof HTMLElement && isWriting(target) && !target.closest('dialog')) target.blur()
}
