import type { StreamsAnswer } from '../shapes.ts'
import { count } from './format.ts'
import { pathTo } from './router.ts'
import { plainTime } from './stream-window.ts'
import { type Column, Table } from './table.tsx'

type Row = StreamsAnswer['datasets'][number]

const columns: Column<Row>[] = [
  {
    label: 'Dataset',
    kind: 'key',
    cell: ({ dataset }) => (
      <a href={pathTo('dataset', { name: dataset })} data-item>
        <bdi>{dataset}</bdi>
      </a>
    ),
  },
  { label: 'Records', kind: 'number', cell: ({ records }) => number(records) },
  { label: 'Accepted', kind: 'number', cell: ({ accepted }) => number(accepted) },
  {
    label: 'Quarantined',
    kind: 'number',
    cell: ({ dataset, rejected }) =>
      rejected === 0 ? (
        number(0)
      ) : (
        <a class="count-bad" href={pathTo('rejects', { dataset })}>
          {count(rejected)}
        </a>
      ),
  },
  {
    label: 'Late',
    kind: 'number',
    cell: ({ late }) => (late === 0 ? number(0) : <span class="count-wait">{count(late)}</span>),
  },
  { label: 'Watermark, UTC', kind: 'time', cell: ({ watermark }) => watermark && plain(watermark) },
  {
    label: 'Windows',
    cell: ({ dataset, windows }) => (
      <span>
        {windows.map((window, index) => (
          <span key={window}>
            {index > 0 && ', '}
            <a href={pathTo('streams', { dataset, window })}>{window}</a>
          </span>
        ))}
      </span>
    ),
  },
]

/** What has come of each dataset. */
export function StreamDatasets({ datasets }: { datasets: Row[] }) {
  return (
    <section class="panel" aria-labelledby="stream-datasets">
      <header>
        <h2 id="stream-datasets">Datasets</h2>
      </header>
      <Table
        caption="Datasets of streams"
        columns={columns}
        rows={datasets}
        keyOf={({ dataset }) => dataset}
        stack
      />
    </section>
  )
}

function plain(watermark: string) {
  return <time dateTime={watermark}>{plainTime(watermark)}</time>
}

function number(value: number) {
  return <span class={value === 0 ? 'zero' : undefined}>{count(value)}</span>
}
