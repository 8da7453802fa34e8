import { snakeCase } from '../names.ts'
import type { Contract } from './contract.ts'
import type { Labels } from './labels.ts'

/**
 * What is told of a header that is not what the contract expects, whether it is allowed (drift, in
 * the reason of a loaded object) or not (the end of a refusal): sentences with the cure.
 */

/** So many sentences of a kind are told, and how many more there are. */
const TOLD = 5

/** A sentence for each of the first few of a kind, and how many more there are. */
export function few<T>(kind: string, all: T[], tell: (one: T) => string): string[] {
  const told = all.slice(0, TOLD).map(tell)
  const more = all.length - told.length
  return more > 0 ? [...told, `${kind}: and ${more.toLocaleString('en')} more`] : told
}

/** Characters of a name that are shown. */
const SHOWN = 200

/** A name as JSON and YAML both read it, on one line, with nothing in it that a terminal obeys. */
export function quoted(name: string): string {
  const shown = name.length > SHOWN ? `${name.slice(0, SHOWN - 1)}…` : name
  return JSON.stringify(shown).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** What was unexpected in a header that is taken; each a sentence. */
export function driftOf(found: Labels): string[] {
  const { extra, missing } = found
  const renames = renamesOf(found)
  const line = liner(found, renames)
  const moved = 'reordered: the fields are in another order than in the contract'
  return [
    ...few('extra-label', extra, (one) => {
      const added = line(one.label)
      const cure = added === undefined ? '' : `; to load it add to the contract: ${added}`
      return `extra-label: ${quoted(one.label)} (label ${one.at + 1}) is no field${cure}`
    }),
    ...few('missing-label', missing, ({ name }) => {
      return `missing-label: field ${quoted(name)} is not in the header: its values are null`
    }),
    ...few('renamed?', renames, renameOf),
    ...(isReordered(found) ? [moved] : []),
  ]
}

/**
 * What would let a refused header through; sentences.
 *
 * @param taking the form of fieldsMatch that takes it, where one does
 */
export function remedyOf(found: Labels, taking: Contract['fieldsMatch'] | undefined): string[] {
  const { contract, extra } = found
  const renames = renamesOf(found)
  const line = liner(found, renames)
  const lines = extra.slice(0, TOLD).flatMap(({ label, at }) => {
    const place = contract.fieldsMatch === 'exact' ? ` (as field ${at + 1})` : ''
    const added = line(label)
    return added === undefined ? [] : added + place
  })
  return [
    ...few('renamed?', renames, renameOf),
    ...(lines.length > 0 ? [`to load it add to the contract: ${lines.join(', ')}`] : []),
    ...(taking ? [`\`fieldsMatch: ${taking}\` would take this header`] : []),
  ]
}

/** Whether the fields that are there stand in another order than the contract's. */
function isReordered({ fields, contract }: Labels): boolean {
  const at = new Map(contract.fields.map((field, i) => [field, i]))
  const places = fields.flatMap((field) => (field ? at.get(field)! : []))
  return places.some((place, i) => i > 0 && place < places[i - 1]!)
}

/** As words of their own these are no text in YAML 1.1 or 1.2. */
const reserved = /^(true|false|null|yes|no|on|off|y|n)$/i

/**
 * Makes the line of the contract that makes a label a field; undefined where the contract could not
 * take the name, or the label looks like one of its fields.
 */
function liner({ contract }: Labels, renames: Rename[]): (label: string) => string | undefined {
  const taken = new Set(contract.fields.map(({ column }) => column.toLowerCase()))
  const unfit = new Set(['', '_object_id', ...taken])
  const renamed = new Set(renames.map(({ label }) => label))
  return (label) => {
    if (unfit.has(label.toLowerCase()) || renamed.has(label) || label.includes('\0'))
      return undefined
    if (label.length > SHOWN) return undefined
    const bare = /^[a-z_]\w*$/i.test(label) && !reserved.test(label)
    return `- {name: ${bare ? label : quoted(label)}, type: string}`
  }
}

interface Rename {
  label: string
  name: string
}

function renameOf({ label, name }: Rename): string {
  const isCase = label.toLowerCase() === name.toLowerCase()
  const cure = isCase
    ? '`dialect: {caseSensitiveHeader: false}` takes it'
    : 'if it is that one, give both the same name'
  return `renamed? ${quoted(label)} looks like field ${quoted(name)}; ${cure}`
}

/** So many pairs of names are compared letter by letter: a wide file has millions of them. */
const PAIRS = 10_000
/** Of longer names nobody mistypes one. */
const LETTERS = 64

/** Labels that name no field, each beside the missing field that it may be. */
function renamesOf({ extra, missing }: Labels): Rename[] {
  const left = new Map(missing.map(({ name }) => [name, snakeCase(name)]))
  const byWords = new Map([...left].map(([name, words]) => [words, name]))
  const labels = extra.map(({ label }) => label).filter((label) => label.length <= LETTERS)
  const pairs: Rename[] = []
  const isPaired = (label: string, name: string | undefined) => {
    if (name === undefined || !left.delete(name)) return false
    return pairs.push({ label, name }) > 0
  }
  const others = labels.filter((label) => !isPaired(label, byWords.get(snakeCase(label))))
  if (others.length * left.size > PAIRS) return pairs
  for (const label of others) isPaired(label, nearest(snakeCase(label), left))
  return pairs
}

/**
 * The name that is a letter or two away: one for every four letters.
 *
 * @param names with their words
 */
export function nearest(words: string, names: Map<string, string>): string | undefined {
  let best: { name: string; distance: number } | undefined
  for (const [name, other] of names) {
    const most = Math.min(2, Math.floor(Math.min(words.length, other.length) / 4))
    if (Math.abs(words.length - other.length) > most || other.length > LETTERS) continue
    const distance = distanceOf(words, other)
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}

/** Letters to be put in, left out or changed (Levenshtein, row by row). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
