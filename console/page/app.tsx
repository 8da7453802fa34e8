import { useEffect, useRef, useState } from 'preact/hooks'
import { DatasetView } from './dataset-view.tsx'
import { DatasetsView } from './datasets-view.tsx'
import { DropZone } from './drop-zone.tsx'
import { chooseFiles } from './dropped.ts'
import { FlowView } from './flow-view.tsx'
import { focusSearch, moveInList, moveWithinList, useKeys } from './keys.ts'
import { KeysDialog } from './keys-dialog.tsx'
import { ObjectView } from './object-view.tsx'
import { RejectsView } from './rejects-view.tsx'
import { followLinks, go, pathTo, type Route, useRoute, type View } from './router.ts'
import { Side } from './side.tsx'
import { SQLView } from './sql-view.tsx'
import { StreamsView } from './streams-view.tsx'

/** The whole page: what stands at its side, and the view that the address names. */
export function App() {
  const route = useRoute()
  const [showsKeys, setShowsKeys] = useState(false)
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    document.addEventListener('click', followLinks)
    return () => document.removeEventListener('click', followLinks)
  }, [])
  useKeys({
    '/': focusSearch,
    '?': () => setShowsKeys(true),
    'g f': () => go(pathTo('flow')),
    'g r': () => go(pathTo('rejects')),
    'g d': () => go(pathTo('datasets')),
    'g s': () => go(pathTo('streams')),
    'g q': () => go(pathTo('sql')),
    u: chooseFiles,
    j: () => moveInList(1),
    k: () => moveInList(-1),
    ArrowDown: () => moveWithinList(1),
    ArrowUp: () => moveWithinList(-1),
  })
  useHeading(route, main)
  return (
    <>
      <a class="skip" href="#main">
        Skip to the view
      </a>
      <div class="shell">
        <Side view={route.view} showKeys={() => setShowsKeys(true)} />
        <main id="main" ref={main} tabIndex={-1}>
          <Shown route={route} />
        </main>
      </div>
      <DropZone />
      {showsKeys && <KeysDialog close={() => setShowsKeys(false)} />}
    </>
  )
}

function Shown({ route: { view, params } }: { route: Route }) {
  switch (view) {
    case 'flow':
      return <FlowView params={params} />
    case 'object':
      return <ObjectView key={params.key} params={params} />
    case 'rejects':
      return <RejectsView params={params} />
    case 'datasets':
      return <DatasetsView params={params} />
    case 'dataset':
      return <DatasetView key={params.name} params={params} />
    case 'streams':
    case 'stream':
      return <StreamsView params={params} />
    case 'sql':
      return <SQLView params={params} />
    case null:
      return <Nowhere />
  }
}

function Nowhere() {
  return (
    <>
      <h1 tabIndex={-1}>Nothing is here</h1>
      <p>
        No view has this address. <a href={pathTo('flow')}>To the flow of objects</a>
      </p>
    </>
  )
}

const titles: Record<View, string> = {
  flow: 'Flow',
  object: 'Object',
  rejects: 'Rejects',
  datasets: 'Datasets',
  dataset: 'Dataset',
  streams: 'Streams',
  stream: 'Stream',
  sql: 'SQL',
}

/** Names the window after the view, and takes the focus to its heading when another is shown. */
function useHeading({ view, params }: Route, main: { current: HTMLElement | null }): void {
  const isFirst = useRef(true)
  const what = params.key ?? params.name ?? ''
  useEffect(() => {
    const title = view ? titles[view] : 'Nothing is here'
    document.title = `${what ? `${what} · ` : ''}${title} · Sluice`
    // Somebody who is in it already, by the key of the search, stays there.
    const isIn = main.current?.contains(document.activeElement)
    if (!isFirst.current && !isIn) {
      main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
    }
    isFirst.current = false
  }, [view, what])
}
