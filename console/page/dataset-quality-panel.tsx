import { useMemo, useState } from 'preact/hooks'
import type { DatasetDetail } from '../shapes.ts'
import { Chart } from './chart.tsx'
import { OneOf } from './chart-choices.tsx'
import { type QualityKind, qualityChart, qualityKinds } from './dataset-quality.ts'
import { percent } from './format.ts'
import { Empty } from './notice.tsx'
import { pathTo } from './router.ts'

/** How good each object was, oldest first; a bar leads to its object. */
export function QualityPanel({ quality }: { quality: DatasetDetail['quality'] }) {
  const [kind, setKind] = useState<QualityKind>('share')
  const data = useMemo(() => qualityChart(quality, kind), [quality, kind])
  const isEmpty = data.series.length === 0
  return (
    <section class="panel" aria-labelledby="quality">
      <header>
        <h2 id="quality">Quality over time</h2>
        <OneOf
          label="What is drawn"
          value={kind}
          options={Object.entries(qualityKinds).map(([value, label]) => ({ value, label }))}
          onChoose={(value) => setKind(value as QualityKind)}
        />
      </header>
      <div class="inside">
        {quality.length === 0 && <Empty title="No object has been loaded yet" />}
        {quality.length > 0 && isEmpty && <Empty title="No record has an error" />}
        {quality.length > 0 && !isEmpty && (
          <Chart
            name={qualityKinds[kind]}
            data={data}
            hrefOf={(index) => pathTo('object', { key: quality[index]!.object })}
            {...(kind === 'share' ? { format: shareOf } : {})}
          />
        )}
      </div>
    </section>
  )
}

function shareOf(value: number | null): string {
  return value === null ? '–' : percent(value)
}
