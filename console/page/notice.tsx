import type { ComponentChildren } from 'preact'

/** What went wrong and what to do, with a button to try again where that may help. */
export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div class="notice" data-tone="bad" role="alert">
      <span>{error.message}</span>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** There is nothing, and what would change that. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children && <span>{children}</span>}
    </div>
  )
}

/** Shows after 300 ms only: what is there sooner needs no sign. */
export function Busy({ what = 'Loading' }: { what?: string }) {
  return (
    <div class="busy" role="status">
      {what}…
    </div>
  )
}
