import { closeSync, createReadStream, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Compression } from '../contract/stored.ts'
import { Refused } from '../errors.ts'
import { boundHere, limitHere, TooLarge } from '../limit.ts'
import { type ByteEncoding, byteEncodingOf, type Encoding } from './text-encoding.ts'
import { byFrame } from './zstd-frames.ts'

/**
 * The text of an object as a local file in an encoding that has ASCII's bytes for ASCII: itself, or
 * what comes out of gzip, zstd and UTF-16.
 */
export interface PlainText {
  path: string
  /** How bytes of `path` become characters. */
  encoding: ByteEncoding
  /** What UTF-16 the object has, so that verbatim bytes can be given back. */
  utf16: 'utf-16le' | 'utf-16be' | undefined
  /** All of its bytes, where they are few: several looks at them need no more files. */
  bytes: Buffer | undefined
  /** Bytes before the first character: a byte order mark, of `path`. */
  bom: number
}

/** About how many bytes of text an object has: packed CSV is some ten times smaller. */
export function textSize({ key, size }: { key: string; size: number }): number {
  return compressionOf(key) ? 10 * size : size
}

function compressionOf(key: string): Compression | undefined {
  const ending = /\.(gz|zst)$/i.exec(key)?.[1]?.toLowerCase()
  return ending as Compression | undefined
}

/** Less than this is unpacked whatever it was: it fills no disk. */
const HARMLESS = 256 << 20

/**
 * @param path the object's bytes
 * @param folder where a decompressed or transcoded copy may be written
 * @param compression where the ending of `key` does not say it
 * @throws Refused where the bytes are not gzip, zstd or UTF-16 although they should be, or grow too
 *   large; TooLarge where that is so in this place only
 */
export async function plainText(
  path: string,
  key: string,
  encoding: Encoding,
  folder: string,
  compression?: Compression | undefined,
): Promise<PlainText> {
  const archive = /\.(zip|bz2|xz|7z|tar|tgz)$/i.exec(key)
  if (archive && !compression) {
    const cure = 'put what it holds as a file of its own, as it is or packed as .gz or .zst'
    throw new Refused(`compression-error: a ${archive[0]} is not read; ${cure}`)
  }
  const packed = compression ?? compressionOf(key)
  const source = packed ? await unpack(path, packed, join(folder, 'unpacked')) : path
  if (encoding !== 'utf-16' && encoding !== 'utf-16le' && encoding !== 'utf-16be') {
    return { path: source, encoding, utf16: undefined, ...beginningOf(source, encoding) }
  }
  const utf16 = encoding === 'utf-16' ? orderOf(readStart(source, 2)) : encoding
  const to = join(folder, 'transcoded')
  await transcode(source, to, utf16)
  return { path: to, encoding: byteEncodingOf(encoding), utf16, ...beginningOf(to, 'utf-8') }
}

/** A text up to this size is read at once, and kept while it is looked at. */
const FEW = 1 << 20

export function beginningOf(path: string, encoding: string): Pick<PlainText, 'bytes' | 'bom'> {
  const bytes = statSync(path).size <= FEW ? readFileSync(path) : undefined
  const head = bytes?.subarray(0, 3) ?? readStart(path, 3)
  return { bytes, bom: encoding === 'utf-8' && head.equals(BOM) ? 3 : 0 }
}

/** Up to `length` bytes. */
export function readStart(path: string, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(length)
    return buffer.subarray(0, readSync(file, buffer, 0, length, 0))
  } finally {
    closeSync(file)
  }
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** Without a mark, UTF-16 is read as little-endian, as Python and Windows do. */
function orderOf(head: Buffer): 'utf-16le' | 'utf-16be' {
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-16le'
}

async function unpack(path: string, packed: Compression, to: string): Promise<string> {
  await using file = await open(to, 'w')
  const limit = limitHere()
  const { size } = statSync(path)
  const gigabytes = boundHere('SLUICE_MAX_TEXT_GB')
  // CSV unpacks to 5 to 50 times its size, what was made to fill a disk to a thousand.
  const ratio = boundHere('SLUICE_MAX_TEXT_RATIO')
  const most = Math.max(HARMLESS, ratio * size)
  let written = 0
  try {
    const write = async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        written += chunk.length
        if (written > gigabytes * 2 ** 30) throw tooLong(gigabytes)
        if (written > most) throw isBomb(size, ratio)
        if (written > limit) throw new TooLarge(written)
        await file.writeFile(chunk)
      }
    }
    const source = createReadStream(path)
    const options = { chunkSize: 1 << 20 }
    if (packed === 'gz') await pipeline(source, createGunzip(options), write)
    else await pipeline(source, byFrame, createZstdDecompress(options), write)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!/^Z(STD)?_/.test(code)) throw error
    const name = packed === 'gz' ? 'gzip' : 'zstd'
    throw new Refused(`compression-error: not a whole ${name} file (${(error as Error).message})`)
  }
  return to
}

function tooLong(gigabytes: number): Refused {
  return new Refused(
    `too-long: the object unpacks to more than ${gigabytes} GiB; set SLUICE_MAX_TEXT_GB higher`,
  )
}

function isBomb(size: number, ratio: number): Refused {
  return new Refused(
    `too-long: the object's ${size} bytes unpack to more than ${ratio} times as many; ` +
      'if that is what it should be, set SLUICE_MAX_TEXT_RATIO higher, or bring it unpacked',
  )
}

/** Half of a surrogate pair is no character: its record will be an `encoding-error`. */
async function transcode(from: string, to: string, order: 'utf-16le' | 'utf-16be'): Promise<void> {
  await using file = await open(to, 'w')
  const decoder = new StringDecoder('utf16le')
  const write = async (text: string) => {
    await file.writeFile(text.isWellFormed() ? Buffer.from(text) : generalized(text))
  }
  let odd: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
    const bytes = Buffer.concat([odd, chunk])
    const even = bytes.subarray(0, bytes.length & ~1)
    odd = bytes.subarray(even.length)
    if (even.length > 0) await write(decoder.write(order === 'utf-16be' ? even.swap16() : even))
  }
  if (odd.length > 0) throw new Refused('encoding-error: UTF-16 with an odd number of bytes')
  await write(decoder.end())
}

/**
 * UTF-8 that writes half of a surrogate pair as the three bytes it would have: not valid, so that
 * it is noticed, and not lost, so that `fromGeneralized` gives the object's own units back.
 */
function generalized(text: string): Buffer {
  const parts = text.split(/(\p{Surrogate})/u).map((part, i) => {
    const unit = part.charCodeAt(0)
    if (i % 2 === 0) return Buffer.from(part)
    return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)])
  })
  return Buffer.concat(parts)
}

/** The text, half pairs included, of what `transcode` wrote. */
export function fromGeneralized(bytes: Buffer): string {
  const parts = bytes.toString('latin1').split(/\xed([\xa0-\xbf])([\x80-\xbf])/)
  let text = ''
  for (let i = 0; i < parts.length; i += 3) {
    text += Buffer.from(parts[i]!, 'latin1').toString('utf8')
    if (i + 2 >= parts.length) break
    const [second, third] = [parts[i + 1]!.charCodeAt(0), parts[i + 2]!.charCodeAt(0)]
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f))
  }
  return text
}
