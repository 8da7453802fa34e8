import { Refused } from '../errors.ts'
import type { Contract } from './contract.ts'
import { driftOf, few, quoted, remedyOf } from './drift.ts'
import type { Field } from './field.ts'

/** A header's labels beside the contract's fields. */
export interface Labels {
  labels: string[]
  contract: Named
  /** Which field each label names; undefined where it names none. */
  fields: (Field | undefined)[]
  /** Labels that name no field, and where they stand (from 0); each once. */
  extra: { label: string; at: number }[]
  /** Fields that no label names, in the contract's order. */
  missing: Field[]
  /** Labels that stood before: by name they are ambiguous. */
  twice: { label: string; at: number; before: number }[]
}

type Named = Pick<Contract, 'fields' | 'fieldsMatch' | 'primaryKey' | 'dialect'>
type Match = Contract['fieldsMatch']

/** Which field each cell of a record is, and what was unexpected but is allowed (see drift.ts). */
interface Matched {
  /** Undefined for a cell that no field names: it is passed over. */
  fields: (Field | undefined)[]
  drift: string[]
}

/**
 * Matches a header with the contract as its `fieldsMatch` says; by name in all forms but `exact`
 * (https://datapackage.org/standard/table-schema/#fieldsMatch). Blanks around a label do not
 * count where no field has its name with them: the standard is silent, and the referee trims.
 *
 * @throws Refused with every error, five of a kind at most, and what would take the header
 */
export function matchLabels(labels: string[], contract: Named): Matched {
  const found = compare(namesIn(labels, contract), contract)
  const { fieldsMatch } = contract
  const errors = errorsOf(found, fieldsMatch)
  if (errors.length > 0) {
    const taking = byName.find((match) => errorsOf(found, match).length === 0)
    throw new Refused([...errors, ...remedyOf(found, taking)].join('; '))
  }
  if (fieldsMatch === 'exact') return { fields: contract.fields, drift: [] }
  return { fields: found.fields, drift: driftOf(found) }
}

/**
 * The fields that names from an earlier look at a header (see Chunk) are today; undefined where the
 * contract of today does not take that header.
 *
 * @param names null for a cell that was no field then
 */
export function fieldsNamed(names: (string | null)[], contract: Named) {
  const { fields, fieldsMatch } = contract
  const known = new Map(fields.map((field) => [field.name, field]))
  const found = names.map((name) => (name === null ? undefined : known.get(name)))
  const there = new Set(found.filter((field) => field !== undefined))
  const extra = found.filter((field) => field === undefined).length
  const isOnce = there.size + extra === names.length
  const absent = fields.filter((field) => !there.has(field))
  const isTaken =
    (extra === 0 || takesExtra(fieldsMatch)) &&
    lackingOf(absent, contract, fieldsMatch).length === 0 &&
    (fieldsMatch !== 'partial' || there.size > 0)
  return isOnce && isTaken ? found : undefined
}

/** Labels whose cells the contract neither takes nor passes over. */
export function strangeIn(labels: string[], contract: Named): string[] {
  if (takesExtra(contract.fieldsMatch)) return []
  return compare(namesIn(labels, contract), contract).extra.map(({ label }) => label)
}

/** From the strictest. */
const byName = ['equal', 'subset', 'superset', 'partial'] as const
/** Whether what no field names is passed over. */
export const takesExtra = (match: Match) => match === 'subset' || match === 'partial'
const takesFewer = (match: Match) => match === 'superset' || match === 'partial'

/**
 * A label that names no field as it stands may name one without the blanks around it; of joined
 * rows each cell has lost them before (see header-rows.ts).
 */
function namesIn(labels: string[], contract: Named): string[] {
  if (contract.dialect.headerRows.length > 1) return labels
  const keyOf = keyed(contract)
  const known = new Set(contract.fields.map(({ name }) => keyOf(name)))
  return labels.map((label) => {
    const bare = label.trim()
    return !known.has(keyOf(label)) && known.has(keyOf(bare)) ? bare : label
  })
}

