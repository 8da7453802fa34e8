import { expect, test } from 'vitest'
import {
  type ByteEncoding,
  byteEncodings,
  decode,
  encode,
  parseEncoding,
  validityOf,
} from './text-encoding.ts'

const parse = (name: string) => parseEncoding(name, 'datapackage.yaml', ['encoding'])

test.each([
  ['utf-8', 'UTF-8 utf8 utf_8 utf-8-sig utf_8_sig ascii US-ASCII'],
  ['latin-1', 'latin-1 latin1 latin_1 L1 ISO-8859-1 iso8859-1 iso_8859_1 cp819'],
  ['windows-1252', 'windows-1252 cp1252 CP-1252 Windows1252 windows_1252'],
  ['windows-874', 'cp874'],
  ['iso-8859-15', 'ISO-8859-15 iso8859-15 iso8859_15 latin9 Latin-9'],
  ['iso-8859-9', 'latin5 iso8859_9'],
  ['koi8-r', 'koi8-r KOI8_R'],
  ['macintosh', 'macintosh mac-roman mac_roman'],
  ['shift_jis', 'Shift_JIS sjis shift-jis cp932 MS932'],
  ['gbk', 'GBK gb2312 cp936'],
  ['euc-kr', 'EUC-KR cp949'],
  ['utf-16le', 'UTF-16LE utf_16_le'],
  ['utf-16', 'utf-16 UTF16'],
])('%s is known by: %s', (encoding, names) => {
  expect(names.split(' ').map(parse)).toEqual(names.split(' ').map(() => encoding))
})

test.each(['utf-32', 'utf-7', 'ebcdic', ''])('%j is refused, with what is allowed', (name) => {
  expect(() => parse(name)).toThrow(/^datapackage.yaml: encoding: found .*allowed: utf-8, utf-16, /)
})

const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const single = byteEncodings.filter((name) => encode('|', name) && name !== 'utf-8')

test('some thirty have one byte a character', () => {
  expect(single).toHaveLength(30)
})

test.each(single)('%s has ASCII, and gives each valid byte back', (name) => {
  expect(decode(all.subarray(0, 128), name)).toBe(all.toString('latin1', 0, 128))
  const isValid = validityOf(name) ?? (() => true)
  for (const byte of all) {
    const bytes = Buffer.of(byte)
    const text = decode(bytes, name)
    expect(text.includes('\ufffd')).toBe(!isValid(bytes))
    if (isValid(bytes)) expect(encode(text, name)).toEqual(bytes)
  }
})

/** The texts are Python's, of the bytes as its codecs have them. */
test.each<[ByteEncoding, string, string]>([
  ['windows-1252', '80 8a 93 94 e9', '€Š“”é'],
  ['windows-1251', 'cf f0 e8 e2 e5 f2', 'Привет'],
  ['windows-1257', 'd0 e1 ff', 'Šį˙'],
  ['iso-8859-2', 'b1 9f a3', 'ą\u009fŁ'],
  ['iso-8859-9', '80 fd fe f0', '\u0080ışğ'],
  ['iso-8859-11', '85 a1 df', '\u0085ก฿'],
  ['iso-8859-15', 'a4 bc bd', '€ŒœŸ'.slice(0, 3)],
  ['koi8-u', 'a4 ae be', 'є╝╬'],
  ['macintosh', '8e db', 'é€'],
  ['ibm866', '8f e0 b0', 'Пр░'],
  ['shift_jis', '95 5c 83 5c b1', '表ソｱ'],
  ['gbk', 'c4 e3 ba c3', '你好'],
  ['big5', 'b3 5c a5 5c', '許功'],
  ['euc-jp', 'c6 fc 8e b1', '日ｱ'],
  ['euc-kr', 'b0 a1', '가'],
  ['gb18030', '94 39 fc 36', '😀'],
])('%s: %s is %s', (name, hex, text) => {
  expect(decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), name)).toBe(text)
})

test.each<[ByteEncoding, string]>([
  ['windows-1252', '81'],
  ['windows-1253', 'd2'],
  ['iso-8859-7', 'ae'],
  ['iso-8859-11', 'fc'],
  ['shift_jis', '41 81'],
  ['shift_jis', '81 2c'],
  ['gbk', 'ff'],
  ['euc-kr', 'a1 0a'],
  ['utf-8', 'c3 28'],
])('%s: %s are no characters', (name, hex) => {
  expect(validityOf(name)!(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBe(false)
  expect(validityOf(name)!(Buffer.from('abc'))).toBe(true)
})

test('a mark whose bytes may be half of a character has none', () => {
  expect(encode('|', 'shift_jis')).toBe(undefined)
  expect(encode('0', 'gb18030')).toBe(undefined)
  expect(encode('§', 'gbk')).toBe(undefined)
  expect(encode(';', 'shift_jis')).toEqual(Buffer.from(';'))
  expect(encode('€', 'latin-1')).toBe(undefined)
  expect(encode('€', 'windows-1252')).toEqual(Buffer.of(0x80))
})
