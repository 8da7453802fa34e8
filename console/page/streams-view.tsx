import { useEffect } from 'preact/hooks'
import type { StreamsAnswer } from '../shapes.ts'
import { useChanged } from './live.ts'
import { Busy, Empty, Problem } from './notice.tsx'
import type { Params } from './router.ts'
import { StreamDatasets } from './stream-datasets.tsx'
import { Shards } from './stream-shards.tsx'
import { WindowPanel } from './stream-window-panel.tsx'
import { useAnswer } from './use-answer.ts'

/** Lag and throughput change though nothing is committed. */
const EVERY = 5000

/** How streams stand, and what their windows hold. */
export function StreamsView({ params }: { params: Params }) {
  const { data, error, isLoading, reload } = useAnswer<StreamsAnswer>('/api/streams')
  useChanged(({ what }) => what !== 'proposal' && reload())
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), EVERY)
    return () => clearInterval(timer)
  }, [reload])
  const isEmpty = data && data.shards.length === 0 && data.datasets.length === 0
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Streams</h1>
      </div>
      {error && <Problem error={error} retry={reload} />}
      {!data && isLoading && <Busy />}
      {isEmpty && (
        <section class="panel">
          <Empty title="No stream has been read yet">
            A dataset flows when its contract says <code>stream:</code>, or its folder is below{' '}
            <code>streaming/</code>.
          </Empty>
        </section>
      )}
      {data && !isEmpty && (
        <>
          <StreamDatasets datasets={data.datasets} />
          <WindowPanel params={params} datasets={data.datasets} />
          <Shards shards={data.shards} unasked={data.unasked} />
        </>
      )}
    </>
  )
}
