import type { ObjectRow, RejectState, StageEnd } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { mainEnd, reasonOf } from './ends.ts'
import { count } from './format.ts'
import { isProposed, proposalPath } from './proposal-link.ts'
import { pathTo } from './router.ts'
import { type Column, Table } from './table.tsx'
import { KeyText } from './text.tsx'
import { When } from './when.tsx'

const linkTo = ({ object }: ObjectRow) => pathTo('object', { key: object })

const columns: Column<ObjectRow>[] = [
  { label: 'Object', kind: 'key', cell: (row) => <ObjectCell row={row} /> },
  {
    label: 'Dataset',
    width: 128,
    kind: 'word',
    cell: ({ dataset }) => dataset && <DatasetLink dataset={dataset} />,
  },
  { label: 'Postgres', width: 78, kind: 'word', cell: ({ raw }) => <StageCell end={raw} /> },
  { label: 'Silver', width: 78, kind: 'word', cell: ({ silver }) => <StageCell end={silver} /> },
  { label: 'Stream', width: 92, kind: 'word', cell: ({ stream }) => <StageCell end={stream} /> },
  { label: 'Records', width: 70, kind: 'number', cell: (row) => number(mainEnd(row)?.records) },
  { label: 'Accepted', width: 74, kind: 'number', cell: (row) => number(mainEnd(row)?.accepted) },
  {
    label: 'Rejected',
    width: 70,
    kind: 'number',
    cell: (row) => <Left row={row} state="rejected" />,
  },
  {
    label: 'Waiting',
    width: 64,
    kind: 'number',
    cell: (row) => <Left row={row} state="waiting" />,
  },
  { label: 'When', width: 88, kind: 'time', cell: ({ at }) => <When at={at} /> },
]

/** Objects with how each stage has ended; a row leads to all that is known of its object. */
export function HistoryTable({ rows }: { rows: ObjectRow[] }) {
  return (
    <Table
      caption="Objects, newest end first"
      columns={columns}
      rows={rows}
      keyOf={({ object }) => object}
      open={linkTo}
      stack
    />
  )
}

function ObjectCell({ row }: { row: ObjectRow }) {
  const reason = reasonOf(row)
  return (
    <>
      <a href={linkTo(row)} data-item>
        <KeyText text={row.object} />
      </a>
      {reason && (
        <span class="reason" title={reason}>
          {reason}
        </span>
      )}
      {isProposed(row.raw) && (
        <a class="way" href={proposalPath(row.object)}>
          See the proposed contract
        </a>
      )}
    </>
  )
}

function DatasetLink({ dataset }: { dataset: string }) {
  return <a href={pathTo('dataset', { name: dataset })}>{dataset}</a>
}

function StageCell({ end }: { end: StageEnd | null }) {
  return end && <Badge status={end.status} title={end.reason} />
}

/** Records that could not go, with the way to them. */
function Left({ row, state }: { row: ObjectRow; state: Exclude<RejectState, 'mended'> }) {
  const left = mainEnd(row)?.[state]
  if (!left) return number(left)
  const path = pathTo('rejects', { object: row.object, state: state === 'waiting' ? state : null })
  return (
    <a class={state === 'waiting' ? 'count-wait' : 'count-bad'} href={path}>
      {count(left)}
    </a>
  )
}

function number(value: number | undefined) {
  if (value === undefined) return null
  return <span class={value === 0 ? 'zero' : undefined}>{count(value)}</span>
}
