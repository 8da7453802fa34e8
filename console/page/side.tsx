import { useState } from 'preact/hooks'
import type { Place } from '../shapes.ts'
import { useConnection } from './live.ts'
import { pathTo, type View } from './router.ts'
import { applyTheme, type Theme, themeNow } from './theme.ts'
import { useAnswer } from './use-answer.ts'

/** The views by their place in the menu, with the views that lie below them. */
const menu: { view: View; label: string; keys: string; below: View[] }[] = [
  { view: 'flow', label: 'Flow', keys: 'g f', below: ['object'] },
  { view: 'rejects', label: 'Rejects', keys: 'g r', below: [] },
  { view: 'datasets', label: 'Datasets', keys: 'g d', below: ['dataset'] },
  { view: 'streams', label: 'Streams', keys: 'g s', below: ['stream'] },
  { view: 'sql', label: 'SQL', keys: 'g q', below: [] },
]

interface SideProps {
  view: View | null
  showKeys: () => void
}

/** What stands beside every view: the lake, the views, whether the server is there. */
export function Side({ view, showKeys }: SideProps) {
  const { data: place } = useAnswer<Place>('/api/place')
  return (
    <header class="side">
      <a class="brand" href={pathTo('flow')}>
        <img src="/icon.svg" alt="" width={24} height={24} />
        Sluice
      </a>
      {place && (
        <p class="lake" title={`Sluice ${place.version}`}>
          Lake <strong>{place.lake}</strong>
        </p>
      )}
      <nav class="views" aria-label="Views">
        <ul>
          {menu.map(({ view: its, label, keys, below }) => (
            <li key={its}>
              <a href={pathTo(its)} aria-current={isAt(view, its, below) ? 'page' : undefined}>
                {label} <small aria-hidden="true">{keys}</small>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="side-end">
        <ConnectionState />
        <ThemeButton />
        <button type="button" class="quiet keys-button" onClick={showKeys}>
          Keys <kbd>?</kbd>
        </button>
      </div>
    </header>
  )
}

function isAt(view: View | null, its: View, below: View[]): boolean {
  return view === its || (view !== null && below.includes(view))
}

const told = { opening: 'Connecting', open: 'Live', lost: 'Not connected' }

function ConnectionState() {
  const connection = useConnection()
  return (
    <span class="connection" data-is={connection} role="status">
      {told[connection]}
    </span>
  )
}

const after: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }

function ThemeButton() {
  const [theme, setTheme] = useState(themeNow)
  const change = () => {
    applyTheme(after[theme])
    setTheme(after[theme])
  }
  return (
    <button type="button" class="quiet" onClick={change} title="System, light or dark">
      Theme: {theme}
    </button>
  )
}
