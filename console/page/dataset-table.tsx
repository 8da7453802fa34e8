import type { DatasetRow } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { Share } from './dataset-share.tsx'
import { count } from './format.ts'
import { pathTo, type View } from './router.ts'
import { type Column, Table } from './table.tsx'
import { When } from './when.tsx'

const linkTo = ({ dataset }: DatasetRow) => pathTo('dataset', { name: dataset })

const columns: Column<DatasetRow>[] = [
  { label: 'Dataset', kind: 'key', cell: (row) => <NameCell row={row} /> },
  { label: 'Objects', kind: 'number', cell: ({ objects }) => number(objects) },
  { label: 'Records', kind: 'number', cell: ({ records }) => number(records) },
  { label: 'Accepted', kind: 'number', cell: ({ accepted }) => number(accepted) },
  {
    label: 'Rejected',
    kind: 'number',
    cell: ({ dataset, rejected }) => left(rejected, 'count-bad', 'rejects', { dataset }),
  },
  {
    label: 'Share rejected',
    kind: 'number',
    cell: ({ rejected, records }) => <Share part={rejected} of={records} />,
  },
  {
    label: 'Waiting',
    kind: 'number',
    cell: ({ dataset, waiting }) =>
      left(waiting, 'count-wait', 'rejects', { dataset, state: 'waiting' }),
  },
  {
    label: 'Held',
    kind: 'number',
    cell: ({ dataset, held }) => left(held, 'count-wait', 'flow', { dataset, status: 'held' }),
  },
  {
    label: 'Refused',
    kind: 'number',
    cell: ({ dataset, refused }) =>
      left(refused, 'count-bad', 'flow', { dataset, status: 'refused' }),
  },
  { label: 'Newest', kind: 'time', cell: ({ at }) => <When at={at} /> },
]

/** Datasets with how their records stand; a row leads to all that is known of its dataset. */
export function DatasetTable({ rows }: { rows: DatasetRow[] }) {
  return (
    <div class="datasets">
      <Table
        caption="Datasets"
        columns={columns}
        rows={rows}
        keyOf={({ dataset }) => dataset}
        open={linkTo}
        stack
      />
    </div>
  )
}

function NameCell({ row }: { row: DatasetRow }) {
  return (
    <>
      <a href={linkTo(row)} data-item>
        <bdi>{row.dataset}</bdi>
      </a>{' '}
      {row.streamed && <Badge status="streamed" />}
      {row.broken && (
        <span class="broken">
          <span class="badge" data-tone="bad">
            broken
          </span>{' '}
          {row.broken}
        </span>
      )}
    </>
  )
}

function left(value: number, tone: string, view: View, params: Record<string, string>) {
  if (value === 0) return number(value)
  return (
    <a class={tone} href={pathTo(view, params)}>
      {count(value)}
    </a>
  )
}

function number(value: number) {
  return <span class={value === 0 ? 'zero' : undefined}>{count(value)}</span>
}
