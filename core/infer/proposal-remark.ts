import type { Inferred } from './infer.ts'
import type { FoundDialect } from './infer-dialect.ts'

/** What was found in a file that is proposed for: in the proposal it is a comment of one line. */
export interface Remark {
  /** Of the file, below the package's folder. */
  path: string
  /** Without a line end. */
  text: string
}

/** What Sluice says of one field in one file: why it is a string. */
export interface FieldRemark extends Remark {
  field: string
}

/** `In "orders.csv": 12 records, all of which would be accepted` */
export function formatRemark({ path, text }: Remark): string {
  return `In ${JSON.stringify(path)}: ${text}`
}

/** @returns what `formatRemark` was given; undefined where the line is none of its */
export function parseRemark(line: string): Remark | undefined {
  const [, path, text] = /^In ("(?:[^"\\]|\\.)*"): (.*)$/s.exec(line.trim()) ?? []
  return path === undefined ? undefined : { path: JSON.parse(path) as string, text: text! }
}

/** What an editor or a terminal may take for the end of a line is escaped, as JSON does it. */
export function onOneLine(text: string): string {
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

/** Rules of a file that are told. */
const RULES = 5

/** What the proposed contract would make of the records of a file: one line, then one a rule. */
export function remarksOn(path: string, found: Inferred): Remark[] {
  const { records, rejected, rules, dialect } = found
  const n = (count: number, what = 'record') =>
    `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
  const ends = `${(records - rejected).toLocaleString('en')} would be accepted`
  const head = `${n(records)}: ${ends}, ${rejected.toLocaleString('en')} rejected`
  const told = rules.slice(0, RULES).map(({ rule, field, records, examples: [first] }) => {
    const of = field === null ? '' : ` in ${JSON.stringify(field)}`
    const at = `${records > 1 ? 'first ' : ''}in line ${first?.line}: ${first?.message}`
    return `${rule}${of}: ${n(records)}, ${at}`.replaceAll(/[\r\n]+/g, ' ')
  })
  const more = rules.length - told.length
  const none =
    records === 0 ? ['a header alone: every field is a string until records say more'] : []
  const lines = [
    head,
    ...none,
    ...headerOf(dialect),
    ...told,
    ...(more > 0 ? [`and ${n(more, 'more rule')}`] : []),
  ]
  return lines.map((text) => ({ path, text: onOneLine(text) }))
}

function headerOf({ header, headerRows, commentRows }: FoundDialect): string[] {
  const [row] = headerRows ?? []
  if (row !== undefined) return [`its header is row ${row}: what is above is passed over`]
  if (header !== false) return []
  const last = commentRows?.at(-1)
  if (last === undefined) return ['it has no header: its fields are called by their place']
  const to = last === 1 ? 'row 1 is' : `rows 1 to ${last} are`
  return [`${to} passed over: fields need a header of labels that differ, and that none lacks`]
}
