import type { RefObject } from 'preact'
import { useState } from 'preact/hooks'
import { sharedPath } from './sql-share.ts'
import { Since } from './when.tsx'

interface EditorProps {
  box: RefObject<HTMLTextAreaElement | null>
  sql: string
  setSQL: (sql: string) => void
  run: () => void
  cancel: () => void
  /** Since when a query runs; undefined: none does. */
  since: string | undefined
}

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** A plain text field: Ctrl or Cmd with Enter runs it, and Tab leads on as everywhere. */
export function Editor({ box, sql, setSQL, run, cancel, since }: EditorProps) {
  const isRunning = since !== undefined
  return (
    <section class="panel sql-editor" aria-label="Query">
      <textarea
        ref={box}
        class="mono"
        aria-label="SQL"
        aria-keyshortcuts="Control+Enter Meta+Enter"
        rows={Math.min(20, Math.max(6, sql.split('\n').length + 1))}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        placeholder="SELECT …"
        value={sql}
        onInput={({ currentTarget }) => setSQL(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
          event.preventDefault()
          run()
        }}
      />
      <div class="actions">
        <button type="button" class="primary" disabled={isRunning || !sql.trim()} onClick={run}>
          Run
        </button>
        {isRunning ? (
          <>
            <button type="button" onClick={cancel}>
              Cancel
            </button>
            <span class="soft small">
              Running for <Since at={since} />
            </span>
          </>
        ) : (
          <span class="soft small sql-keys">
            <kbd>{isMac ? '⌘' : 'Ctrl'}</kbd> <kbd>Enter</kbd>
          </span>
        )}
        <Share sql={sql} />
      </div>
    </section>
  )
}

/** Puts the query into the address, and the address where one can paste it from. */
function Share({ sql }: { sql: string }) {
  const [told, setTold] = useState('')
  const share = async () => {
    history.replaceState(history.state, '', sharedPath(sql))
    try {
      await navigator.clipboard.writeText(location.href)
      setTold('The address is copied.')
    } catch {
      // Only what was opened by https or on this machine may write there.
      setTold('The address of this page has the query now.')
    }
  }
  return (
    <span class="sql-share">
      <span class="soft small" role="status">
        {told}
      </span>
      <button type="button" class="quiet" disabled={!sql.trim()} onClick={() => void share()}>
        Share
      </button>
    </span>
  )
}

/**
 * Writes a name where the cursor is, with a space before it where there is none.
 *
 * @returns the whole text then
 */
export function insertText(box: HTMLTextAreaElement, name: string): string {
  const { selectionStart, selectionEnd, value } = box
  const before = value.slice(0, selectionStart)
  const isApart = before === '' || /[\s(,.]$/.test(before)
  box.setRangeText(isApart ? name : ` ${name}`, selectionStart, selectionEnd, 'end')
  box.focus()
  return box.value
}
