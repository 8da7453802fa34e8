import { useMemo } from 'preact/hooks'
import type { StreamsAnswer, WindowAnswer } from '../shapes.ts'
import { pathWith } from './api.ts'
import { Chart } from './chart.tsx'
import { isKind, KindChoice, OneOf } from './chart-choices.tsx'
import { useAgain } from './dataset-again.ts'
import { useChanged } from './live.ts'
import { Busy, Empty, Problem } from './notice.tsx'
import { type Params, pathTo, settle } from './router.ts'
import { groupsOf, type WindowChoice, windowChart } from './stream-window.ts'
import { useAnswer } from './use-answer.ts'

interface WindowPanelProps {
  params: Params
  datasets: StreamsAnswer['datasets']
}

/** A window as a chart: which one, what of it and of which group stands in the address. */
export function WindowPanel({ params, datasets }: WindowPanelProps) {
  const all = datasets.flatMap(({ dataset, windows }) => windows.map((name) => ({ dataset, name })))
  const ofDataset = all.filter(({ dataset }) => dataset === params.dataset)
  const chosen = ofDataset.find(({ name }) => name === params.window) ?? ofDataset[0] ?? all[0]
  if (!chosen) return null
  return (
    <section class="panel" aria-labelledby="windows">
      <header>
        <h2 id="windows">Windows</h2>
        <OneOf
          label="Window"
          value={JSON.stringify(chosen)}
          options={all.map((one) => {
            return { value: JSON.stringify(one), label: `${one.dataset} · ${one.name}` }
          })}
          onChoose={(value) => {
            const { dataset, name } = JSON.parse(value)
            settle(pathTo('streams', { dataset, window: name }))
          }}
        />
      </header>
      <Window
        key={JSON.stringify(chosen)}
        dataset={chosen.dataset}
        name={chosen.name}
        params={params}
      />
    </section>
  )
}

interface WindowProps {
  dataset: string
  name: string
  params: Params
}

function Window({ dataset, name, params }: WindowProps) {
  const path = pathWith('/api/window', { dataset, name })
  const answer = useAnswer<WindowAnswer>(path)
  const { data, error, isLoading, reload } = answer
  useAgain(answer)
  useChanged(({ what }) => what === 'stream' && reload())
  const choice = data && choiceOf(data, params)
  const { measure, group, kind } = choice ?? {}
  const chart = useMemo(() => {
    if (!data || !measure || !kind) return undefined
    return windowChart(data, { measure, group: group ?? null, kind })
  }, [data, measure, group, kind])
  const change = (changed: Record<string, string | null>) =>
    settle(pathTo('streams', { ...params, dataset, window: name, ...changed }))
  return (
    <div class="inside stack">
      {error && <Problem error={error} retry={reload} />}
      {!data && isLoading && <Busy />}
      {data?.rows.length === 0 && <Empty title="No window has begun yet" />}
      {data && chart && choice && data.rows.length > 0 && (
        <>
          <Choices answer={data} choice={choice} change={change} />
          <Chart name={`${choice.measure} of ${dataset}, window ${name}`} data={chart} />
        </>
      )}
    </div>
  )
}

/** What the address says, as far as there is such a thing. */
function choiceOf(answer: WindowAnswer, params: Params): WindowChoice {
  const { measure = '', group, kind = '' } = params
  const groups = groupsOf(answer)
  const isOne = group !== undefined && groups.includes(group)
  const first = isOne || groups.length < 2 ? 'bars' : 'line'
  return {
    measure: answer.measures.includes(measure) ? measure : (answer.measures[0] ?? ''),
    group: isOne ? group : null,
    kind: isKind(kind) ? kind : first,
  }
}

interface ChoicesProps {
  answer: WindowAnswer
  choice: WindowChoice
  change: (changed: Record<string, string | null>) => void
}

function Choices({ answer, choice, change }: ChoicesProps) {
  const groups = groupsOf(answer)
  const of = answer.groups.join(', ')
  return (
    <div class="filters">
      <OneOf
        label="Measure"
        value={choice.measure}
        options={answer.measures.map((value) => ({ value }))}
        onChoose={(measure) => change({ measure })}
      />
      {groups.length > 1 && (
        <OneOf
          label={of}
          value={choice.group ?? ''}
          options={[{ value: '', label: `Each ${of}` }, ...groups.map((value) => ({ value }))]}
          onChoose={(group) => change({ group })}
        />
      )}
      <KindChoice kind={choice.kind} onChoose={(kind) => change({ kind })} />
    </div>
  )
}
