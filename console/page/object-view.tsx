import type { ObjectDetail } from '../shapes.ts'
import { pathWith } from './api.ts'
import { useChanged, useEnds } from './live.ts'
import { Busy, Empty, Problem } from './notice.tsx'
import { Commits } from './object-commits.tsx'
import { ObjectFacts } from './object-facts.tsx'
import { ObjectFiles } from './object-files.tsx'
import { ObjectReason } from './object-reason.tsx'
import { StageEnds } from './object-stages.tsx'
import { type Params, pathTo } from './router.ts'
import { RuleBars } from './rule-bars.tsx'
import { KeyText } from './text.tsx'
import { useAnswer } from './use-answer.ts'

/** All that is known of one object: how each stage has ended, what it left, and where that is. */
export function ObjectView({ params }: { params: Params }) {
  const key = params.key ?? ''
  const path = key ? pathWith('/api/object', { key }) : null
  const { data, error, isLoading, reload } = useAnswer<ObjectDetail>(path)
  useEnds((ends) => {
    const isOfIt = ({ object }: { object: string }) => object === key || object === data?.replay
    if (ends.some(isOfIt)) reload()
  })
  useChanged(({ what }) => {
    if (what === 'contract') reload()
  })
  return (
    <>
      <div>
        <h1 tabIndex={-1}>{key ? <KeyText text={key} /> : 'Object'}</h1>
        {data && <ObjectFacts object={data} />}
      </div>
      {!key && (
        <Empty title="No object is named">
          <a href={pathTo('flow')}>Choose one from the history</a>
        </Empty>
      )}
      {error && <Problem error={error} retry={reload} />}
      {!data && isLoading && path && <Busy />}
      {data && <Detail object={data} />}
    </>
  )
}

function Detail({ object }: { object: ObjectDetail }) {
  const { rules } = object
  return (
    <>
      <ObjectReason object={object} />
      <StageEnds object={object} />
      {rules.length > 0 && (
        <section class="panel" aria-label="Rejects by rule and field">
          <header>
            <h2>Rejects by rule and field</h2>
            <a href={pathTo('rejects', { object: object.object })}>All its rejects</a>
          </header>
          <div class="inside">
            <RuleBars
              rules={rules}
              linkTo={({ rule, field }) => {
                return pathTo('rejects', { object: object.object, rule, field })
              }}
            />
          </div>
        </section>
      )}
      <ObjectFiles object={object} />
      <Commits commits={object.commits} />
    </>
  )
}
