import { isUtf8 } from 'node:buffer'
import { where } from '../contract/descriptor.ts'
import { Refused } from '../errors.ts'

/** Encodings, and how bytes become characters. */

/** One byte a character; named as in https://encoding.spec.whatwg.org/#names-and-labels. */
const single = [
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'windows-1257',
  'windows-1258',
  'windows-874',
  'iso-8859-2',
  'iso-8859-3',
  'iso-8859-4',
  'iso-8859-5',
  'iso-8859-6',
  'iso-8859-7',
  'iso-8859-8',
  'iso-8859-9',
  'iso-8859-10',
  'iso-8859-11',
  'iso-8859-13',
  'iso-8859-14',
  'iso-8859-15',
  'iso-8859-16',
  'koi8-r',
  'koi8-u',
  'macintosh',
  'x-mac-cyrillic',
  'ibm866',
] as const

/** One byte or several. What may be the later byte of a character is of 0x30 and above. */
const several = ['shift_jis', 'euc-jp', 'euc-kr', 'gbk', 'gb18030', 'big5'] as const

/** Encodings of a text that has ASCII's bytes for ASCII, so that it can be read as it stands. */
export const byteEncodings = ['utf-8', 'latin-1', ...single, ...several] as const
export type ByteEncoding = (typeof byteEncodings)[number]
export type Encoding = ByteEncoding | 'utf-16' | 'utf-16le' | 'utf-16be'

/** Other names, of Python and of IANA, without what is neither letter nor digit. */
const aliases: Record<string, Encoding> = {
  ...{ utf8sig: 'utf-8', ascii: 'utf-8', usascii: 'utf-8', u8: 'utf-8', utf: 'utf-8' },
  ...{ latin: 'latin-1', l1: 'latin-1', iso88591: 'latin-1', latin1: 'latin-1', cp819: 'latin-1' },
  ...{ latin2: 'iso-8859-2', latin3: 'iso-8859-3', latin4: 'iso-8859-4', latin5: 'iso-8859-9' },
  ...{ latin6: 'iso-8859-10', latin7: 'iso-8859-13', latin8: 'iso-8859-14' },
  ...{ latin9: 'iso-8859-15', latin10: 'iso-8859-16', tis620: 'iso-8859-11' },
  ...{ macroman: 'macintosh', maccyrillic: 'x-mac-cyrillic', cp866: 'ibm866' },
  ...{ sjis: 'shift_jis', cp932: 'shift_jis', ms932: 'shift_jis', windows31j: 'shift_jis' },
  ...{ cp949: 'euc-kr', uhc: 'euc-kr', ksc56011987: 'euc-kr', ujis: 'euc-jp' },
  ...{ cp936: 'gbk', gb2312: 'gbk', cp950: 'big5', big5hkscs: 'big5' },
}

const known = new Map<string, Encoding>([
  ...Object.entries(aliases),
  ...([...byteEncodings, 'utf-16', 'utf-16le', 'utf-16be'] as const).map(named(bare)),
  ...single.filter((name) => name.startsWith('windows')).map(named(codePage)),
])

function named(form: (name: string) => string) {
  return (encoding: Encoding): [string, Encoding] => [form(encoding), encoding]
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^0-9a-z]/g, '')
}

function codePage(name: string): string {
  return name.replace('windows-', 'cp')
}

/**
 * @param found a name in any of its forms: `windows-1252`, `cp1252`, `ISO_8859-15`, `latin9`
 * @throws Refused for an encoding that is not known
 */
export function parseEncoding(found: string, file: string, path: (string | number)[]): Encoding {
  const encoding = known.get(bare(found))
  if (encoding) return encoding
  throw new Refused(
    `${file}: ${where(path)}: found ${JSON.stringify(found)}; allowed: utf-8, utf-16, latin-1, ` +
      `${[...single, ...several].join(', ')}; convert the file to utf-8`,
  )
}

