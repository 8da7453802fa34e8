import { open } from 'node:fs/promises'

/** What the standard's `encoding` may be called here; all are names that Python knows, too. */
export type Found = 'utf-8' | 'utf-16' | 'utf-16le' | 'utf-16be' | 'windows-1252' | 'latin-1'

const CHUNK = 1 << 20

/**
 * The encoding of a text, from its mark or from all of its bytes: UTF-16 by where its NULs stand,
 * UTF-8 where it is valid. Anything else has one byte a character: windows-1252, as spreadsheets
 * write it, or latin-1 where bytes stand that windows-1252 does not have.
 *
 * A text with more characters of UTF-8 than bytes that are none is UTF-8 with damaged records: as
 * another encoding, all of its other records would be read wrong, too.
 *
 * @param path a local file, unpacked
 */
export async function inferEncoding(path: string): Promise<Found> {
  await using file = await open(path)
  const census = new Census()
  const buffer = Buffer.allocUnsafe(CHUNK)
  for (let first = true; ; first = false) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK)
    const bytes = buffer.subarray(0, bytesRead)
    const utf16 = first ? utf16Of(bytes) : undefined
    if (utf16) return utf16
    if (bytesRead === 0) return census.end()
    census.take(bytes)
  }
}

/** By the byte order mark; or by NULs: of ASCII every second byte is one, elsewhere none. */
function utf16Of(bytes: Buffer): Found | undefined {
  const mark = bytes.subarray(0, 2).toString('hex')
  if (mark === 'fffe' || mark === 'feff') return 'utf-16'
  const nuls = [0, 0]
  for (const [i, byte] of bytes.entries()) if (byte === 0) nuls[i % 2]!++
  const [even, odd] = [nuls[0]!, nuls[1]!]
  const half = bytes.length / 2
  if (odd > 0.4 * half && even < 0.1 * half) return 'utf-16le'
  return even > 0.4 * half && odd < 0.1 * half ? 'utf-16be' : undefined
}

/** Counts characters of UTF-8 beyond ASCII, and bytes beyond ASCII that belong to none. */
class Census {
  #whole = 0
  #stray = 0
  #hasControls = false
  #hasUndefined = false
  /** Bytes that the character at work still needs, and has. */
  #needs = 0
  #has = 0

  take(bytes: Buffer): void {
    for (const byte of bytes) if (byte >= 0x80 || this.#needs > 0) this.#look(byte)
  }

  #look(byte: number): void {
    if (byte >= 0x80 && byte < 0xa0) this.#note(byte)
    const goes = (byte & 0xc0) === 0x80
    if (this.#needs > 0 && goes) {
      this.#has++
      this.#needs--
      if (this.#needs === 0) this.#whole++
      return
    }
    this.#drop()
    if (byte < 0x80) return
    this.#needs = goes || byte < 0xc2 || byte > 0xf4 ? 0 : byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1
    this.#has = 1
    if (this.#needs === 0) this.#stray++
  }

  /** A character that was begun and not ended is so many stray bytes. */
  #drop(): void {
    if (this.#needs > 0) this.#stray += this.#has
    this.#needs = 0
  }

  /** Five of the bytes from 80 to 9f mean nothing in windows-1252; in latin-1 all are controls. */
  #note(byte: number): void {
    this.#hasControls = true
    if ([0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte)) this.#hasUndefined = true
  }

  end(): Found {
    this.#drop()
    if (this.#stray === 0 || this.#whole > this.#stray) return 'utf-8'
    return this.#hasControls && !this.#hasUndefined ? 'windows-1252' : 'latin-1'
  }
}
