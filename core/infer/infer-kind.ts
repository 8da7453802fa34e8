import { Refused } from '../errors.ts'

interface Kind {
  /** The first bytes, as latin-1. */
  begins: string[]
  what: string
  cure: string
}

const cure = 'save its table as CSV'
const unpack = 'put what it holds as a file of its own, as it is or packed as .gz or .zst'

/** Files that are no text of cells, whatever their names say. */
const kinds: Kind[] = [
  { begins: ['PK\x03\x04', 'PK\x05\x06'], what: 'a ZIP file, or a workbook of Excel', cure },
  { begins: ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'], what: 'a workbook of an old Excel', cure },
  { begins: ['%PDF-'], what: 'a PDF', cure },
  { begins: ['\x1f\x8b'], what: 'packed by gzip', cure: 'let its name end in .gz' },
  { begins: ['\x28\xb5\x2f\xfd'], what: 'packed by zstd', cure: 'let its name end in .zst' },
  { begins: ['BZh91AY&SY', '\xfd7zXZ\0', '7z\xbc\xaf'], what: 'an archive', cure: unpack },
  { begins: ['\x89PNG', '\xff\xd8\xff', 'GIF87a', 'GIF89a'], what: 'a picture', cure },
  { begins: ['PAR1\x15'], what: 'Parquet', cure },
  { begins: ['SQLite format 3\0'], what: 'a database of SQLite', cure },
]
const markup: Kind = { begins: [], what: 'HTML or XML', cure }

/**
 * @param start the first bytes of a file, unpacked where its name says that it is packed
 * @throws Refused where they are those of another kind of file than a CSV
 */
export function checkKind(start: Buffer): void {
  const text = start.toString('latin1', 0, 64)
  const isMarkup = /^(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)/i.test(text)
  const kind = isMarkup
    ? markup
    : kinds.find(({ begins }) => begins.some((one) => text.startsWith(one)))
  if (kind) throw new Refused(`source-error: it is ${kind.what}, and no CSV: ${kind.cure}`)
}
