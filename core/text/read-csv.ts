import { fileLiteral, literal } from '../names.ts'
import { MAX_RECORD } from '../rejects.ts'

/** How the text lies in which the records are read. */
export interface Form {
  delimiter: string
  lineEnd: 'lf' | 'crlf'
  header: boolean
  /** Whether an empty cell is a missing value of every field. */
  empty: boolean
  /** Bytes of the longest record, where one may be longer than any that holds. */
  longest?: number
}

/**
 * SQL of DuckDB's reader with nothing left to guess. A quoted missing value is a missing value,
 * too.
 *
 * @param paths of texts that have the same columns; of several, a column `filename` says whose a
 *   record is
 */
export function readCsv(paths: string[], columns: Record<string, string>, form: Form): string {
  const list = Object.entries(columns).map(([name, type]) => {
    return `${literal(name.replaceAll('"', ''))}: ${literal(type)}`
  })
  // A record of nothing but commas takes 24 bytes a byte of the buffer, whatever DuckDB's limit is.
  const longest = Math.max(MAX_RECORD, form.longest ?? 0)
  const files = paths.map(fileLiteral).join(', ')
  return `read_csv([${files}], auto_detect = false, header = ${form.header},
    delim = ${literal(form.delimiter)}, quote = '"', escape = '"', filename = ${paths.length > 1},
    new_line = '${form.lineEnd === 'lf' ? '\\n' : '\\r\\n'}',
    max_line_size = ${longest}, buffer_size = ${2 * longest},
    allow_quoted_nulls = true, nullstr = ${form.empty ? "''" : 'chr(0)'},
    columns = {${list.join(', ')}})`
}
