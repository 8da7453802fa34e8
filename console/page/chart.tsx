import { useEffect, useRef, useState } from 'preact/hooks'
import { type ChartData, drawnOf } from './chart-data.ts'
import { ChartLegend } from './chart-legend.tsx'
import { drawPlot } from './chart-plot.ts'
import { ChartTable } from './chart-table.tsx'
import { figure } from './chart-ticks.ts'
import { go } from './router.ts'
import { onTheme } from './theme.ts'

interface ChartProps {
  /** What it shows: `Rejects by rule`. */
  name: string
  /** The same object as long as nothing has changed: another one is drawn anew. */
  data: ChartData
  /** Where a place along x leads. */
  hrefOf?: (index: number) => string
  /** How a value is written. */
  format?: (value: number | null) => string
}

/**
 * A drawing of figures, which stand beside it as text for the place that the pointer is at; and as
 * a table, for all who do not look at drawings.
 */
export function Chart({ name, data, hrefOf, format = figure }: ChartProps) {
  const [isTable, setTable] = useState(false)
  const [at, setAt] = useState<number>()
  const last = data.x.values.length - 1
  const index = at === undefined || at > last ? last : at
  // On a stack, those that are not drawn apart are drawn as one.
  const hidden = data.kind === 'stacked' ? 0 : data.series.length - drawnOf(data).length
  return (
    <figure class="chart">
      <div class="chart-head">
        <figcaption>{name}</figcaption>
        <button type="button" class="quiet small" onClick={() => setTable(!isTable)}>
          {isTable ? 'Show as chart' : 'Show as table'}
        </button>
      </div>
      {isTable ? (
        <ChartTable name={name} data={data} hrefOf={hrefOf} format={format} />
      ) : (
        <>
          <Plot name={name} data={data} hrefOf={hrefOf} onPoint={setAt} />
          <ChartLegend data={data} index={index} hrefOf={hrefOf} format={format} />
          {hidden > 0 && <p class="soft small">{hidden} more are in the table alone.</p>}
        </>
      )}
    </figure>
  )
}

type PlotProps = Pick<ChartProps, 'name' | 'data'> & {
  hrefOf: ChartProps['hrefOf']
  onPoint: (index: number) => void
}

/** The drawing, as wide as its box. */
function Plot({ name, data, hrefOf, onPoint }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const pointed = useRef<number>(undefined)
  const theme = useThemeChanges()
  useEffect(() => {
    const { clientWidth: width, clientHeight: height } = box.current!
    const plot = drawPlot(box.current!, {
      ...{ data, width, height },
      onPoint: (index) => {
        pointed.current = index
        onPoint(index)
      },
    })
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect
      if (width !== plot.width || height !== plot.height) plot.setSize({ width, height })
    })
    observer.observe(box.current!)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
    // Another theme has other colours.
  }, [data, theme])
  return (
    // What a click does, the links of the legend and of the table do, too.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <div
      class="chart-plot"
      ref={box}
      role="img"
      aria-label={`${name}: ${summaryOf(data)}. All figures are in the table.`}
      data-link={hrefOf ? '' : undefined}
      onClick={(event) => {
        // A finger has no other way to point than this.
        const isMouse = (event as unknown as PointerEvent).pointerType === 'mouse'
        if (hrefOf && isMouse && pointed.current !== undefined) go(hrefOf(pointed.current))
      }}
    />
  )
}

function summaryOf(data: ChartData): string {
  const { kind, x } = data
  const what = kind === 'line' ? 'lines' : 'bars'
  const names = drawnOf(data).map(({ label }) => label)
  const from = `${x.label} from ${x.values[0]} to ${x.values.at(-1)}`
  return `${what} of ${names.join(', ')}, by ${from}`
}

/** How often the colours have changed. */
function useThemeChanges(): number {
  const [changes, setChanges] = useState(0)
  useEffect(() => onTheme(() => setChanges((before) => before + 1)), [])
  return changes
}
