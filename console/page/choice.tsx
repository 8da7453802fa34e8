interface ChoiceProps {
  label: string
  value: string
  /** What it says where nothing is chosen: `All datasets`. */
  all: string
  options: { value: string; label?: string }[]
  onChoose: (value: string) => void
}

/** One of several, or all; what the address names is an option, too, even one that is gone. */
export function Choice({ label, value, all, options, onChoose }: ChoiceProps) {
  const isOption = value === '' || options.some((one) => one.value === value)
  return (
    <select
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChoose(currentTarget.value)}
    >
      <option value="">{all}</option>
      {!isOption && <option value={value}>{value}</option>}
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label ?? one.value}
        </option>
      ))}
    </select>
  )
}
