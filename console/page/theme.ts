/** Light or dark: as the system has it, until somebody says otherwise; that is kept. */
export type Theme = 'system' | 'light' | 'dark'

const KEPT_AS = 'theme'
const listeners = new Set<() => void>()
const system = matchMedia('(prefers-color-scheme: dark)')

export function themeNow(): Theme {
  const kept = read()
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

/** @param theme what is to be from now on; without it, what was kept */
export function applyTheme(theme: Theme = themeNow()): void {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme
  } else {
    document.documentElement.dataset.theme = theme
  }
  write(theme)
  for (const listener of listeners) listener()
}

/**
 * Calls back whenever the colours have changed: what is drawn on a canvas is to be drawn again.
 *
 * @returns what ends it
 */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener)
  system.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    system.removeEventListener('change', listener)
  }
}

/** The colour of a token as it is now, for a canvas: `--accent` → `rgb(51, 80, 200)`. */
export function colorOf(token: `--${string}`): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${token})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** A browser that keeps nothing (private windows, some settings) throws. */
function read(): string | null {
  try {
    return localStorage.getItem(KEPT_AS)
  } catch {
    return null
  }
}

function write(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(KEPT_AS)
    else localStorage.setItem(KEPT_AS, theme)
  } catch {
    // It holds until the page is closed.
  }
}
