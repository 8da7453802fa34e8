import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { type PlainText, readStart } from './plain-text.ts'
import { CR, LF } from './record.ts'

/** What one look at every byte tells of a text, before anything parses it. */
export interface Facts {
  /** Whether it is UTF-8 as a whole; then no record needs to be looked at for it. */
  utf8: boolean
  lineEnd: 'lf' | 'crlf' | 'mixed'
  /**
   * Whether something stands in it that DuckDB's reader passes over, or reads otherwise than the
   * standard: a blank line, a NUL, an empty last cell (`1,2,` and `1,2,""` have a cell too many), a
   * space beside a quote (it would be cut off), a line that may be longer than a buffer (dropped).
   */
  tricky: boolean
}

const CHUNK = 1 << 20
const QUOTE = 34

/**
 * Looks for single bytes and pairs, by native searches only: gigabytes a second.
 *
 * @param path a text of UTF-8, or of another encoding that has ASCII's bytes for ASCII
 * @param delimiter one ASCII character
 */
export async function probe(path: string, delimiter: string): Promise<Facts> {
  const file = await open(path)
  try {
    const glass = new Glass(delimiter)
    const { size } = await file.stat()
    const chunk = Math.min(CHUNK, size + 1)
    const buffer = Buffer.allocUnsafe(chunk + 16)
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(buffer, kept, chunk)
      glass.look(buffer.subarray(0, kept + bytesRead), kept)
      if (bytesRead === 0) return glass.facts()
      kept = keepLastCharacters(buffer, kept + bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** The facts of a small text; or what the beginning of a large one tells. */
export function glimpse({ path, bytes }: PlainText, delimiter: string): Facts {
  const glass = new Glass(delimiter)
  const start = bytes ?? readStart(path, CHUNK)
  glass.look(start, 0)
  if (bytes) glass.look(bytes, bytes.length)
  return glass.facts()
}

/** Gathers the facts, chunk by chunk. */
class Glass {
  #bytes = 0
  #utf8 = true
  #tricky = false
  #mixed = false
  #count = { cr: 0, lf: 0, crlf: 0 }
  readonly #delimiter: number

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0)
  }

  /** @param seen how many of the first bytes were looked at before; none new: the text has ended */
  look(bytes: Buffer, seen: number): void {
    const last = bytes.length === seen
    if (this.#utf8) this.#utf8 = isUtf8(last ? bytes : bytes.subarray(0, characters(bytes)))
    if (this.#count.cr > 0 || bytes.includes(CR, seen)) this.#countLineEnds(bytes, seen)
    if (!this.#tricky) {
      const first = this.#bytes === 0 ? bytes[bytes[0] === 0xef ? 3 : 0] : undefined
      const blank = first === LF || first === CR
      const open = last && this.#emptyBefore(bytes, bytes.length)
      const endless = bytes.length - seen === CHUNK && !bytes.includes(LF, seen)
      this.#tricky = blank || open || endless || bytes.includes(0) || this.#hasPair(bytes)
    }
    this.#bytes += bytes.length - seen
  }

  /**
   * Line ends and quotes are rarer than what stands beside them, so they are what is looked for.
   */
  #hasPair(bytes: Buffer): boolean {
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      const cr = bytes[at - 1] === CR ? 1 : 0
      const after = bytes[at + 1]
      if (this.#emptyBefore(bytes, at - cr) || after === LF || after === CR) return true
    }
    return bytes.includes(QUOTE) && (bytes.includes(' "') || bytes.includes('" '))
  }

  /** Whether the cell that ends at `end` is empty, or an empty pair of quotes. */
  #emptyBefore(bytes: Buffer, end: number): boolean {
    const quoted = bytes[end - 1] === QUOTE && bytes[end - 2] === QUOTE
    return bytes[quoted ? end - 3 : end - 1] === this.#delimiter
  }

  facts(): Facts {
    const { cr, lf, crlf } = this.#count
    const mixed = this.#mixed || cr !== crlf || lf !== crlf
    const lineEnd = cr === 0 ? 'lf' : mixed ? 'mixed' : 'crlf'
    return { utf8: this.#utf8, lineEnd, tricky: this.#tricky }
  }

  /** Line ends are counted from the first CR on: one that comes late means that they are mixed. */
  #countLineEnds(bytes: Buffer, seen: number): void {
    const count = this.#count
    if (count.cr === 0 && this.#bytes > 0) this.#mixed = true
    for (let at = bytes.indexOf(CR, seen); at >= 0; at = bytes.indexOf(CR, at + 1)) {
      count.cr++
    }
    for (let at = bytes.indexOf(LF, seen); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      count.lf++
      if (bytes[at - 1] === CR) count.crlf++
    }
  }
}

/**
 * The last whole characters and what there is of a cut one go before the next chunk: ≤ 16 bytes.
 */
function keepLastCharacters(buffer: Buffer, length: number): number {
  const whole = characters(buffer.subarray(0, length))
  let from = Math.max(0, whole - 8)
  while (from > 0 && whole - from < 12 && (buffer[from]! & 0xc0) === 0x80) from--
  buffer.copyWithin(0, from, length)
  return length - from
}

/** How many of the bytes are there without a character that is cut at the end. */
function characters(bytes: Buffer): number {
  let lead = bytes.length - 1
  while (lead >= 0 && bytes.length - lead < 4 && (bytes[lead]! & 0xc0) === 0x80) lead--
  const byte = bytes[lead] ?? 0
  const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
  return lead >= 0 && length > bytes.length - lead ? lead : bytes.length
}
