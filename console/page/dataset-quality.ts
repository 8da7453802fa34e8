import type { DatasetDetail, RuleCount } from '../shapes.ts'
import type { ChartData, ChartSeries } from './chart-data.ts'
import { shortKey } from './chart-ticks.ts'

type Quality = DatasetDetail['quality']

/** What of a dataset's quality is drawn. */
export const qualityKinds = {
  share: 'Share not accepted',
  records: 'Records, accepted and not',
  rule: 'Errors by rule',
  field: 'Errors by field',
} as const

export type QualityKind = keyof typeof qualityKinds

/** Of objects, oldest first, a chart with a place for each. */
export function qualityChart(quality: Quality, kind: QualityKind): ChartData {
  const values = quality.map(({ object }) => object)
  const x = { label: 'Object', kind: 'category', values, short: values.map((key) => shortKey(key)) }
  const isStack = kind !== 'share'
  return {
    kind: isStack ? 'stacked' : 'bars',
    x: { ...x, kind: 'category' },
    series: seriesOf(quality, kind),
    isShare: kind === 'share',
  }
}

function seriesOf(quality: Quality, kind: QualityKind): ChartSeries[] {
  const left = quality.map(({ records, accepted }) => records - accepted)
  switch (kind) {
    case 'share': {
      const share = quality.map(({ records }, index) => (records ? left[index]! / records : null))
      return [{ label: 'not accepted', values: share }]
    }
    case 'records':
      return [
        { label: 'accepted', values: quality.map(({ accepted }) => accepted) },
        { label: 'not accepted', values: left },
      ]
    case 'rule':
      return seriesBy(quality, ({ rule }) => rule)
    case 'field':
      return seriesBy(quality, ({ field }) => field ?? 'the whole record')
  }
}

/** The commonest first. */
function seriesBy(quality: Quality, nameOf: (rule: RuleCount) => string): ChartSeries[] {
  const all = quality.flatMap(({ rules }, index) => rules.map((rule) => ({ index, rule })))
  const groups = Map.groupBy(all, ({ rule }) => nameOf(rule))
  const series = [...groups].map(([label, counts]) => {
    const values = quality.map(() => 0)
    for (const { index, rule } of counts) values[index]! += rule.records
    return { label, values }
  })
  const sum = ({ values }: { values: number[] }) => values.reduce((total, one) => total + one, 0)
  return series.toSorted((a, b) => sum(b) - sum(a))
}
