import type { ChartData } from './chart-data.ts'
import { type Column, Table } from './table.tsx'

interface ChartTableProps {
  name: string
  data: ChartData
  hrefOf: ((index: number) => string) | undefined
  format: (value: number | null) => string
}

/** The figures of a chart, those too that are not drawn. */
export function ChartTable({ name, data, hrefOf, format }: ChartTableProps) {
  const { x, series, marks = [] } = data
  const columns: Column<number>[] = [
    {
      label: x.label,
      kind: x.kind === 'category' ? 'key' : 'text',
      cell: (index) =>
        hrefOf ? (
          <a href={hrefOf(index)} data-item>
            <bdi>{x.values[index]}</bdi>
          </a>
        ) : (
          <bdi>{x.values[index]}</bdi>
        ),
    },
    ...series.map(({ label, values }): Column<number> => {
      return { label, kind: 'number', cell: (index) => format(values[index] ?? null) }
    }),
    ...marks
      .filter(({ at }) => at.length > 0)
      .map(({ label, at }): Column<number> => {
        const those = new Set(at)
        return { label, cell: (index) => (those.has(index) ? 'yes' : '') }
      }),
  ]
  const rows = x.values.map((_, index) => index)
  return (
    <div class="chart-table">
      <Table caption={name} columns={columns} rows={rows} keyOf={(index) => String(index)} />
    </div>
  )
}
