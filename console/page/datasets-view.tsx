import { useEffect, useRef } from 'preact/hooks'
import type { DatasetRow, ProposalRow } from '../shapes.ts'
import { useAgain } from './dataset-again.ts'
import { DatasetTable } from './dataset-table.tsx'
import { count } from './format.ts'
import { useChanged, useEnds } from './live.ts'
import { Busy, Empty, Problem } from './notice.tsx'
import { ProposalList } from './proposal-list.tsx'
import { type Params, pathTo, settle } from './router.ts'
import { SearchField } from './search-field.tsx'
import { useAnswer } from './use-answer.ts'

/** All datasets, and what is proposed for files that belong to none. */
export function DatasetsView({ params }: { params: Params }) {
  const answer = useAnswer<DatasetRow[]>('/api/datasets')
  const { data, error, isLoading, reload } = answer
  useAgain(answer)
  useEnds(reload)
  useChanged(({ what }) => what !== 'stream' && reload())
  const search = params.search?.toLowerCase() ?? ''
  const shown = data?.filter(({ dataset }) => dataset.toLowerCase().includes(search))
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Datasets</h1>
        {data && <p>{inWords(data)}</p>}
      </div>
      <section class="panel" aria-label="All datasets">
        <header>
          <h2>All datasets</h2>
          <search class="filters">
            <SearchField
              label="Search datasets"
              value={params.search ?? ''}
              onSearch={(asked) => settle(pathTo('datasets', { search: asked }))}
            />
          </search>
        </header>
        {error && <Problem error={error} retry={reload} />}
        {!data && isLoading && <Busy />}
        {shown && shown.length > 0 && <DatasetTable rows={shown} />}
        {shown?.length === 0 && <Nothing isFiltered={search !== ''} />}
      </section>
      {/* Datasets that came later would move it out of sight. */}
      <Held asked={data || error ? params.proposal : undefined} />
    </>
  )
}

function inWords(rows: DatasetRow[]): string {
  const held = rows.reduce((sum, row) => sum + row.held, 0)
  const broken = rows.filter((row) => row.broken !== null).length
  const told = [
    `${count(rows.length)} ${rows.length === 1 ? 'dataset' : 'datasets'}`,
    broken > 0 && `${count(broken)} with a contract that cannot be used`,
    held > 0 && (held === 1 ? 'one file held' : `${count(held)} files held`),
  ]
  return told.filter(Boolean).join(' · ')
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <Empty title={isFiltered ? 'No dataset has such a name' : 'There is no dataset yet'}>
      {isFiltered ? (
        <a href={pathTo('datasets')}>Show all datasets</a>
      ) : (
        'Drop a CSV on this page: a contract is proposed for it.'
      )}
    </Empty>
  )
}

/**
 * `#held` of the address leads here, and `?proposal=shop` to what is proposed for that package.
 */
function Held({ asked }: { asked: string | undefined }) {
  const { data } = useAnswer<ProposalRow[]>('/api/proposals')
  const section = useRef<HTMLElement>(null)
  const isThere = data !== undefined
  useEffect(() => {
    if (isThere && location.hash === '#held') section.current?.scrollIntoView()
  }, [isThere])
  return (
    <section id="held" ref={section} class="stack" aria-labelledby="held-heading">
      <h2 id="held-heading">Proposals for held files</h2>
      <ProposalList asked={asked} />
      {data?.length === 0 && (
        <p class="soft">
          None. A file without a contract is held, and one is proposed for it here.
        </p>
      )}
    </section>
  )
}
