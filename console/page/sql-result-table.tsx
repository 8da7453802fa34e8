import { useState } from 'preact/hooks'
import type { QueryAnswer } from '../shapes.ts'
import { count } from './format.ts'
import { Empty } from './notice.tsx'
import { isNumeric, namesOf } from './sql-chart.ts'

/** A browser is slow with more rows at once. */
const STEP = 200
/** Characters of a cell; all of them are in the CSV. */
const CELL = 500

export function ResultTable({ answer }: { answer: QueryAnswer }) {
  const { columns, rows } = answer
  const [most, setMost] = useState(STEP)
  const names = namesOf(columns)
  const isNumber = columns.map(isNumeric)
  if (rows.length === 0) return <Empty title="No row is like this" />
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys */}
      <section class="table sql-rows" aria-label="Rows" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map(({ type }, place) => (
                <th key={place} scope="col" data-kind={isNumber[place] ? 'number' : undefined}>
                  {names[place]} <span class="sql-type">{type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row, index) => (
              <tr key={index}>
                {row.map((value, place) => (
                  <td key={place} data-kind={isNumber[place] ? 'number' : undefined}>
                    <Cell value={value} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > most && (
        <div class="pager">
          <span>
            {count(most)} of {count(rows.length)} rows
          </span>
          <button type="button" onClick={() => setMost(most + STEP)}>
            Show {count(Math.min(STEP, rows.length - most))} more
          </button>
        </div>
      )}
    </>
  )
}

/** Nothing at all is told from an empty text. */
function Cell({ value }: { value: string | null }) {
  if (value === null) return <span class="sql-null">NULL</span>
  if (value === '') return <span class="sql-null">empty</span>
  if (value.length <= CELL) return <span class="sql-value">{value}</span>
  return (
    <span class="sql-value">
      {value.slice(0, CELL)}… <span class="soft">({count(value.length)} characters)</span>
    </span>
  )
}
