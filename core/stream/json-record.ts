import { LosslessNumber, parse, stringify } from 'lossless-json'
import type { Contract } from '../contract/contract.ts'
import type { Field } from '../contract/field.ts'
import { takesExtra } from '../contract/labels.ts'
import type { RowError } from '../rejects.ts'

/**
 * JSON values as the lexical forms that a CSV's cells would have, so that one plan judges both: a
 * number is its source text (`1.10` stays `1.10`), a string its content, null a missing value.
 */

/** @returns the record's members in their order; or what is wrong with the text */
export function parseRecord(text: string): Map<string, unknown> | RowError {
  try {
    if (depthOf(text) > DEEPEST) return tooDeep
    const value = parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      if (!(value instanceof LosslessNumber)) return new Map(Object.entries(value))
    }
    return { rule: 'source-error', message: 'a JSON object is expected, a member for each field' }
  } catch (error) {
    // Also RangeError: brackets nested deeper than the stack.
    const told = error instanceof Error ? error.message : String(error)
    return { rule: 'source-error', message: `not JSON (RFC 8259): ${told.slice(0, 200)}` }
  }
}

/** Deeper ones may not fit the stack when they are written as text again. */
const DEEPEST = 500
const tooDeep: RowError = {
  rule: 'source-error',
  message: `not JSON that is taken here: brackets nested deeper than ${DEEPEST}`,
}

/** How deep brackets are nested, those in strings left out. */
function depthOf(text: string): number {
  let [depth, most, quoted] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted && character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (!quoted && (character === '{' || character === '[')) most = Math.max(most, ++depth)
    else if (!quoted && (character === '}' || character === ']')) depth--
  }
  return most
}

/**
 * The cells of a record in the order of the contract's fields; null where a value is missing, as an
 * absent member is.
 */
export function cellsOfRecord(
  record: Map<string, unknown>,
  { fields, fieldsMatch }: Contract,
): (string | null)[] | RowError[] {
  const names = new Set(fields.map(({ name }) => name))
  const extra = [...record.keys()].filter((name) => !names.has(name))
  if (extra.length > 0 && !takesExtra(fieldsMatch)) {
    return extra.map((field) => errorOf('extra-cell', field, record, notAField))
  }
  const lists = fields.flatMap((field) => {
    const message = listFault(record.get(field.name), field)
    return message ? [errorOf('type-error', field.name, record, message)] : []
  })
  if (lists.length > 0) return lists
  const cells = fields.map((field) => cellOf(record.get(field.name), field))
  const broken = fields.filter((_, i) => !isText(cells[i] ?? ''))
  if (broken.length === 0) return cells
  return broken.map(({ name }) => errorOf('encoding-error', name, record, notText))
}

export function isErrors(cells: (string | null)[] | RowError[]): cells is RowError[] {
  return typeof cells[0] === 'object' && cells[0] !== null
}

const notAField = 'the contract has no such field'
const notText = 'a NUL, or half of a surrogate pair: text cannot hold it'

function errorOf(rule: string, field: string, record: Map<string, unknown>, message: string) {
  const value = fieldText(record.get(field))
  return { rule, field, value: value === null ? null : shownAs(value), message }
}

function shownAs(value: string): string {
  return value.replaceAll('\0', '\ufffd').slice(0, 1000).toWellFormed()
}

function cellOf(value: unknown, field: Field): string | null {
  const { type, format } = field
  if (type === 'boolean' && typeof value === 'boolean') {
    const [form] = value ? field.trueValues : field.falseValues
    return form ?? null
  }
  if (type === 'number' && value instanceof LosslessNumber) {
    return value.value.replace('.', field.decimalChar)
  }
  if (type === 'list' && Array.isArray(value)) return joined(value, field.delimiter)
  if (type === 'geopoint' && format === 'default' && Array.isArray(value)) return joined(value, ',')
  return fieldText(value)
}

function joined(items: unknown[], delimiter: string): string {
  return items.map(fieldText).join(delimiter)
}

/** Why a JSON array is no list of the field: joined, it would be read as another one. */
function listFault(value: unknown, field: Field): string | undefined {
  if (field.type !== 'list' || !Array.isArray(value)) return undefined
  const { delimiter, missingValues } = field
  if (value.some((item) => isJson(item) || fieldText(item) === null)) {
    return 'an item is null, an object or an array; a list has one level'
  }
  if (value.some((item) => fieldText(item)?.includes(delimiter))) {
    return `an item has the delimiter ${JSON.stringify(delimiter)} in it; choose another one`
  }
  if (value.length > 0 && !missingValues.includes(joined(value, delimiter))) return undefined
  return 'a list that would be read as none or as a missing value; null says that there is none'
}

function isJson(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof LosslessNumber)
}

/** The text of a member's value, or null where there is none. */
export function fieldText(value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (value instanceof LosslessNumber) return value.value
  if (typeof value === 'boolean') return String(value)
  return stringify(value) ?? null
}

function isText(cell: string): boolean {
  return cell.isWellFormed() && !cell.includes('\0')
}