/** In which the text of an object is read: UTF-16 is transcoded. */
export function byteEncodingOf(encoding: Encoding): ByteEncoding {
  const isUtf16 = encoding === 'utf-16' || encoding === 'utf-16le' || encoding === 'utf-16be'
  return isUtf16 ? 'utf-8' : encoding
}

/** The text of bytes, with U+FFFD for what is no character. */
export function decode(bytes: Buffer, encoding: ByteEncoding): string {
  if (encoding === 'utf-8') return bytes.toString('utf8')
  const text = bytes.toString('latin1')
  if (encoding === 'latin-1') return text
  if (hasSeveral(encoding)) return decoderOf(encoding, false).decode(bytes)
  const table = tableOf(encoding)
  return text.replaceAll(/[\x80-\xff]/g, (one) => table[one.charCodeAt(0)]!)
}

/** @returns whether bytes are characters; undefined where any byte is one */
export function validityOf(encoding: ByteEncoding): ((bytes: Buffer) => boolean) | undefined {
  if (encoding === 'latin-1') return undefined
  if (encoding === 'utf-8') return isUtf8
  if (hasSeveral(encoding)) return (bytes) => isDecodable(bytes, encoding)
  const table = tableOf(encoding)
  if (!table.includes(NONE)) return undefined
  return (bytes) => bytes.every((byte) => table[byte] !== NONE)
}

/**
 * The bytes of a text; undefined where it has characters that the encoding has not, or whose bytes
 * may as well be the later ones of another character, so that they cannot be searched for.
 */
export function encode(text: string, encoding: ByteEncoding): Buffer | undefined {
  if (encoding === 'utf-8') return Buffer.from(text)
  if (hasSeveral(encoding)) {
    return /^[^0-9@-\uffff]*$/.test(text) ? Buffer.from(text) : undefined
  }
  const codes = [...text].map((one) => codeOf(one, encoding))
  return codes.some((code) => code < 0 || code > 255) ? undefined : Buffer.from(codes)
}

function hasSeveral(encoding: ByteEncoding): boolean {
  return (several as readonly string[]).includes(encoding)
}

function codeOf(character: string, encoding: ByteEncoding): number {
  const code = character.codePointAt(0)!
  return encoding === 'latin-1' || code < 0x80 ? code : tableOf(encoding).indexOf(character)
}

const NONE = '\ufffd'
const tables = new Map<ByteEncoding, string>()

/** The 256 characters of an encoding of one byte. */
function tableOf(encoding: ByteEncoding): string {
  const made = tables.get(encoding)
  if (made) return made
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const table = Array.from(bytes, (byte) => characterOf(byte, encoding)).join('')
  tables.set(encoding, table)
  return table
}

/**
 * WHATWG gives what Windows' code pages leave open the control characters of ISO 8859, takes two
 * parts of ISO 8859 for Windows', and two letters of Belarusian into KOI8-U, which has box drawing
 * there (RFC 2319; https://encoding.spec.whatwg.org/#legacy-single-byte-encodings).
 */
function characterOf(byte: number, encoding: ByteEncoding): string {
  const isControl = byte >= 0x80 && byte < 0xa0
  if (isControl && encoding.startsWith('iso-')) return String.fromCharCode(byte)
  if (encoding === 'koi8-u' && (byte === 0xae || byte === 0xbe)) return byte === 0xae ? '╝' : '╬'
  const character = decoderOf(encoding, false).decode(Uint8Array.of(byte))
  const isOpen = isControl && encoding.startsWith('windows-') && /[\x80-\x9f]/.test(character)
  return isOpen ? NONE : character
}

const decoders = new Map<string, Decoder>()
type Decoder = InstanceType<typeof TextDecoder>

function decoderOf(encoding: ByteEncoding, fatal: boolean): Decoder {
  const name = `${encoding} ${fatal}`
  const decoder = decoders.get(name) ?? new TextDecoder(encoding, { fatal, ignoreBOM: true })
  decoders.set(name, decoder)
  return decoder
}

function isDecodable(bytes: Buffer, encoding: ByteEncoding): boolean {
  try {
    decoderOf(encoding, true).decode(bytes)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false
    throw error
  }
}
