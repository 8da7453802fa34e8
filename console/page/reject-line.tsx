import { useState } from 'preact/hooks'
import type { RejectRow } from '../shapes.ts'
import { count } from './format.ts'
import { mark } from './marking.ts'
import { Verbatim } from './text.tsx'

/** The server gives so many characters of a record's text at most. */
const GIVEN = 10_000

/** More is shown on demand only. */
const LONG = 400

/** A record's text as it came, the cells that are wrong marked. */
export function RejectLine({ row: { text, cells, errors } }: { row: RejectRow }) {
  const [showsAll, setShowsAll] = useState(false)
  const fields = new Set(errors.flatMap(({ field }) => field ?? []))
  const isCut = text.length >= GIVEN
  const rest = errors.some(({ rule }) => rule === 'extra-cell')
  const parts = (cells && mark(text, cells, { fields, rest, isCut })) ?? [{ text }]
  const isLong = text.length > LONG || text.split('\n').length > 4
  return (
    <>
      <pre class="line" data-folded={isLong && !showsAll ? '' : undefined}>
        {parts.map((part, index) =>
          part.field === undefined ? (
            <Verbatim key={index} text={part.text} keep={'\n'} />
          ) : (
            <mark key={index} title={part.field || undefined}>
              {part.text ? <Verbatim text={part.text} /> : <span class="nothing">nothing</span>}
            </mark>
          ),
        )}
        {text.trim() === '' && <span class="soft">a blank line</span>}
        {isCut && <span class="soft">… and more</span>}
      </pre>
      {isLong && (
        <button type="button" class="quiet small" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Show less of it' : `Show all ${count(text.length)} characters`}
        </button>
      )}
    </>
  )
}
