import { useState } from 'preact/hooks'
import type { QueryAnswer } from '../shapes.ts'
import { ApiError } from './api.ts'
import { count, duration } from './format.ts'
import { Empty, Problem } from './notice.tsx'
import { askCSV, saveFile } from './sql-ask.ts'
import { ResultChart } from './sql-result-chart.tsx'
import { ResultTable } from './sql-result-table.tsx'
import type { Query } from './sql-use-query.ts'

/** What came of a query. What came of the one before stays while another runs. */
export function Result({ query: { asked, isRunning } }: { query: Query }) {
  if (!asked) return null
  const { sql, answer, error } = asked
  return (
    <section class="panel sql-result" aria-label="Result" aria-busy={isRunning}>
      {error && <Told error={error} />}
      {!error && !answer && <Empty title="Cancelled">The query was given up.</Empty>}
      {answer && <Shown sql={sql} answer={answer} />}
    </section>
  )
}

/** DuckDB's words, with the line below them that points at the place: nothing in it may move. */
function Told({ error }: { error: ApiError }) {
  if (error.status !== 400) return <Problem error={error} />
  return (
    <div role="alert">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys */}
      <pre class="notice sql-error" data-tone="bad" tabIndex={0}>
        {error.message}
      </pre>
    </div>
  )
}

function Shown({ sql, answer }: { sql: string; answer: QueryAnswer }) {
  const [isChart, setChart] = useState(false)
  return (
    <>
      <header>
        <p class="soft small" role="status">
          {inWords(answer)}
        </p>
        <div class="actions">
          <fieldset class="sql-tabs">
            <legend class="unseen">Shown as</legend>
            <button type="button" aria-pressed={!isChart} onClick={() => setChart(false)}>
              Table
            </button>
            <button type="button" aria-pressed={isChart} onClick={() => setChart(true)}>
              Chart
            </button>
          </fieldset>
          <CSVButton key={sql} sql={sql} />
        </div>
      </header>
      {isChart ? <ResultChart answer={answer} /> : <ResultTable answer={answer} />}
    </>
  )
}

function inWords({ rows, cut, seconds }: QueryAnswer): string {
  const many = rows.length === 1 ? '1 row' : `${count(rows.length)} rows`
  const took = ` in ${duration(seconds)}`
  return cut ? `The first ${many}${took}: there are more.` : `${many}${took}.`
}

/** Asks once more, for all rows that the server gives as CSV. */
function CSVButton({ sql }: { sql: string }) {
  const [stop, setStop] = useState<AbortController>()
  const [error, setError] = useState<Error>()
  const save = async () => {
    const now = new AbortController()
    setStop(now)
    setError(undefined)
    try {
      saveFile('result.csv', await askCSV(sql, now.signal))
    } catch (thrown) {
      if (!now.signal.aborted) setError(thrown instanceof ApiError ? thrown : new Error(broken))
    }
    setStop(undefined)
  }
  return (
    <>
      {stop ? (
        <button type="button" onClick={() => stop.abort()}>
          Cancel CSV
        </button>
      ) : (
        <button type="button" onClick={() => void save()}>
          CSV
        </button>
      )}
      {error && <Problem error={error} />}
    </>
  )
}

const broken = 'The CSV did not come to its end: ask again, or for fewer rows.'
