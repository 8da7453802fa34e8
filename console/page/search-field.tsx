import { useEffect, useRef, useState } from 'preact/hooks'

/** So long after the last key is asked, so that a word is asked for once. */
const PAUSE = 250

interface SearchFieldProps {
  label: string
  value: string
  onSearch: (value: string) => void
}

/** Asks once somebody has stopped writing; `/` brings the focus here. */
export function SearchField({ label, value, onSearch }: SearchFieldProps) {
  const [text, setText] = useState(value)
  const timer = useRef<number>(undefined)
  const newest = useRef(onSearch)
  newest.current = onSearch
  useEffect(() => setText(value), [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={({ currentTarget }) => {
        const { value: typed } = currentTarget
        setText(typed)
        clearTimeout(timer.current)
        timer.current = window.setTimeout(() => newest.current(typed.trim()), PAUSE)
      }}
    />
  )
}
