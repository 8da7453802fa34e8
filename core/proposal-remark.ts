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
