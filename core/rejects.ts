import { type FileHandle, open } from 'node:fs/promises'
import { RejectRules, type RuleCount } from './database/reject-rules.ts'
import { Refused } from './errors.ts'
import { boundHere } from './limit.ts'
import { fileLiteral } from './names.ts'
import { fromGeneralized, type PlainText } from './text/plain-text.ts'
import { decode } from './text/text-encoding.ts'
import { TextFile } from './text/text-file.ts'

/** One thing that is wrong with a record; `field` and `value` are absent where it is the whole. */
export interface RowError {
  rule: string
  field?: string | null
  value?: string | null
  message: string
}

/** A record that could not go, and where it stands in the plain text. */
export interface Reject {
  /** From 1, the header left out. */
  record: number
  /** From 1, the header's line included. */
  line: number
  /** Bytes of the plain text. */
  offset: number
  length: number
  errors: RowError[]
}

/** More of one record than this is not kept: its place in the object is, in the message. */
export const MAX_RECORD = 2_000_000

/** Bytes that are read at once. */
const AHEAD = 1 << 16

/**
 * Collects the rejects of one object in a CSV file that Postgres' COPY and DuckDB both read:
 * record, line, verbatim bytes in hex, their text, errors as JSON.
 */
export class RejectFile {
  readonly path: string
  readonly #text: PlainText
  readonly #source: FileHandle
  readonly #out: TextFile
  /** A text of nothing but tiny wrong lines would fill a disk with a hundred times its size. */
  readonly #most = boundHere('SLUICE_MAX_REJECTS')
  #count = 0
  readonly #rules = new RejectRules()
  #ahead = { offset: 0, bytes: Buffer.alloc(0) }

  private constructor(path: string, text: PlainText, source: FileHandle, out: TextFile) {
    this.path = path
    this.#text = text
    this.#source = source
    this.#out = out
  }

  static async create(path: string, text: PlainText): Promise<RejectFile> {
    return new RejectFile(path, text, await open(text.path), await TextFile.create(path))
  }

  get count(): number {
    return this.#count
  }

  /** Of all that were added; undefined where none was. */
  get rules(): RuleCount[] | undefined {
    return this.#rules.list()
  }

  /** @throws Refused where there are more than are kept */
  async add(reject: Reject): Promise<void> {
    if (this.#count >= this.#most) throw tooMany(this.#most)
    const buffer = await this.#bytes(reject.offset, Math.min(reject.length, MAX_RECORD))
    const { record, line, errors } = reject
    const { utf16, encoding } = this.#text
    const raw = verbatim(buffer, utf16).toString('hex')
    const row = [record, line, raw, shown(buffer, encoding), JSON.stringify(errors)]
    this.#count++
    this.#rules.add(errors)
    await this.#out.write(csvRow(row))
  }

  /** Rejects come in the order of the text, so what was read for one mostly has the next. */
  async #bytes(offset: number, length: number): Promise<Buffer> {
    const at = offset - this.#ahead.offset
    if (at < 0 || at + length > this.#ahead.bytes.length) {
      const room = Buffer.allocUnsafe(Math.max(length, AHEAD))
      const { bytesRead } = await this.#source.read(room, 0, room.length, offset)
      this.#ahead = { offset, bytes: room.subarray(0, bytesRead) }
      return room.subarray(0, Math.min(length, bytesRead))
    }
    return this.#ahead.bytes.subarray(at, at + length)
  }

  async close(): Promise<void> {
    await this.#source.close()
    await this.#out.close()
  }
}

function tooMany(most: number): Refused {
  return new Refused(
    `too-many-rejects: more than ${most} records cannot go; mend the object, or set ` +
      'SLUICE_MAX_REJECTS higher',
  )
}

/** The bytes as they stand in the object (unzipped); UTF-16 was transcoded one to one. */
export function verbatim(bytes: Buffer, utf16: PlainText['utf16'] | null): Buffer {
  if (!utf16) return bytes
  const units = Buffer.from(fromGeneralized(bytes), 'utf16le')
  return utf16 === 'utf-16be' ? units.swap16() : units
}

/** For the eye: decoded, with U+FFFD for what is no character (a NUL too: Postgres has none). */
export function shown(bytes: Buffer, encoding: PlainText['encoding']): string {
  return decode(bytes, encoding).replaceAll('\0', '\ufffd')
}

/** DuckDB's own buffer would be sixteen of the longest lines: 244 MiB for a single reject. */
export const LINES = 16 * MAX_RECORD

/** The rejects' file as a table of DuckDB: record, line, raw (hex), text, errors (JSON). */
export function rejectsTable(path: string): string {
  const file = fileLiteral(path)
  return `read_csv(${file}, auto_detect = false, header = false, delim = ',', quote = '"',
    escape = '"', new_line = '\\n', allow_quoted_nulls = false, max_line_size = ${8 * MAX_RECORD},
    buffer_size = ${LINES},
    columns = {'record': 'BIGINT', 'line': 'BIGINT', 'raw': 'VARCHAR', 'text': 'VARCHAR',
      'errors': 'VARCHAR'})`
}

/** DuckDB and Postgres agree on a quoted cell with doubled quotes; null is a cell of nothing. */
export function csvRow(cells: (string | number | null)[]): string {
  const texts = cells.map((cell) => {
    if (cell === null) return ''
    return typeof cell === 'number' ? String(cell) : `"${cell.replaceAll('"', '""')}"`
  })
  return `${texts.join(',')}\n`
}

/** The errors of a record, as DuckDB reads them from JSON. */
export const errorShape =
  '[{"rule":"VARCHAR","field":"VARCHAR","value":"VARCHAR","message":"VARCHAR"}]'

/** What may be wrong with a record before it has cells. */
export const quoteError: RowError = {
  rule: 'quote-error',
  message: 'a quote is not closed, or something follows it; double a quote inside a quoted cell',
}
export const nulByte: RowError = {
  rule: 'encoding-error',
  message: 'a NUL byte: text cannot hold it; take it out',
}
export const invalidBytes: RowError = {
  rule: 'encoding-error',
  message: 'bytes that are no character: mend them, or declare the encoding of the resource',
}
export const tooLong = (length: number): RowError => ({
  rule: 'too-long',
  message: `${length} bytes; at most ${MAX_RECORD} are allowed, and only so many are kept here`,
})
