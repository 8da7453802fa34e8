import { useEffect, useRef } from 'preact/hooks'
import type { AcceptAnswer, LiveEvents } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { count } from './format.ts'
import { pathTo } from './router.ts'
import { stageNames } from './stage.ts'

type End = LiveEvents['end']

/** What becomes of the files that an accepted proposal has let through, as it happens. */
export function Accepted({ answer, ends }: { answer: AcceptAnswer; ends: End[] }) {
  const { file, resources, keys } = answer
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that had the focus is gone with its proposal.
  useEffect(() => heading.current?.focus(), [])
  return (
    <section class="panel proposal" aria-label={`Accepted: ${file}`}>
      <header>
        <h2 ref={heading} tabIndex={-1}>
          Accepted: <bdi>{file}</bdi>
        </h2>
      </header>
      <div class="inside stack">
        <p class="small" role="status">
          It describes {resources.join(', ')} now. {progressOf(keys, ends)}
        </p>
        <ul class="keys-list">
          {keys.map((key) => (
            <li key={key}>
              <a href={pathTo('object', { key })}>
                <bdi>{key}</bdi>
              </a>
              <Ends ends={newestOf(ends.filter(({ object }) => object === key))} />
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}

function progressOf(keys: string[], ends: End[]): string {
  const ended = keys.filter((key) => ends.some(({ object }) => object === key)).length
  if (ended === keys.length) return 'All its files have been looked at again.'
  return `${count(ended)} of ${count(keys.length)} files have been looked at again.`
}

/** One for each stage. */
function newestOf(ends: End[]): End[] {
  return [...new Map(ends.map((end) => [end.stage, end])).values()]
}

function Ends({ ends }: { ends: End[] }) {
  if (ends.length === 0) return <Badge status="waiting" />
  return ends.map(({ stage, status, reason, accepted, rejected }) => (
    <span key={stage}>
      {stageNames[stage]} <Badge status={status} title={reason} /> {count(accepted)} accepted
      {rejected > 0 && `, ${count(rejected)} rejected`}
    </span>
  ))
}
