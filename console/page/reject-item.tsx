import { useState } from 'preact/hooks'
import type { Mended, RejectRow, RejectState } from '../shapes.ts'
import { Badge } from './badge.tsx'
import { count } from './format.ts'
import { MendForm } from './mend-form.tsx'
import { MendResult } from './mend-result.tsx'
import { RejectErrors } from './reject-errors.tsx'
import { RejectLine } from './reject-line.tsx'
import { pathTo } from './router.ts'
import { KeyText, Verbatim } from './text.tsx'

interface RejectItemProps {
  row: RejectRow
  state: RejectState
  onChange: () => void
}

/** One record: where it stands, its text, every error, and where it can be mended, how. */
export function RejectItem({ row, state, onChange }: RejectItemProps) {
  const [isMending, setMending] = useState(false)
  const [result, setResult] = useState<Mended>()
  const hasGone = result !== undefined && result.went > 0
  const canMend = row.mendable === true && row.cells !== null && state !== 'mended' && !hasGone
  return (
    <li class="reject">
      <div class="reject-head">
        <Place row={row} />
        <span class="soft">{row.dataset}</span>
        {(state !== 'rejected' || hasGone) && <Badge status={hasGone ? 'mended' : state} />}
        {canMend && (
          <button type="button" aria-expanded={isMending} onClick={() => setMending(!isMending)}>
            {isMending ? 'Leave as it is' : 'Mend'}
            <span class="unseen"> record {row.record}</span>
          </button>
        )}
      </div>
      <RejectLine row={row} />
      <RejectErrors errors={row.errors} />
      {isMending && canMend && (
        <MendForm
          row={row}
          stayed={result?.stay[0]?.errors}
          onResult={(mended) => {
            setResult(mended)
            if (mended.went > 0) onChange()
          }}
        />
      )}
      {result && <MendResult result={result} />}
      {typeof row.mendable === 'string' && state !== 'mended' && (
        <p class="soft small">Not to be mended here: {row.mendable}</p>
      )}
    </li>
  )
}

function Place({ row }: { row: RejectRow }) {
  const { object, line, record, shard, sequence } = row
  if (object === null) {
    return (
      <span class="reject-place">
        {shard && <Verbatim text={shard} />} {sequence && `sequence ${sequence}`}
      </span>
    )
  }
  return (
    <span class="reject-place">
      <a href={pathTo('object', { key: object })} data-item>
        <KeyText text={object} />
      </a>
      <span class="soft">
        {' '}
        line {count(line)}
        {record !== null && `, record ${count(record)}`}
      </span>
    </span>
  )
}
