import { useEffect, useMemo, useState } from 'preact/hooks'
import type { QueryAnswer } from '../shapes.ts'
import { Chart } from './chart.tsx'
import { KindChoice, OneOf } from './chart-choices.tsx'
import type { ChartData } from './chart-data.ts'
import { Empty } from './notice.tsx'
import { type Choice, firstChoice, isNumeric, namesOf, resultChart } from './sql-chart.ts'

/** An answer as lines or bars of columns that one chooses. */
export function ResultChart({ answer }: { answer: QueryAnswer }) {
  const [choice, setChoice] = useState(() => firstChoice(answer))
  useEffect(() => setChoice(firstChoice(answer)), [answer])
  const data = useMemo(() => choice && safeChart(answer, choice), [answer, choice])
  if (!choice || !data) {
    return <Empty title="Nothing to draw">A chart needs a row, and a column of numbers.</Empty>
  }
  const { columns } = answer
  return (
    <div class="inside stack">
      <Choices columns={columns} choice={choice} setChoice={setChoice} />
      {choice.y.length > 0 && data.x.values.length > 0 ? (
        <Chart name={nameOf(answer, choice)} data={data} />
      ) : (
        <Empty title="Choose a column to draw" />
      )}
    </div>
  )
}

/** Of an earlier answer, columns may be chosen that this one has not. */
function safeChart(answer: QueryAnswer, choice: Choice): ChartData | null {
  const all = [choice.x, ...choice.y, choice.by ?? 0]
  return all.every((place) => place < answer.columns.length) ? resultChart(answer, choice) : null
}

function nameOf({ columns }: QueryAnswer, { x, y, by }: Choice): string {
  const names = namesOf(columns)
  const what = `${y.map((place) => names[place]).join(', ')} by ${names[x]}`
  return by === null ? what : `${what}, for each ${names[by]}`
}

interface ChoicesProps {
  columns: QueryAnswer['columns']
  choice: Choice
  setChoice: (choice: Choice) => void
}

function Choices({ columns, choice, setChoice }: ChoicesProps) {
  const names = namesOf(columns)
  const places = names.map((label, place) => ({ value: String(place), label }))
  return (
    <div class="sql-choices">
      <KindChoice kind={choice.kind} onChoose={(kind) => setChoice({ ...choice, kind })} isNamed />
      <OneOf
        label="Along"
        value={String(choice.x)}
        options={places}
        onChoose={(x) => setChoice({ ...choice, x: Number(x) })}
        isNamed
      />
      <OneOf
        label="One for each"
        value={String(choice.by ?? '')}
        options={[{ value: '', label: '–' }, ...places]}
        onChoose={(by) => setChoice({ ...choice, by: by === '' ? null : Number(by) })}
        isNamed
      />
      <Values columns={columns} choice={choice} setChoice={setChoice} />
    </div>
  )
}

function Values({ columns, choice, setChoice }: ChoicesProps) {
  const names = namesOf(columns)
  const numbers = columns.flatMap((column, place) => (isNumeric(column) ? [place] : []))
  const toggle = (place: number) => {
    const y = choice.y.includes(place)
      ? choice.y.filter((one) => one !== place)
      : [...choice.y, place].toSorted((a, b) => a - b)
    setChoice({ ...choice, y })
  }
  return (
    <fieldset>
      <legend>Values</legend>
      {numbers.map((place) => (
        <label key={place}>
          <input
            type="checkbox"
            checked={choice.y.includes(place)}
            onChange={() => toggle(place)}
          />{' '}
          {names[place]}
        </label>
      ))}
    </fieldset>
  )
}
