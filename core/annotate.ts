import { isUtf8 } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import { AnnotatedFile } from './annotated-file.ts'
import type { Dialect } from './dialect.ts'
import type { Layout } from './header.ts'
import type { PlainText } from './plain-text.ts'
import { CR, LF, marksOf, newShape, scanRecord } from './record.ts'
import {
  invalidBytes,
  MAX_RECORD,
  nulByte,
  quoteError,
  type RejectFile,
  type RowError,
  tooLong,
} from './rejects.ts'

/**
 * The exact way: one walk over all records that writes each behind its own place in the text, as
 *
 *     record,line,offset,length,cells,<its cells, exactly as many as the layout has fields>
 *
 * in a form that DuckDB's reader cannot misread. What is no record at all (a broken quote, a NUL,
 * an invalid byte, an endless line) goes to the rejects at once.
 */
export interface Annotated {
  path: string
  /** The object's own, or a comma where cells had to be written anew. */
  delimiter: string
  records: number
  /** Bytes of its longest line. */
  longest: number
}

/** A record that does not end within it is none: four times as long as one may be. */
const WINDOW = 8 << 20

/**
 * @param utf8 whether the text is known to be UTF-8 as a whole
 * @param path where the annotated file is written
 */
export async function annotate(
  text: PlainText,
  layout: Layout,
  dialect: Dialect,
  utf8: boolean,
  path: string,
  rejects: RejectFile,
): Promise<Annotated> {
  await using source = await open(text.path)
  await using target = await open(path, 'w')
  const plain = dialect.quote === '"' && !dialect.escape && dialect.delimiter !== ' '
  const { size } = await source.stat()
  const out = new AnnotatedFile(
    target,
    layout.fields.length,
    marksOf(dialect),
    plain,
    text.encoding,
  )
  const known = utf8 || text.encoding === 'latin-1'
  const walk = new Walk(source, size, layout, out, rejects, known)
  await walk.run()
  return { path, delimiter: out.delimiter, records: walk.records, longest: out.longest }
}

class Walk {
  records = 0
  #line: number
  /** Where in the text the window begins. */
  #base: number
  #length = 0
  #last = false
  readonly #window: Buffer
  readonly #shape = newShape()
  readonly #source: FileHandle
  readonly #out: AnnotatedFile
  readonly #rejects: RejectFile
  readonly #utf8: boolean

  constructor(
    source: FileHandle,
    size: number,
    layout: Layout,
    out: AnnotatedFile,
    rejects: RejectFile,
    utf8: boolean,
  ) {
    this.#source = source
    this.#window = Buffer.allocUnsafe(Math.min(WINDOW, size + 1))
    this.#out = out
    this.#rejects = rejects
    this.#utf8 = utf8
    this.#base = layout.start
    this.#line = layout.lines + 1
  }

  async run(): Promise<void> {
    while (!this.#last || this.#length > 0) {
      await this.#fill()
      this.#drop(await this.#records())
    }
    await this.#out.flush()
  }

  async #fill(): Promise<void> {
    while (this.#length < this.#window.length && !this.#last) {
      const from = this.#base + this.#length
      const room = this.#window.length - this.#length
      const { bytesRead } = await this.#source.read(this.#window, this.#length, room, from)
      this.#length += bytesRead
      this.#last = bytesRead === 0
    }
  }

  #drop(bytes: number): void {
    this.#window.copyWithin(0, bytes, this.#length)
    this.#base += bytes
    this.#length -= bytes
  }

  /**
   * Takes every record that ends in the window; the answer is where the next one begins.
   *
   * Of a quote that is never closed, or closed in the middle of a cell, the first line alone is
   * rejected, and the next line is a record again, so that one broken quote costs one line.
   */
  async #records(): Promise<number> {
    const shape = this.#shape
    const { marks } = this.#out
    const nul = this.#window.subarray(0, this.#length).includes(0)
    for (let at = 0; ; ) {
      if (at === this.#length) return at
      const state = scanRecord(this.#window, at, this.#length, this.#last, marks, shape)
      if (state === 'more' && at > 0) return at
      if (state === 'record') {
        await this.#take(at, shape.end - at, shape.innerLines + 1, this.#wrong(at, nul))
        at = shape.next
      } else {
        const end = this.#lineEnd(at)
        if (this.#cut(end)) return at > 0 ? at : await this.#endless()
        await this.#take(at, end - at, 1, end - at > MAX_RECORD ? tooLong(end - at) : quoteError)
        at = this.#afterLineEnd(end)
      }
    }
  }

  /** A line longer than the window: read on to its end, keeping nothing but its length. */
  async #endless(): Promise<number> {
    const start = this.#base
    let end = this.#lineEnd(0)
    while (this.#cut(end)) {
      this.#drop(end)
      await this.#fill()
      end = this.#lineEnd(0)
    }
    const length = this.#base + end - start
    await this.#take(start - this.#base, length, 1, tooLong(length))
    return this.#afterLineEnd(end)
  }

  /** Where the line's content ends: at its line end, or where the window does. */
  #lineEnd(at: number): number {
    let end = at
    while (end < this.#length && this.#window[end] !== LF && this.#window[end] !== CR) end++
    return end
  }

  /** Whether more bytes must be seen to know the line end: a CR at the edge may go on with LF. */
  #cut(end: number): boolean {
    return end + 1 >= this.#length && !this.#last
  }

  #afterLineEnd(end: number): number {
    const both = this.#window[end] === CR && this.#window[end + 1] === LF && end + 1 < this.#length
    return Math.min(this.#length, end + (both ? 2 : 1))
  }

  #wrong(at: number, nul: boolean): RowError | undefined {
    const { end } = this.#shape
    if (end - at > MAX_RECORD) return tooLong(end - at)
    const bytes = this.#utf8 && !nul ? undefined : this.#window.subarray(at, end)
    if (nul && bytes?.includes(0)) return nulByte
    if (!this.#utf8 && bytes && !isUtf8(bytes)) return invalidBytes
    return undefined
  }

  async #take(at: number, length: number, lines: number, wrong?: RowError): Promise<void> {
    this.records++
    const place = { record: this.records, line: this.#line, offset: this.#base + at, length }
    this.#line += lines
    if (wrong) await this.#rejects.add({ ...place, errors: [wrong] })
    else this.#out.write(place, this.#window, at, this.#shape)
    if (this.#out.full) await this.#out.flush()
  }
}
