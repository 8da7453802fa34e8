import { useEffect, useRef, useState } from 'preact/hooks'

/** Copies a text; a browser that lets no page copy (plain http elsewhere) says so. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [told, setTold] = useState('')
  const timer = useRef<number>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const copy = async () => {
    const isCopied = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
      () => true,
      () => false,
    )
    setTold(isCopied ? 'Copied' : 'Mark it and copy by key')
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => setTold(''), 2000)
  }
  return (
    <button type="button" onClick={copy}>
      <span role="status">{told || `Copy ${what}`}</span>
    </button>
  )
}
