import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

interface DialogProps {
  title: string
  close: () => void
  /** Something is under way: Esc alone does not end it. */
  keep?: boolean
  children: ComponentChildren
}

/** The browser's own modal dialog: it keeps the focus, and Esc closes it. */
export function Dialog({ title, close, keep = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    dialog.current?.showModal()
    // Whoever is asked something answers first, and closes later.
    dialog.current?.querySelector<HTMLElement>('input:not([type="radio"])')?.focus()
  }, [])
  // A link out of it leads to another view.
  const onClick = (event: MouseEvent) => {
    const isLink = event.target instanceof Element && event.target.closest('a')
    if (isLink && !event.ctrlKey && !event.metaKey && !event.shiftKey) dialog.current?.close()
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onClose={close}
      onClick={onClick}
      onCancel={(event) => keep && event.preventDefault()}
    >
      <div class="inside">
        <div class="view-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            {keep ? 'Stop and close' : 'Close'}
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
