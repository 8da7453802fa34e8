import type { ChartData } from './chart-data.ts'

interface OneOfProps {
  label: string
  value: string
  options: { value: string; label?: string }[]
  onChoose: (value: string) => void
  /** Whether its name is to be seen beside it. */
  isNamed?: boolean
}

/** One of several things, of which one is always chosen. */
export function OneOf({ label, value, options, onChoose, isNamed = false }: OneOfProps) {
  const select = (
    <select
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChoose(currentTarget.value)}
    >
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label ?? one.value}
        </option>
      ))}
    </select>
  )
  if (!isNamed) return select
  return (
    <span class="chart-choice">
      <span aria-hidden="true">{label}</span> {select}
    </span>
  )
}

const kinds = [
  { value: 'line', label: 'Lines' },
  { value: 'bars', label: 'Bars' },
  { value: 'stacked', label: 'Stacked bars' },
]

interface KindChoiceProps {
  kind: ChartData['kind']
  onChoose: (kind: ChartData['kind']) => void
  isNamed?: boolean
}

export function KindChoice({ kind, onChoose, isNamed = false }: KindChoiceProps) {
  return (
    <OneOf
      label="Drawn as"
      value={kind}
      options={kinds}
      onChoose={(value) => isKind(value) && onChoose(value)}
      isNamed={isNamed}
    />
  )
}

/** Whether a text, of an address say, is a kind of chart. */
export function isKind(text: string): text is ChartData['kind'] {
  return kinds.some(({ value }) => value === text)
}
