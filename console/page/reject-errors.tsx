import { useState } from 'preact/hooks'
import type { RejectRow } from '../shapes.ts'
import { count } from './format.ts'
import { Verbatim } from './text.tsx'

type Errors = RejectRow['errors']

/** So many at first: a record may have a hundred. */
const FIRST = 8

/** A value of an error may be as long as its record. */
const LONG = 200

/** Every error of a record: rule, field, value, message. */
export function RejectErrors({ errors }: { errors: Errors }) {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? errors : errors.slice(0, FIRST)
  return (
    <>
      <ul class="errors" aria-label="Errors">
        {shown.map((error, index) => (
          <li key={index}>
            <span class="badge" data-tone="bad">
              {error.rule}
            </span>
            <span class="error-text">
              {error.field != null && (
                <strong>
                  <Verbatim text={error.field} />
                </strong>
              )}
              {error.value != null && <Value text={error.value} />}
              <span>
                <Verbatim text={error.message} keep={'\n'} />
              </span>
            </span>
          </li>
        ))}
      </ul>
      {errors.length > shown.length && (
        <button type="button" class="quiet small" onClick={() => setShowsAll(true)}>
          Show {count(errors.length - shown.length)} more errors
        </button>
      )}
    </>
  )
}

function Value({ text }: { text: string }) {
  if (text === '') return <span class="soft">(nothing)</span>
  return (
    <code class="value">
      <Verbatim text={text.length > LONG ? `${text.slice(0, LONG)}…` : text} />
    </code>
  )
}
