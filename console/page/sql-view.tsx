import { useEffect, useRef, useState } from 'preact/hooks'
import type { TableRow } from '../shapes.ts'
import type { Params } from './router.ts'
import { Editor, insertText } from './sql-editor.tsx'
import { keepQuery, queriesAsked } from './sql-history.ts'
import { Result } from './sql-result.tsx'
import { sharedQuery } from './sql-share.ts'
import { Beside } from './sql-side.tsx'
import { type Asked, useQuery } from './sql-use-query.ts'
import { useAnswer } from './use-answer.ts'

/** What stands in the box, and what was answered, when one comes back to this view. */
const kept: { sql?: string; asked?: Asked } = {}

/** A box for SQL over the lake, read only. */
export function SQLView(_: { params: Params }) {
  const [sql, setSQL] = useState(() => sharedQuery(location.hash) ?? kept.sql ?? '')
  const [history, setHistory] = useState(queriesAsked)
  const box = useRef<HTMLTextAreaElement>(null)
  const tables = useAnswer<TableRow[]>('/api/tables')
  const query = useQuery(kept.asked)
  kept.sql = sql
  if (query.asked) kept.asked = query.asked
  useSharedQuery(setSQL)
  const run = () => {
    if (sql.trim() === '' || query.isRunning) return
    setHistory(keepQuery(sql))
    query.run(sql)
  }
  const take = (text: string) => {
    setSQL(text)
    box.current?.focus()
  }
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>SQL</h1>
        <p>DuckDB over Silver, events, windows and rejects. Nothing can be changed here.</p>
      </div>
      <div class="sql-view">
        <div class="sql-main">
          <Editor
            box={box}
            sql={sql}
            setSQL={setSQL}
            run={run}
            cancel={query.cancel}
            since={query.isRunning ? query.since : undefined}
          />
          <Result query={query} />
        </div>
        <Beside
          tables={tables}
          history={history}
          setHistory={setHistory}
          take={take}
          insert={(name) => setSQL(insertText(box.current!, name))}
        />
      </div>
    </>
  )
}

/** A shared address that is opened while this view is shown. */
function useSharedQuery(take: (sql: string) => void): void {
  const newest = useRef(take)
  newest.current = take
  useEffect(() => {
    const onHash = () => {
      const shared = sharedQuery(location.hash)
      if (shared !== null) newest.current(shared)
    }
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
}
