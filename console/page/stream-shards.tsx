import type { StreamsAnswer } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { count, duration } from './format.ts'
import { plainTime } from './stream-window.ts'
import { type Column, Table } from './table.tsx'
import { When } from './when.tsx'

type Shard = StreamsAnswer['shards'][number]

const none = <span class="zero">–</span>

/** Behind the stream's tip by more than this is worth a colour. */
const LONG_LAG = 60_000

const columns: Column<Shard>[] = [
  {
    label: 'Shard',
    kind: 'key',
    cell: ({ stream, shard, closed, position }) => (
      <>
        <bdi>{shard}</bdi> {closed && <Badge status="closed" />}
        <span class="position">
          {stream}, {position === '' ? 'at its beginning' : <Position position={position} />}
        </span>
      </>
    ),
  },
  { label: 'Lag', kind: 'number', cell: (shard) => <Lag shard={shard} /> },
  {
    label: 'Throughput',
    kind: 'number',
    cell: ({ rate }) => (rate === null ? none : `${count(Math.round(rate * 10) / 10)} / s`),
  },
  { label: 'Records', kind: 'number', cell: ({ records }) => count(records) },
  { label: 'Quarantined', kind: 'number', cell: ({ rejected }) => bad(rejected) },
  { label: 'Late', kind: 'number', cell: ({ late }) => count(late) },
  { label: 'Unreadable', kind: 'number', cell: ({ poison }) => bad(poison) },
  { label: 'Open', kind: 'word', cell: ({ open, objects }) => openOf(open, objects) },
  {
    label: 'Watermark, UTC',
    kind: 'time',
    cell: ({ watermark }) => (watermark === null ? none : plainTime(watermark)),
  },
  { label: 'Last commit', kind: 'time', cell: ({ updated }) => <When at={updated} /> },
]

/** Shards that are read now; those that others have gone on from are asked for. */
export function Shards({ shards, unasked }: Pick<StreamsAnswer, 'shards' | 'unasked'>) {
  const open = shards.filter(({ closed }) => !closed)
  const closed = shards.filter((shard) => shard.closed)
  return (
    <section class="panel shards" aria-labelledby="shards">
      <header>
        <h2 id="shards">Shards</h2>
      </header>
      {unasked && <p class="inside soft small">How far behind they are is not known: {unasked}</p>}
      {open.length > 0 && <ShardTable caption="Shards that are read" rows={open} />}
      {closed.length > 0 && (
        <details class="inside closed-shards">
          <summary>
            {closed.length === 1 ? 'One closed shard' : `${count(closed.length)} closed shards`}
          </summary>
          <ShardTable caption="Closed shards" rows={closed} />
        </details>
      )}
    </section>
  )
}

function ShardTable({ caption, rows }: { caption: string; rows: Shard[] }) {
  return (
    <Table
      caption={caption}
      columns={columns}
      rows={rows}
      keyOf={({ stream, created, shard }) => `${stream} ${created} ${shard}`}
      stack
    />
  )
}

function Lag({ shard: { lag, closed } }: { shard: Shard }) {
  if (lag === null || closed) return none
  const told = duration(lag / 1000)
  return lag > LONG_LAG ? <span class="count-wait">{told}</span> : <span>{told}</span>
}

/** Groups of windows that are open, and objects of which a part is yet to come. */
function openOf(groups: number, objects: number) {
  const told = [
    groups > 0 && (groups === 1 ? '1 group' : `${count(groups)} groups`),
    objects > 0 && (objects === 1 ? '1 object' : `${count(objects)} objects`),
  ].filter(Boolean)
  return told.length === 0 ? none : told.join(', ')
}

function bad(value: number) {
  if (value === 0) return <span class="zero">0</span>
  return <span class="count-bad">{count(value)}</span>
}

/** A sequence number: its end is what changes. */
function Position({ position }: { position: string }) {
  const end = position.length > 16 ? `…${position.slice(-12)}` : position
  return (
    <>
      at <code title={position}>{end}</code>
    </>
  )
}
