import { useState } from 'preact/hooks'
import type { ColumnStats } from '../shapes.ts'
import { pathWith } from './api.ts'
import { count, percent } from './format.ts'
import { Busy, Empty, Problem } from './notice.tsx'
import { type Column, Table } from './table.tsx'
import { useAnswer } from './use-answer.ts'

const columns: Column<ColumnStats>[] = [
  { label: 'Column', kind: 'key', cell: ({ name }) => <strong>{name}</strong> },
  { label: 'Type', cell: ({ type }) => <code>{type}</code> },
  { label: 'Least', cell: ({ min }) => valueCell(min) },
  { label: 'Greatest', cell: ({ max }) => valueCell(max) },
  { label: 'Mean', kind: 'number', cell: ({ mean }) => valueCell(mean) },
  {
    label: 'Distinct, about',
    kind: 'number',
    cell: ({ distinct }) => (distinct === null ? none : count(distinct)),
  },
  {
    label: 'Empty',
    kind: 'number',
    cell: ({ nulls }) => (nulls === null ? none : percent(nulls / 100)),
  },
]

const none = <span class="zero">–</span>

function valueCell(value: string | null) {
  return value === null ? none : <span class="cell-value">{value}</span>
}

/** What the columns hold. All files are read for it, so that somebody must want it. */
export function ColumnsPanel({ dataset, of }: { dataset: string; of: string }) {
  const [isWanted, setWanted] = useState(false)
  const path = isWanted ? pathWith('/api/columns', { dataset }) : null
  const { data, error, isLoading, reload } = useAnswer<ColumnStats[]>(path)
  return (
    <section class="panel" aria-labelledby="columns">
      <header>
        <h2 id="columns">Columns of {of}</h2>
        <button
          type="button"
          disabled={isWanted && isLoading}
          onClick={() => (isWanted ? reload() : setWanted(true))}
        >
          {isWanted ? 'Count again' : 'Count'}
        </button>
      </header>
      {!isWanted && (
        <p class="inside soft">
          Least and greatest value, mean, distinct values and empty cells of each column: all of its
          Parquet is read for them.
        </p>
      )}
      {error && <Problem error={error} retry={reload} />}
      {isWanted && !data && isLoading && <Busy what="Counting" />}
      {data?.length === 0 && <Empty title="No row is there yet" />}
      {data && data.length > 0 && (
        <div class="details">
          <Table
            caption="What the columns hold"
            columns={columns}
            rows={data}
            keyOf={({ name }) => name}
            stack
          />
        </div>
      )}
    </section>
  )
}
