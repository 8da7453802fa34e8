import { useState } from 'preact/hooks'
import { count } from './format.ts'
import { type DiffLine, foldedDiff } from './proposal-diff.ts'

/** A descriptor as it would be, line by line: what is new is green and has a `+` before it. */
export function DiffView({ label, lines }: { label: string; lines: DiffLine[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section class="diff mono" aria-label={label} tabIndex={0}>
      {foldedDiff(lines).map((part, index) =>
        part.isFold ? (
          <Fold key={index} lines={part.lines} />
        ) : (
          part.lines.map((line, at) => <Line key={`${index} ${at}`} line={line} />)
        ),
      )}
    </section>
  )
}

function Fold({ lines }: { lines: DiffLine[] }) {
  const [isOpen, setOpen] = useState(false)
  if (isOpen) return lines.map((line, at) => <Line key={at} line={line} />)
  return (
    <button type="button" class="diff-fold" onClick={() => setOpen(true)}>
      Show {count(lines.length)} lines that stay as they are
    </button>
  )
}

const tags = { '+': 'ins', '-': 'del', ' ': 'div' } as const

function Line({ line: { mark, text } }: { line: DiffLine }) {
  const Tag = tags[mark]
  return (
    <Tag class="diff-line">
      <span class="diff-mark">{mark}</span>
      <span>{text || ' '}</span>
    </Tag>
  )
}
