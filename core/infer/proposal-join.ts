import { basename } from 'node:path/posix'
import type { Frame, Inferred } from './infer.ts'
import type { FoundField } from './infer-types.ts'
import { nameFor, type Proposal, type Proposed } from './proposal.ts'
import { type FieldRemark, onOneLine, remarksOn } from './proposal-remark.ts'

/** A file to propose a contract for, and what it says of itself; or why it says nothing. */
export type Newcomer = Found | { path: string; why: string }
type Found = { path: string; found: Inferred }

/**
 * Whether a file that was proposed for before holds all that it held, if its contract has these
 * parts.
 */
export type Proof = (path: string, frame: Frame) => Promise<boolean>

/** Of so many files a type in common is proven; of more, what differs is a string. */
const PROVEN = 20
/** Of so many files a proposal says why a field is a string. */
const TOLD = 3

/**
 * The proposal with one more file: in the resource of its header and dialect, where there is one,
 * in one of its own otherwise. What was proposed for an earlier version of the file is forgotten.
 *
 * @param taken names of resources that the package has already
 */
export async function joined(
  before: Proposal,
  taken: string[],
  file: Newcomer,
  proof: Proof,
): Promise<Proposal> {
  const { path } = file
  const resources = before.resources
    .map((one) => without(one, path))
    .filter((one) => one.path.length > 0)
  const others = before.without.filter((one) => one.path !== path)
  const remarks = before.remarks.filter((one) => one.path !== path)
  if ('why' in file) return { ...before, resources, remarks, without: [...others, file] }
  const { found } = file
  const rest = { ...before, remarks: [...remarks, ...remarksOn(path, found)], without: others }
  const like = resources.findIndex((one) => isAlike(one, found))
  const names = [...taken, ...resources.filter((_, i) => i !== like).map(({ name }) => name)]
  if (like < 0) {
    const name = nameFor(stemOf(path), names)
    const { encoding, dialect, fields, keys } = found
    const own = { name, path: [path], encoding, dialect, fields, whys: whysIn(file), keys }
    return { ...rest, resources: [...resources, own] }
  }
  const both = await together(resources[like]!, file, proof)
  const named = { ...both, name: nameFor(commonStem(both.path), names) }
  return { ...rest, resources: resources.with(like, named) }
}

/** What was proposed for other files than this one. */
function without(one: Proposed, path: string): Proposed {
  const isOther = (other: { path: string }) => other.path !== path
  const paths = one.path.filter((other) => other !== path)
  return { ...one, path: paths, whys: one.whys.filter(isOther) }
}

function whysIn({ path, found }: Found): FieldRemark[] {
  return found.whys.map(({ field, text }) => ({ path, field, text: onOneLine(text) }))
}

/** `orders 2026.csv.gz` → `orders 2026` */
function stemOf(path: string): string {
  return basename(path).replace(/\.(csv|tsv)(\.[a-z0-9]+)?$/i, '')
}

/** `orders-2026-01.csv`, `orders-2026-02.csv` → `orders`; the first one's where too little is. */
function commonStem(paths: string[]): string {
  const [first = '', ...others] = paths.map(stemOf)
  let length = first.length
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--
  const common = first.slice(0, length).replace(/[^\p{L}]+$/u, '')
  return common.length >= 3 ? common : first
}

/** Same header, same dialect; without a header, the same types as well. */
function isAlike(one: Proposed, found: Inferred): boolean {
  const shape = ({ encoding, dialect, fields }: Frame) => {
    const isNamed = dialect.header !== false || dialect.commentRows !== undefined
    const names = fields.map(({ name, type }) => (isNamed ? name : `${name} ${type}`))
    return JSON.stringify([encoding, Object.entries(dialect).toSorted(), names])
  }
  return shape(one) === shape(found)
}

async function together(one: Proposed, file: Found, proof: Proof): Promise<Proposed> {
  const { path, found } = file
  const paths = [...one.path, path]
  const wide = one.fields.map((field, i) => common(field, found.fields[i]!))
  const text = wide.map((field, i) => {
    const isNew = !isSame(field, one.fields[i]!) || !isSame(field, found.fields[i]!)
    return isNew ? { name: field.name, type: 'string' } : field
  })
  const isProven = wide.every((field, i) => isSame(field, text[i]!))
  const fields = isProven || (await holds(paths, { ...one, fields: wide }, proof)) ? wide : text
  const keys = one.keys.filter((key) => found.keys.some((other) => `${other}` === `${key}`))
  const texts = new Set(fields.filter(({ type }) => type === 'string').map(({ name }) => name))
  const apart = wide.flatMap((_, i) => unlike(path, found.fields[i]!, one.fields[i]!))
  const all = [...one.whys, ...whysIn(file), ...apart]
  const whys = all.filter(({ field }) => texts.has(field))
  return { ...one, path: paths, fields, whys: few(whys), keys }
}

/** What has one type in a file, and another in those before. */
function unlike(path: string, here: FoundField, before: FoundField): FieldRemark[] {
  if ([here, before].some(({ type }) => type === 'string') || isSame(here, before)) return []
  const text = `${formOf(here)} here, and ${formOf(before)} in the files before`
  return [{ path, field: here.name, text }]
}

function formOf({ type, format }: FoundField): string {
  return format === undefined ? type : `${type} as ${format}`
}

/** Of each field what the first files say. */
function few(whys: FieldRemark[]): FieldRemark[] {
  const byField = Map.groupBy(whys, ({ field }) => field)
  return [...byField.values()].flatMap((some) => some.slice(0, TOLD))
}

function isSame(a: FoundField, b: FoundField): boolean {
  const form = ({ type, sluice, format, decimalChar, groupChar }: FoundField) =>
    `${[type, sluice?.decimal, format, decimalChar, groupChar]}`
  return form(a) === form(b)
}

/** A number takes what an integer does, if a double keeps it; else only text takes both. */
function common(a: FoundField, b: FoundField): FoundField {
  const { name } = a
  const none = [...new Set([...(a.missingValues ?? []), ...(b.missingValues ?? [])])]
  const missing = none.length > 0 ? { missingValues: none } : {}
  if (isSame(a, b)) return { ...a, ...missing }
  const isNumeric = [a, b].every(({ type }) => type === 'integer' || type === 'number')
  const marks = marksOf(a, b)
  return isNumeric && marks
    ? { name, type: 'number', ...marks, ...missing }
    : { name, type: 'string' }
}

/** An integer without marks fits beside any; other numbers must be marked alike. */
function marksOf(a: FoundField, b: FoundField) {
  const isBare = ({ type, groupChar }: FoundField) => type === 'integer' && !groupChar
  const given = ({ decimalChar, groupChar }: FoundField) =>
    Object.fromEntries(Object.entries({ decimalChar, groupChar }).filter(([, mark]) => mark))
  if (isBare(a)) return given(b)
  if (isBare(b) || `${Object.entries(given(a))}` === `${Object.entries(given(b))}`) return given(a)
  return undefined
}

async function holds(paths: string[], frame: Frame, proof: Proof): Promise<boolean> {
  if (paths.length > PROVEN) return false
  for (const path of paths) if (!(await proof(path, frame))) return false
  return true
}
