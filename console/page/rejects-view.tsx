import { useEffect, useState } from 'preact/hooks'
import type { Facets, Page, RejectRow, RejectState } from '../shapes.ts'
import { pathWith } from './api.ts'
import { count } from './format.ts'
import { useEnds } from './live.ts'
import { Busy, Empty, Problem } from './notice.tsx'
import { Pager, usePages } from './pager.tsx'
import { RejectFacets } from './reject-facets.tsx'
import { RejectFilters } from './reject-filters.tsx'
import { RejectItem } from './reject-item.tsx'
import { ReplayFile } from './replay-file.tsx'
import { type Params, pathTo } from './router.ts'
import { useAnswer } from './use-answer.ts'

const states: RejectState[] = ['rejected', 'waiting', 'mended']

/** Every record that could not go: its text, what is wrong with it, and a way to mend it. */
export function RejectsView({ params }: { params: Params }) {
  const state = states.find((one) => one === params.state) ?? 'rejected'
  const { dataset, object } = params
  const facets = useAnswer<Facets>(pathWith('/api/rejects/facets', { dataset, object, state }), {
    keep: true,
    pace: 3000,
  })
  useEnds((ends) => {
    if (!dataset || ends.some((end) => end.dataset === dataset)) facets.reload()
  })
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Rejects</h1>
        <div class="actions">
          <Download dataset={dataset ?? onlyOne(facets.data)} />
          <ReplayFile done={facets.reload} />
        </div>
      </div>
      <nav class="tabs" aria-label="State">
        {states.map((one) => (
          <a
            key={one}
            href={pathTo('rejects', { ...params, state: one === 'rejected' ? '' : one })}
            aria-current={one === state ? 'page' : undefined}
          >
            {names[one]}
            {one === state && facets.data && <span>{count(facets.data.total)}</span>}
          </a>
        ))}
      </nav>
      <div class="rejects">
        <RejectFacets params={params} facets={facets.data} />
        <RejectList params={params} state={state} onChange={facets.reload} />
      </div>
    </>
  )
}

const names: Record<RejectState, string> = {
  rejected: 'Rejected',
  waiting: 'Waiting for a parent',
  mended: 'Mended',
}

/** The dataset that all that is shown is of. */
function onlyOne(facets: Facets | undefined): string | undefined {
  return facets?.datasets.length === 1 ? facets.datasets[0]!.dataset : undefined
}

function Download({ dataset }: { dataset: string | undefined }) {
  if (!dataset) {
    return <span class="soft small">Choose a dataset to download its rejects</span>
  }
  return (
    <a class="button" href={pathWith('/api/rejects.csv', { dataset })} download>
      Download {dataset} as CSV
    </a>
  )
}

interface RejectListProps {
  params: Params
  state: RejectState
  /** Told when a record was mended. */
  onChange: () => void
}

function RejectList({ params, state, onChange }: RejectListProps) {
  const { dataset, object, rule, field, search } = params
  const asked = { dataset, object, rule, field, search, state }
  const pages = usePages(pathWith('', asked))
  const path = pathWith('/api/rejects', { ...asked, cursor: pages.cursor })
  const { data, error, isLoading, reload } = useAnswer<Page<RejectRow>>(path, { keep: true })
  const [stale, setStale] = useState<Page<RejectRow>>()
  // Where much had to be looked through, a page may be empty and not the last one.
  const isGoingOn = data?.rows.length === 0 && data.next !== null && !error
  useEffect(() => {
    if (isGoingOn && data.next) pages.skip(data.next)
  }, [data])
  // What somebody reads or mends stays where it is; the news waits behind a button.
  useEnds((ends) => {
    const isNews = ends.some((end) => {
      const isAsked = !object || end.object === object
      const isListed = data?.rows.some((row) => row.object === end.object)
      const leaves = end.rejected > 0 || end.waiting > 0 || isListed
      return leaves && isAsked && (!dataset || end.dataset === dataset)
    })
    if (!isNews) return
    if (data?.rows.length === 0) reload()
    else setStale(data)
  })
  const isFiltered = Boolean(dataset || object || rule || field || search)
  return (
    <section class="panel" aria-label="Rejected records">
      <header>
        <RejectFilters params={params} />
      </header>
      {error && <Problem error={error} retry={reload} />}
      {data && stale === data && (
        <button type="button" class="unseen-ends" onClick={reload}>
          Objects have ended since: show the list anew
        </button>
      )}
      <ul class="reject-list" data-list aria-busy={isLoading}>
        {data?.rows.map((row) => (
          <RejectItem key={keyOf(row)} row={row} state={state} onChange={onChange} />
        ))}
      </ul>
      {!data && isLoading && <Busy />}
      {data?.rows.length === 0 && data.next && (
        <Empty title="None among those looked through so far">
          There is more on the next page.
        </Empty>
      )}
      {data?.rows.length === 0 && !data.next && (
        <Empty title={isFiltered ? 'No record is like this' : empty[state]}>
          {isFiltered && <a href={pathTo('rejects', { state: params.state })}>Show all</a>}
        </Empty>
      )}
      <Pager pages={pages} next={data?.next} of="rejects" />
    </section>
  )
}

const empty: Record<RejectState, string> = {
  rejected: 'No record is rejected',
  waiting: 'No record waits for its parent',
  mended: 'No record was mended yet',
}

function keyOf({ dataset, object, version, record, line, shard, sequence }: RejectRow): string {
  return JSON.stringify([dataset, object, version, record, line, shard, sequence])
}
