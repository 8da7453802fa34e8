import type { RefereeFile } from './judge.ts'
import type { SluiceFile } from './verdict.ts'

/** One error that only one side tells of a row, or of a file as a whole. */
export interface OneSided {
  side: 'referee' | 'sluice'
  rule: string
  field: string | null
  /** The cell as the side that tells the error has it; the reason, where it is of a file. */
  literal: string | null
  /** What the side said of it. */
  note: string
}

/** A row, or a file as a whole, on which the two do not say the same. */
export interface Difference {
  folder: string
  resource: string
  path: string
  /** Of the record, from 1; undefined where it is the file as a whole. */
  line: number | undefined
  /** The record's last line, as the referee reads it. */
  until: number | undefined
  /** `verdict`: one takes what the other rejects; `rules`: both reject, for other reasons. */
  kind: 'verdict' | 'rules'
  cells: (string | null)[]
  oneSided: OneSided[]
}

/** What was compared in one file. */
export interface Compared {
  rows: number
  /** Rows that both accept, and that both reject. */
  good: number
  bad: number
  differences: Difference[]
}

/** The rules that are of a record or of several fields: their fields are told in other ways. */
const withoutField = new Set([
  'extra-cell',
  'missing-cell',
  'blank-row',
  'primary-key',
  'unique-error',
  'foreign-key',
])

/**
 * Compares two verdicts on one file: whether it is taken at all, then row by row. Rows meet by the
 * line that they begin in.
 */
export function compareFile(referee: RefereeFile, sluice: SluiceFile): Compared {
  const at = { folder: referee.folder, resource: referee.resource, path: referee.path }
  const whole = wholeOf(referee, sluice)
  if (whole) {
    const differences = whole === 'same' ? [] : [{ ...at, ...whole }]
    return { rows: 0, good: 0, bad: 0, differences }
  }
  const theirs = new Map(referee.rows.map((row) => [row.lines[0], row]))
  const ours = new Map(sluice.rows.map((row) => [row.line, row]))
  const lines = [...new Set([...theirs.keys(), ...ours.keys()])].sort((a, b) => a - b)
  const differences = lines.flatMap((line) => {
    const oneSided = rowOf(theirs.get(line), ours.get(line))
    if (oneSided.length === 0) return []
    const isSame = isRejected(theirs.get(line)) === isRejected(ours.get(line))
    const kind = isSame ? ('rules' as const) : ('verdict' as const)
    const until = theirs.get(line)?.lines[1]
    return [{ ...at, line, until, kind, cells: theirs.get(line)?.cells ?? [], oneSided }]
  })
  const both = (isBad: boolean) =>
    lines.filter((line) => {
      return isRejected(theirs.get(line)) === isBad && isRejected(ours.get(line)) === isBad
    }).length
  return { rows: lines.length, good: both(false), bad: both(true), differences }
}

const isRejected = (row: Row | OwnRow | undefined) => row && row.errors.length > 0

type Whole = Pick<Difference, 'line' | 'until' | 'kind' | 'cells' | 'oneSided'>

/** Where at least one side does not take the file. */
function wholeOf(referee: RefereeFile, sluice: SluiceFile): Whole | 'same' | undefined {
  if (sluice.fault !== undefined) return { ...nothing, oneSided: [ofFile('fault', sluice.fault)] }
  const theirs = referee.errors.length > 0
  const ours = sluice.refused !== undefined
  if (theirs && ours) return 'same'
  if (!theirs && !ours) return undefined
  const refused = ofFile('refused', sluice.refused ?? '')
  const told = referee.errors.map(([rule, field, note, cell]) => {
    return { side: 'referee' as const, rule, field, literal: cell, note }
  })
  return { ...nothing, oneSided: ours ? [refused] : told }
}

const nothing = { line: undefined, until: undefined, kind: 'verdict' as const, cells: [] }

const ofFile = (rule: string, note: string) => {
  return { side: 'sluice' as const, rule, field: null, literal: null, note }
}

type Row = RefereeFile['rows'][number]
type OwnRow = SluiceFile['rows'][number]

function rowOf(theirs: Row | undefined, ours: OwnRow | undefined): OneSided[] {
  if (!theirs || !ours) {
    const side = theirs ? ('referee' as const) : ('sluice' as const)
    return [{ side, rule: 'row', field: null, literal: null, note: 'only one side has this row' }]
  }
  const referee = theirs.errors.map(([rule, field, note, cell]) => {
    return { side: 'referee' as const, rule, field, literal: cell, note }
  })
  // Of a record without a value nothing else is to be told.
  if (hasBlank(theirs) && hasBlank(ours)) return []
  const sluice = ours.errors.map(({ rule, field, value, message }) => {
    const literal = value ?? null
    return { side: 'sluice' as const, rule, field: field ?? null, literal, note: message }
  })
  return [...only(referee, sluice), ...only(sluice, referee)]
}

function hasBlank({ errors }: Row | OwnRow): boolean {
  return errors.some((one) => (Array.isArray(one) ? one[0] : one.rule) === 'blank-row')
}

/** Those of one side whose like the other does not tell, each kind once. */
function only(mine: OneSided[], others: OneSided[]): OneSided[] {
  const known = new Set(others.map(nameOf))
  return mine.filter((one) => {
    const name = nameOf(one)
    if (known.has(name)) return false
    known.add(name)
    return true
  })
}

function nameOf({ rule, field }: OneSided): string {
  return withoutField.has(rule) ? rule : `${rule} ${field}`
}
