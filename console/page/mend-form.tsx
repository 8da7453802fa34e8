import { useId, useState } from 'preact/hooks'
import type { Mended, MendRow, RejectRow } from '../shapes.ts'
import { ApiError, post } from './api.ts'
import { count } from './format.ts'
import { mendedCells } from './mend-cells.ts'
import { Problem } from './notice.tsx'
import { Verbatim } from './text.tsx'
import { visible } from './visible.ts'

interface MendFormProps {
  row: RejectRow
  /** What is wrong with what was tried last. */
  stayed: RejectRow['errors'] | undefined
  onResult: (result: Mended) => void
}

/** The cells of a record to be written anew, those that are wrong first. */
export function MendForm({ row, stayed, onResult }: MendFormProps) {
  const cells = row.cells ?? []
  const [changed, setChanged] = useState<Record<number, string>>({})
  const { replay, error, isBusy } = useReplay(row, onResult)
  const bad = new Set((stayed ?? row.errors).flatMap(({ field }) => field ?? []))
  const named = [...cells.keys()].filter((at) => cells[at]!.label !== '')
  const wrong = named.filter((at) => bad.has(cells[at]!.label))
  const others = named.filter((at) => !bad.has(cells[at]!.label))
  const fieldAt = (at: number) => (
    <CellField
      key={at}
      label={cells[at]!.label}
      value={changed[at] ?? cells[at]!.value}
      isBad={bad.has(cells[at]!.label)}
      onInput={(value) => setChanged({ ...changed, [at]: value })}
    />
  )
  return (
    <form
      class="mend"
      aria-label={`Mend record ${row.record} of ${row.object}`}
      onSubmit={(event) => {
        event.preventDefault()
        void replay(mendedCells(cells, changed))
      }}
    >
      <div class="cells">{wrong.map(fieldAt)}</div>
      {others.length > 0 && (
        <details open={wrong.length === 0}>
          <summary>
            {count(others.length)} other {others.length === 1 ? 'cell' : 'cells'}
          </summary>
          <div class="cells">{others.map(fieldAt)}</div>
        </details>
      )}
      <LeftOut cells={cells} />
      {error && <Problem error={error} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Replaying…' : 'Replay'}
        </button>
        <span class="soft small">It goes in as a mended row; the file stays as it came.</span>
      </div>
    </form>
  )
}

function useReplay(row: RejectRow, onResult: (result: Mended) => void) {
  const { object, version, record } = row
  const [error, setError] = useState<ApiError>()
  const [isBusy, setBusy] = useState(false)
  const replay = async (cells: MendRow['cells']) => {
    if (object === null || version === null || record === null) return
    const asked: MendRow = { object, version, record, cells }
    setBusy(true)
    setError(undefined)
    try {
      onResult(await post<Mended>('/api/replay/row', asked))
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      setError(caught)
    } finally {
      setBusy(false)
    }
  }
  return { replay, error, isBusy }
}

/** Cells that no column takes. */
function LeftOut({ cells }: { cells: MendRow['cells'] }) {
  const beyond = cells.filter(({ label }) => label === '')
  if (beyond.length === 0) return null
  return (
    <p class="small">
      Left out, as it stands behind the last column:{' '}
      {beyond.map(({ value }, index) => (
        <code key={index} class="value">
          {value ? <Verbatim text={value} /> : 'nothing'}
        </code>
      ))}
    </p>
  )
}

interface CellFieldProps {
  label: string
  value: string
  isBad: boolean
  onInput: (value: string) => void
}

function CellField({ label, value, isBad, onInput }: CellFieldProps) {
  const id = useId()
  const isLong = /[\r\n]/.test(value) || value.length > 120
  const hasHidden = visible(value).some(({ isHidden }) => isHidden)
  const Field = isLong ? 'textarea' : 'input'
  return (
    <div class="field">
      <label for={id}>
        <Verbatim text={label} />
      </label>
      <Field
        id={id}
        value={value}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={isBad}
        rows={isLong ? 3 : undefined}
        onInput={({ currentTarget }: { currentTarget: { value: string } }) => {
          onInput(currentTarget.value)
        }}
      />
      {hasHidden && (
        <code class="small soft">
          <Verbatim text={value} />
        </code>
      )}
    </div>
  )
}
