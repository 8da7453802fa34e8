import { useMemo, useRef } from 'preact/hooks'
import type { DatasetRow } from '../shapes.ts'
import { Choice } from './choice.tsx'
import { count } from './format.ts'
import { HistoryTable } from './history-table.tsx'
import { Busy, Empty, Problem } from './notice.tsx'
import { Pager } from './pager.tsx'
import { type Params, pathTo, settle } from './router.ts'
import { SearchField } from './search-field.tsx'
import { useAnswer } from './use-answer.ts'
import { useHistory } from './use-history.ts'

/** Every object that has ended, newest first, a page at a time. */
export function History({ params }: { params: Params }) {
  const table = useRef<HTMLDivElement>(null)
  const history = useHistory(params, table)
  const { rows, next, error, isLoading, unseen, pages, reload } = history
  // Hundreds of ends may be counted within a second: rows are drawn when they change.
  const shown = useMemo(() => rows && rows.length > 0 && <HistoryTable rows={rows} />, [rows])
  const isFiltered = Boolean(params.search || params.dataset || params.status)
  return (
    <section class="panel" aria-label="History">
      <header>
        <h2>History</h2>
        <Filters params={params} />
      </header>
      {error && <Problem error={error} retry={reload} />}
      {unseen > 0 && (
        <button type="button" class="unseen-ends" onClick={history.show}>
          {count(unseen)} more {unseen === 1 ? 'object has' : 'objects have'} ended: show
        </button>
      )}
      <div ref={table}>{shown}</div>
      {!rows && isLoading && <Busy />}
      {rows?.length === 0 && next && (
        <Empty title="None among those looked through so far">
          There is more on the next page.
        </Empty>
      )}
      {rows?.length === 0 && !next && (
        <Empty title={isFiltered ? 'No object is like this' : 'Nothing has come yet'}>
          {isFiltered ? (
            <a href={pathTo('flow')}>Show all objects</a>
          ) : (
            'Drop a CSV on this page, or put one into the lake below bronze/.'
          )}
        </Empty>
      )}
      <Pager pages={pages} next={next} of="objects" />
    </section>
  )
}

const statuses = [
  ...['loaded', 'refused', 'held', 'published'].map((value) => ({ value })),
  { value: 'rejected', label: 'with rejects' },
  { value: 'waiting', label: 'with waiting rows' },
  { value: 'mended', label: 'with mended rows' },
]

function Filters({ params }: { params: Params }) {
  const { data: datasets } = useAnswer<DatasetRow[]>('/api/datasets')
  const change = (changed: Params) => settle(pathTo('flow', { ...params, ...changed }))
  return (
    <search class="filters">
      <SearchField
        label="Search keys"
        value={params.search ?? ''}
        onSearch={(search) => change({ search })}
      />
      <Choice
        label="Dataset"
        all="All datasets"
        value={params.dataset ?? ''}
        options={(datasets ?? []).map(({ dataset }) => ({ value: dataset }))}
        onChoose={(dataset) => change({ dataset })}
      />
      <Choice
        label="Status"
        all="Any status"
        value={params.status ?? ''}
        options={statuses}
        onChoose={(status) => change({ status })}
      />
    </search>
  )
}
