import type { Inferred } from './infer.ts'

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
  const [row] = dialect.headerRows ?? []
  const above = row === undefined ? [] : [`its header is row ${row}: what is above is passed over`]
  const lines = [head, ...above, ...told, ...(more > 0 ? [`and ${n(more, 'more rule')}`] : [])]
  return lines.map((text) => ({ path, text }))
}
