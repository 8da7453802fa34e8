import { type ChartData, drawnOf } from './chart-data.ts'
import { dashes } from './chart-plot.ts'

interface LegendProps {
  data: ChartData
  /** The place along x whose values it tells. */
  index: number
  hrefOf: ((index: number) => string) | undefined
  format: (value: number | null) => string
}

/** What the colours mean, with the values of one place. */
export function ChartLegend({ data, index, hrefOf, format }: LegendProps) {
  const { x, marks = [] } = data
  const name = x.values[index]
  const drawn = drawnOf(data)
  return (
    <div class="chart-legend">
      <p class="chart-place">
        {x.label}{' '}
        <bdi>{hrefOf && name !== undefined ? <a href={hrefOf(index)}>{name}</a> : name}</bdi>
        {marks
          .filter(({ at }) => at.includes(index))
          .map(({ sign, label }) => (
            <span key={label}>
              {' '}
              {sign} {label}
            </span>
          ))}
      </p>
      <ul>
        {drawn.map(({ label, values }, place) => (
          <li key={label}>
            <Swatch data={data} place={place} />
            <bdi>{label}</bdi> <strong>{format(values[index] ?? null)}</strong>
          </li>
        ))}
        {marks
          .filter(({ at }) => at.length > 0)
          .map(({ sign, label }) => (
            <li key={label}>
              <span aria-hidden="true">{sign}</span> {label}
            </li>
          ))}
      </ul>
    </div>
  )
}

function Swatch({ data: { kind }, place }: { data: ChartData; place: number }) {
  const color = `var(--chart-${place + 1})`
  return (
    <svg class="chart-swatch" viewBox="0 0 24 12" width={24} height={12} aria-hidden="true">
      {kind === 'line' ? (
        <line
          x1={0}
          y1={6}
          x2={24}
          y2={6}
          style={{ stroke: color, strokeWidth: '3px', strokeDasharray: dashes[place]?.join(' ') }}
        />
      ) : (
        <rect x={6} width={12} height={12} rx={2} style={{ fill: color }} />
      )}
    </svg>
  )
}
