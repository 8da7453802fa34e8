import uPlot from 'uplot'
import { type ChartData, drawnOf, positionsOf, stackedOf, stepOf } from './chart-data.ts'
import { axisFigures, timeTicks } from './chart-ticks.ts'
import { colorOf } from './theme.ts'

/** How a chart is drawn. The colours are those of the page as they are now. */

interface PlotProps {
  data: ChartData
  width: number
  height: number
  /** With the place along x that the pointer is at. */
  onPoint: (index: number) => void
}

/** @param box that the drawing is put into */
export function drawPlot(box: HTMLElement, { data, ...props }: PlotProps): uPlot {
  const positions = positionsOf(data.x)
  const drawn = drawnOf(data)
  const placed = data.kind === 'stacked' ? stackedOf(drawn) : drawn
  // The lower of a stack are drawn later, over the sums that hold them.
  const order = placed.map((_, index) => index)
  if (data.kind === 'stacked') order.reverse()
  const options: uPlot.Options = {
    ...{ width: props.width, height: props.height },
    // Signs stand above, and half of the last tick's text beyond its place.
    padding: [14, data.x.kind === 'time' ? 26 : 14, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { show: data.kind === 'line' } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { time: data.x.kind === 'time', range: () => xRange(data, positions) },
      y: { range: (_, min, max) => yRange(min, max) },
    },
    axes: [xAxis(data), yAxis(data)],
    series: [{}, ...order.map((index) => seriesOf(data, positions, index, placed.length))],
    hooks: {
      setCursor: [({ cursor: { idx } }) => idx !== null && idx !== undefined && props.onPoint(idx)],
      draw: [(plot) => drawMarks(plot, data, positions)],
    },
  }
  const values = order.map((index) => placed[index]!.values)
  return new uPlot(options, [positions, ...values], box)
}

/** Lines of one colour class differ by their dashes, too: nobody needs to tell colours apart. */
export const dashes = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [12, 5]]

function seriesOf(data: ChartData, positions: number[], index: number, of: number): uPlot.Series {
  const color = colorOf(`--chart-${index + 1}`)
  if (data.kind === 'line') {
    const points = { show: positions.length <= 60, fill: colorOf('--surface') }
    return { stroke: color, width: 2, dash: dashes[index] ?? [], points }
  }
  const step = stepOf(positions) * 0.8
  const width = data.kind === 'stacked' ? step : step / of
  const left = data.kind === 'stacked' ? -step / 2 : index * width - step / 2
  const paths = uPlot.paths.bars!({
    disp: {
      x0: { unit: 1, values: () => positions.map((position) => position + left) },
      size: { unit: 1, values: () => [width] },
    },
  })
  return { fill: color, stroke: color, width: 0, paths, points: { show: false } }
}

/** Half a bar stands beyond the first and the last place. */
function xRange({ kind }: ChartData, positions: number[]): [number, number] {
  const first = positions[0] ?? 0
  const last = positions.at(-1) ?? 0
  const beyond = kind !== 'line' || first === last ? stepOf(positions) / 2 : 0
  return [first - beyond, last + beyond]
}

/** From 0, so that twice as high is twice as much. */
function yRange(min: number | null, max: number | null): uPlot.Range.MinMax {
  const [least, most] = [Math.min(0, min ?? 0), Math.max(0, max ?? 0)]
  if (least === most) return [0, 1]
  const [low, high] = uPlot.rangeNum(least, most, 0.1, true)
  return [least === 0 ? 0 : low, most === 0 ? 0 : high]
}

const FONT_SIZE = 12

function axisOf(): uPlot.Axis {
  const line = colorOf('--line')
  return {
    font: `${FONT_SIZE}px system-ui, sans-serif`,
    stroke: colorOf('--text-soft'),
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 5 },
  }
}

function xAxis({ x: { kind, values, short = values } }: ChartData): uPlot.Axis {
  const axis = { ...axisOf(), grid: { show: false }, space: 76, size: 32 }
  if (kind === 'time') {
    return { ...axis, size: 48, values: (_, at, __, ___, step) => timeTicks(at, step) }
  }
  if (kind === 'number') return { ...axis, values: (_, at) => axisFigures(at) }
  const widest = Math.max(...short.map((text) => [...text].length))
  return {
    ...axis,
    space: Math.max(40, widest * FONT_SIZE * 0.6 + 8),
    incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    values: (_, at) => at.map((index) => short[index] ?? ''),
  }
}

function yAxis({ isShare }: ChartData): uPlot.Axis {
  return {
    ...axisOf(),
    space: 34,
    size: (_, values) => {
      const widest = Math.max(1, ...(values ?? []).map((text) => text?.length ?? 0))
      return widest * FONT_SIZE * 0.62 + 18
    },
    values: (_, at) => axisFigures(at, isShare),
  }
}

/** Signs stand in a line at the top; where places are closer than signs, some are left out. */
function drawMarks(plot: uPlot, { marks = [] }: ChartData, positions: number[]): void {
  const { ctx, bbox } = plot
  const signs = new Map<number, string>()
  for (const { sign, at } of marks) {
    for (const index of at) signs.set(index, `${signs.get(index) ?? ''}${sign}`)
  }
  ctx.save()
  ctx.font = `${11 * uPlot.pxRatio}px system-ui, sans-serif`
  ctx.textAlign = 'center'
  ctx.fillStyle = colorOf('--text')
  let end = Number.NEGATIVE_INFINITY
  for (const [index, sign] of [...signs].toSorted(([a], [b]) => a - b)) {
    const x = plot.valToPos(positions[index]!, 'x', true)
    const half = ctx.measureText(sign).width / 2
    if (x - half < end) continue
    end = x + half
    ctx.fillText(sign, x, bbox.top - 3 * uPlot.pxRatio)
  }
  ctx.restore()
}
