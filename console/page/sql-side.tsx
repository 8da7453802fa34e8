import { useState } from 'preact/hooks'
import type { TableRow } from '../shapes.ts'
import { Busy, Problem } from './notice.tsx'
import { forgetQueries } from './sql-history.ts'
import { catalogOf, catalogsOf, examplesOf, quotedName } from './sql-names.ts'
import type { Answer } from './use-answer.ts'

interface BesideProps {
  tables: Answer<TableRow[]>
  history: string[]
  setHistory: (queries: string[]) => void
  /** Puts a query into the box. */
  take: (sql: string) => void
  /** Writes a name where the cursor is. */
  insert: (name: string) => void
}

/** What can be asked, and what was. */
export function Beside({ tables, history, setHistory, take, insert }: BesideProps) {
  const { data, error, isLoading, reload } = tables
  return (
    <div class="sql-side">
      <section class="panel" aria-labelledby="sql-tables">
        <header>
          <h2 id="sql-tables">Tables</h2>
          <button type="button" class="quiet small" disabled={isLoading} onClick={reload}>
            Look again
          </button>
        </header>
        <div class="inside">
          {error && <Problem error={error} retry={reload} />}
          {!data && isLoading && <Busy />}
          {data?.length === 0 && <p class="soft">Nothing is in the lake yet.</p>}
          {data && <Tables tables={data} insert={insert} />}
        </div>
      </section>
      <section class="panel" aria-labelledby="sql-examples">
        <header>
          <h2 id="sql-examples">Examples</h2>
        </header>
        <ul class="inside sql-queries">
          {examplesOf(data ?? []).map(({ label, sql }) => (
            <li key={label}>
              <button type="button" class="quiet sql-query" onClick={() => take(sql)}>
                {label}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section class="panel" aria-labelledby="sql-history">
        <header>
          <h2 id="sql-history">Asked of late</h2>
          {history.length > 0 && (
            <button type="button" class="quiet small" onClick={() => setHistory(forgetQueries())}>
              Forget them
            </button>
          )}
        </header>
        <Past history={history} take={take} />
      </section>
    </div>
  )
}

function Past({ history, take }: { history: string[]; take: (sql: string) => void }) {
  if (history.length === 0) {
    return <p class="inside soft small">Nothing yet. Queries are kept in this browser alone.</p>
  }
  return (
    <ul class="inside sql-queries">
      {history.map((sql) => (
        <li key={sql}>
          <button type="button" class="quiet mono sql-query sql-past" onClick={() => take(sql)}>
            {sql.replaceAll(/\s+/g, ' ').slice(0, 200)}
          </button>
        </li>
      ))}
    </ul>
  )
}

function Tables({ tables, insert }: { tables: TableRow[]; insert: (name: string) => void }) {
  return catalogsOf(tables).map(([catalog, some]) => (
    <div key={catalog} class="sql-catalog">
      <h3>{catalog}</h3>
      <ul>
        {some.map((table) => (
          <TableItem key={table.name} table={table} insert={insert} />
        ))}
      </ul>
    </div>
  ))
}

interface TableItemProps {
  table: TableRow
  insert: (name: string) => void
}

function TableItem({ table, insert }: TableItemProps) {
  const { name, columns } = table
  const [isOpen, setOpen] = useState(false)
  const catalog = `${catalogOf(table)}.`
  const short = name.startsWith(catalog) ? name.slice(catalog.length) : name
  return (
    <li>
      <div class="sql-table">
        <button
          type="button"
          class="quiet sql-fold"
          aria-expanded={isOpen}
          aria-label={`Columns of ${name}`}
          onClick={() => setOpen(!isOpen)}
        >
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
        </button>
        <button
          type="button"
          class="quiet mono sql-name"
          title={`Write ${name}`}
          onClick={() => insert(name)}
        >
          {short}
        </button>
      </div>
      {isOpen && (
        <ul class="sql-columns">
          {columns.map((column) => (
            <li key={column.name}>
              <button
                type="button"
                class="quiet mono sql-name"
                onClick={() => insert(quotedName(column.name))}
              >
                {column.name} <span class="soft">{column.type}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}
