import { Refused } from '../errors.ts'
import { postgresName } from '../names.ts'
import type { PlainText } from '../text/plain-text.ts'
import { decode } from '../text/text-encoding.ts'
import { type Cut, type FoundDialect, isData } from './infer-dialect.ts'

/**
 * The fields' names: the header's labels. Where a label is blank or stands there twice, no field
 * can have it: then the header is passed over, and fields go by their place.
 */
export function namesOf({ dialect, records }: Cut, text: PlainText) {
  const first = (records[0] ?? []).map((cell) => decoded(cell, text))
  if (first.join('').includes('\0')) throw new Refused('encoding-error: a NUL in the header')
  // What is packed, or a picture, may be cut into cells, too, and would be loaded.
  if (/[^\P{Cc}\t\r\n\f\v\u0080-\u009f]/u.test(first.join(''))) {
    throw new Refused('source-error: control characters in the header: is it a CSV?')
  }
  if (isData(records)) {
    const names = first.map((_, i) => `column_${i + 1}`)
    return { names, dialect: headless(dialect, 0) }
  }
  const names = distinct(first)
  const isHeader = names.every((name, i) => name === first[i])
  return { names, dialect: isHeader ? dialect : headless(dialect, 1) }
}

/** The dialect without a header: it is passed over, where there is one, and what is above it. */
function headless({ headerRows, ...dialect }: FoundDialect, headers: 0 | 1): FoundDialect {
  const length = (headerRows?.[0] ?? 1) - 1 + headers
  const commentRows = Array.from({ length }, (_, i) => i + 1)
  return { ...dialect, header: false, ...(length > 0 && { commentRows }) }
}

function decoded(cell: string, { encoding }: PlainText): string {
  return decode(Buffer.from(cell, 'latin1'), encoding)
}

/** Names that neither Postgres nor DuckDB takes for the same, and none of our own. */
function distinct(labels: string[]): string[] {
  const key = (name: string) => postgresName(name).toLowerCase()
  const taken = new Set(['_object_id'])
  return labels.map((label, i) => {
    const wanted = label.trim() === '' ? `column_${i + 1}` : label
    let name = wanted
    for (let n = 2; taken.has(key(name)); n++) name = `${wanted}_${n}`
    taken.add(key(name))
    return name
  })
}
