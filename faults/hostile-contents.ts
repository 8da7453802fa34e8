import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csvLine } from '../core/text/csv-rows.ts'
import { shuffled } from './random.ts'

/** A file of random contents, and what its contract says of it. */
export interface RandomFile {
  name: string
  bytes: Buffer
  encoding: 'utf-8' | 'iso-8859-1' | 'utf-16le'
}

export const labels = ['a', 'b', 'c']
/** Of `c`: so that some records are rejected for what they say. */
const MOST = 6

const cells = [
  ...['', ' ', 'plain', '0042', '1.50', 'NULL', '""', '=1+1', '\\N', '\\', "'; DROP TABLE x; --"],
  ...[
    'with "quotes"',
    'comma, comma',
    'tab\tstop',
    ' padded ',
    '\u2028',
    '\u202eltr',
    'ção',
    '\x7f',
  ],
  ...['two\nlines', 'two\r\nlines', 'one\rreturn', '\n', '\0', 'x\0y', '\x1b[31m', '\ufeff', '😀'],
  ...['long'.repeat(2_000), '"', '"""', ',', ';', '#', 'a"b', '"a"b', '-', '\v', '\f', 'é'],
]
/** Bytes of which the wildest files are made. */
const wild = [
  'a',
  'b',
  '1',
  ',',
  ',',
  '"',
  '"',
  '\n',
  '\r',
  ' ',
  '\\',
  '\0',
  '\xff',
  '\xe9',
  '\x80',
]

const headers = [
  ...['"a","b","c"', 'b,a,c', 'a,b', 'a,b,c,d', 'a,a,c', 'A,B,C', ' a,b,c', 'a,b,', '', '"a,b,c'],
  ...['a;b;c', '\na,b,c', 'a\0,b,c', '"a\n",b,c', 'a,b,c\r'],
]

/** Random files below a package of their own; the same ones for the same numbers. */
export function plantContents(lake: string, count: number, random: () => number): RandomFile[] {
  const folder = join(lake, 'bronze', 'random')
  mkdirSync(folder, { recursive: true })
  const files = Array.from({ length: count }, (_, n) => randomFile(`r${n}`, random))
  const resources = files.map(({ name, encoding }) => {
    const fields = labels.map((label) => ({
      name: label,
      type: 'string',
      ...(label === 'c' ? { constraints: { maxLength: MOST } } : {}),
    }))
    return { name, path: `${name}.csv`, encoding, schema: { fields } }
  })
  writeFileSync(join(folder, 'datapackage.json'), JSON.stringify({ name: 'random', resources }))
  for (const { name, bytes } of files) writeFileSync(join(folder, `${name}.csv`), bytes)
  return files
}

function randomFile(name: string, random: () => number): RandomFile {
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T
  const encoding = pick(['utf-8', 'utf-8', 'utf-8', 'utf-8', 'iso-8859-1', 'utf-16le'] as const)
  const header = random() < 0.15 ? pick(headers) : labels.join(',')
  const end = pick(['\n', '\n', '\r\n', '\r'])
  const ends = () => (random() < 0.05 ? pick(['\n', '\r\n', '\r', '\n\n']) : end)
  const lines = Array.from({ length: Math.floor(random() * 40) }, () => `${record()}${ends()}`)
  const text = `${header}${end}${lines.join('')}`
  const isCut = random() < 0.2
  const body = isCut ? text.slice(0, text.length - Math.floor(random() * 3)) : text
  const mark = encoding === 'utf-16le' || random() < 0.2 ? '\ufeff' : ''
  if (encoding === 'utf-16le') return { name, encoding, bytes: Buffer.from(mark + body, 'utf16le') }
  // Characters that Latin-1 has not become others of it, and that is as good.
  if (encoding === 'iso-8859-1') return { name, encoding, bytes: latin(body) }
  const bytes = Buffer.from(mark + body)
  return { name, encoding, bytes: random() < 0.3 ? scratched(bytes) : bytes }

  function record(): string {
    const kind = random()
    if (kind < 0.1) {
      return Array.from({ length: Math.floor(random() * 30) }, () => pick(wild)).join('')
    }
    const width = random() < 0.9 ? labels.length : Math.floor(random() * 6)
    const some = Array.from({ length: width }, (_, n) =>
      n === 2 && kind < 0.8 ? 'c' : pick(cells),
    )
    // As it should be written, or as it should not.
    return kind < 0.75 ? csvLine(some).trimEnd() : some.join(',')
  }

  /** Some bytes are others, or stand elsewhere. */
  function scratched(bytes: Buffer): Buffer {
    const places = Array.from({ length: 5 }, () => Math.floor(random() * bytes.length))
    for (const at of shuffled(places, random)) {
      if (at > 12) bytes[at] = pick(wild).charCodeAt(0)
    }
    return bytes
  }
}

/** Bytes from 0x80 to 0x9f are what Windows makes of them; they are left out. */
function latin(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return bytes.map((byte) => (byte >= 0x80 && byte < 0xa0 ? 0xe9 : byte)) as Buffer
}
