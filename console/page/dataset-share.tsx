import { percent } from './format.ts'

/** How much of a whole, as a figure and as a bar beside it; nothing where there is no whole. */
export function Share({ part, of }: { part: number; of: number }) {
  if (of === 0) return <span class="zero">–</span>
  const share = part / of
  return (
    <span class="share">
      <span class="share-bar" aria-hidden="true">
        {part > 0 && <span style={{ width: `${share * 100}%` }} />}
      </span>
      <span class={part === 0 ? 'zero' : undefined}>{percent(share)}</span>
    </span>
  )
}
