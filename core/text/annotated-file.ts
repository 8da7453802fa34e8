import type { FileHandle } from 'node:fs/promises'
import type { RejectFile, RowError } from '../rejects.ts'
import { cellsOf, type Marks } from './record.ts'
import { type ByteEncoding, decode } from './text-encoding.ts'
import type { Place, Visitor } from './walk.ts'

/** So many bytes are gathered before they are written. */
const FLUSH = 2 << 20

/** The file of annotated records (see annotate.ts), buffered. */
export class AnnotatedFile implements Visitor {
  /** Bytes of the longest line, of which another encoding may have three for each byte. */
  longest = 0
  readonly delimiter: string
  #buffer = Buffer.allocUnsafe(1 << 16)
  #length = 0
  readonly #target: FileHandle
  readonly #fields: number
  readonly #plain: boolean
  readonly #encoding: ByteEncoding
  readonly #marks: Marks
  readonly #rejects: RejectFile
  readonly #padding: string

  constructor(
    target: FileHandle,
    fields: number,
    marks: Marks,
    plain: boolean,
    encoding: ByteEncoding,
    rejects: RejectFile,
  ) {
    this.#target = target
    this.#fields = fields
    this.#marks = marks
    this.#rejects = rejects
    this.#plain = plain
    this.#encoding = encoding
    this.delimiter = plain ? String.fromCharCode(marks.delimiter) : ','
    this.#padding = this.delimiter.repeat(fields)
  }

  get full(): boolean {
    return this.#length > FLUSH
  }

  async broken(place: Place, error: RowError): Promise<void> {
    await this.#rejects.add({ ...place, errors: [error] })
  }

  record(
    place: Place,
    bytes: Buffer,
    at: number,
    shape: { cells: number; unusual: boolean },
  ): void {
    const d = this.delimiter
    const start = this.#length
    const end = at + place.length
    const blank = place.length === 0
    const cells = blank ? 0 : shape.cells
    const { record, line, offset, length } = place
    this.#makeRoom(3 * length + this.#fields + 256)
    this.#text(`${record}${d}${line}${d}${offset}${d}${length}${d}${cells}${d}`)
    if (!this.#plain || shape.unusual || cells > this.#fields) {
      const kept = cellsOf(bytes, at, end, this.#marks).slice(0, this.#fields)
      this.#text(kept.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(d))
    } else {
      bytes.copy(this.#buffer, this.#length, at, end)
      this.#length += end - at
    }
    this.#text(`${this.#padding.slice(Math.max(1, cells), this.#fields)}\n`)
    this.longest = Math.max(this.longest, 3 * (this.#length - start))
  }

  async flush(): Promise<void> {
    const written = this.#buffer.subarray(0, this.#length)
    const isUtf8 = this.#encoding === 'utf-8'
    await this.#target.writeFile(isUtf8 ? written : Buffer.from(decode(written, this.#encoding)))
    this.#length = 0
  }

  /** A cell written anew may double its quotes, and gets two. */
  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }

  #text(text: string): void {
    this.#length += this.#buffer.write(text, this.#length, 'latin1')
  }
}
