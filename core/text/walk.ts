import type { FileHandle } from 'node:fs/promises'
import {
  invalidBytes,
  MAX_RECORD,
  nulByte,
  quoteError,
  type RowError,
  tooLong,
} from '../rejects.ts'
import { type Comments, isComment } from './comments.ts'
import { CR, LF, type Marks, newShape, type Shape, scanRecord } from './record.ts'

/** Where a record stands in the text: number and line from 1, bytes. */
export interface Place {
  record: number
  line: number
  offset: number
  length: number
}

/** Who is told of every record, in the order of the text. */
export interface Visitor {
  /** A whole record: `place.length` of `bytes` from `at`, which are only lent. */
  record(place: Place, bytes: Buffer, at: number, shape: Shape): void
  /** What is no record at all: a broken quote, a NUL, an invalid byte, an endless line. */
  broken(place: Place, error: RowError): Promise<void>
  /** Whether what it holds must go before more is told. */
  readonly full: boolean
  flush(): Promise<void>
}

export interface Course {
  source: FileHandle
  /** Bytes of the source. */
  size: number
  /** Where the first record begins: bytes, and lines and rows before it. */
  start: number
  lines: number
  rows: number
  marks: Marks
  comments: Comments | undefined
  /** Whether bytes are characters; undefined where no record needs to be looked at for it. */
  isValid: ((bytes: Buffer) => boolean) | undefined
}

/** A record that does not end within it is none: four times as long as one may be. */
const WINDOW = 8 << 20

/** Walks over all records of a text, in constant memory. @returns how many there are */
export async function walk(course: Course, visitor: Visitor): Promise<number> {
  const walk = new Walk(course, visitor)
  await walk.run()
  return walk.records
}

class Walk {
  records = 0
  #line: number
  /** Rows before the next one, comments among them. */
  #rows: number
  /** Where in the text the window begins. */
  #base: number
  #length = 0
  #last = false
  readonly #window: Buffer
  readonly #shape = newShape()
  readonly #source: FileHandle
  readonly #marks: Marks
  readonly #visitor: Visitor
  readonly #comments: Comments | undefined
  readonly #isValid: Course['isValid']

  constructor(course: Course, visitor: Visitor) {
    this.#source = course.source
    this.#window = Buffer.allocUnsafe(Math.min(WINDOW, course.size + 1))
    this.#marks = course.marks
    this.#comments = course.comments
    this.#visitor = visitor
    this.#isValid = course.isValid
    this.#base = course.start
    this.#line = course.lines + 1
    this.#rows = course.rows
  }

  async run(): Promise<void> {
    while (!this.#last || this.#length > 0) {
      await this.#fill()
      this.#drop(await this.#records())
    }
    await this.#visitor.flush()
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
    const marks = this.#marks
    const nul = this.#window.subarray(0, this.#length).includes(0)
    for (let at = 0; ; ) {
      if (at === this.#length) return at
      const state = scanRecord(this.#window, at, this.#length, this.#last, marks, shape)
      if (state === 'more' && at > 0) return at
      if (state === 'record') {
        if (this.#passes(at, shape.end, false)) this.#line += shape.innerLines + 1
        else await this.#take(at, shape.end - at, shape.innerLines + 1, this.#wrong(at, nul))
        at = shape.next
      } else {
        const end = this.#lineEnd(at)
        if (this.#cut(end)) return at > 0 ? at : await this.#endless()
        if (this.#passes(at, end, true)) this.#line++
        else
          await this.#take(at, end - at, 1, end - at > MAX_RECORD ? tooLong(end - at) : quoteError)
        at = this.#afterLineEnd(end)
      }
    }
  }

  /** Whether the next row is a comment, which is passed over. */
  #passes(at: number, end: number, isBroken: boolean): boolean {
    this.#rows++
    if (!this.#comments) return false
    const record = { bytes: this.#window, at, end, isBroken }
    return isComment(this.#comments, this.#rows, record, this.#marks)
  }

  /** A line longer than the window: read on to its end, keeping nothing but its length. */
  async #endless(): Promise<number> {
    this.#rows++
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
    if (!nul && !this.#isValid) return undefined
    const bytes = this.#window.subarray(at, end)
    if (nul && bytes.includes(0)) return nulByte
    return this.#isValid && !this.#isValid(bytes) ? invalidBytes : undefined
  }

  async #take(at: number, length: number, lines: number, wrong?: RowError): Promise<void> {
    this.records++
    const place = { record: this.records, line: this.#line, offset: this.#base + at, length }
    this.#line += lines
    const visitor = this.#visitor
    if (wrong) await visitor.broken(place, wrong)
    else visitor.record(place, this.#window, at, this.#shape)
    if (visitor.full) await visitor.flush()
  }
}