function compare(labels: string[], contract: Named): Labels {
  const keyOf = keyed(contract)
  const known = new Map(contract.fields.map((field) => [keyOf(field.name), field]))
  const seen = new Map<string, number>()
  const found: Labels = { labels, contract, fields: [], extra: [], missing: [], twice: [] }
  for (const [at, label] of labels.entries()) {
    const key = keyOf(label)
    const before = seen.get(key)
    const field = known.get(key)
    found.fields.push(field)
    if (before !== undefined) found.twice.push({ label, at, before })
    else if (!field) found.extra.push({ label, at })
    seen.set(key, before ?? at)
  }
  found.missing = contract.fields.filter((field) => !seen.has(keyOf(field.name)))
  return found
}

/** What of a name is compared. */
function keyed({ dialect }: Named): (name: string) => string {
  return dialect.caseSensitiveHeader ? (name) => name : (name) => name.toLowerCase()
}

/** The header's errors by a form of fieldsMatch. */
function errorsOf(found: Labels, match: Match): string[] {
  if (match === 'exact') return few('labels', exactErrors(found), (error) => error)
  const { extra, twice, contract, missing } = found
  const isUnmatched = match === 'partial' && missing.length === contract.fields.length
  const none = 'unmatched-header: the header has none of the fields'
  const told = ({ label, at, before }: Labels['twice'][number]) =>
    `duplicate-label: label ${at + 1} ${quoted(label)} stands there before, as label ${before + 1}`
  const lacking = lackingOf(missing, contract, match)
  return [
    ...few('duplicate-label', twice, told),
    ...few('extra-label', takesExtra(match) ? [] : extra, extraError),
    ...(isUnmatched ? [none] : []),
    ...few('missing-label', lacking, missingError(found, match)),
  ]
}

function extraError({ label, at }: Labels['extra'][number]): string {
  return `extra-label: label ${at + 1} ${quoted(label)} is no field`
}

function missingError({ contract }: Labels, match: Match): (field: Field) => string {
  const keys = new Set(contract.primaryKey)
  return ({ name, required }) => {
    const why = keys.has(name) ? ', and is of the primary key' : required ? ', and is required' : ''
    const told = `missing-label: field ${quoted(name)} is not in the header`
    return takesFewer(match) ? told + why : told
  }
}

/** Fields that may not be absent: `superset` and `partial` allow it of those that may be null. */
function lackingOf(absent: Field[], { primaryKey }: Named, match: Match): Field[] {
  if (!takesFewer(match)) return absent
  const keys = new Set(primaryKey)
  return absent.filter(({ name, required }) => required || keys.has(name))
}

/** Label by label: those that match are of the same place. */
function exactErrors({ labels, contract, twice }: Labels): string[] {
  const { fields } = contract
  const keyOf = keyed(contract)
  const before = new Map(twice.map((one) => [one.at, one.before]))
  const errors: string[] = []
  for (let i = 0; i < Math.max(labels.length, fields.length); i++) {
    const label = labels[i]
    const name = fields[i]?.name
    const where = `label ${i + 1}`
    if (label === undefined) {
      errors.push(`missing-label: ${where} ${quoted(name ?? '')} is not there`)
    } else if (name === undefined) errors.push(extraError({ label, at: i }))
    else if (label === '') {
      errors.push(`blank-label: ${where} is blank; ${quoted(name)} is expected`)
    } else if (keyOf(label) !== keyOf(name)) {
      const first = before.get(i)
      const rule = first === undefined ? 'incorrect-label' : 'duplicate-label'
      const why = first === undefined ? '' : `, as label ${first + 1} is`
      errors.push(`${rule}: ${where} is ${quoted(label)}${why}; ${quoted(name)} is expected`)
    }
  }
  return errors
}
