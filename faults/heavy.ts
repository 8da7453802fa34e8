import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'

/** Objects that mean harm to memory and time, each beside one that is good. */

const columns = 5_000
const labels = 100_000
const rejects = 100_000

/** What must become of the bad object of a package, in both stages. */
export interface Heavy {
  name: string
  /** Records that are rejected, of one more or of as many; or why the object is refused. */
  ends: { records: number; rejected: number } | { refused: RegExp; silver?: RegExp }
}

export const goodRows = 2

/** Each is repeated behind a header, and is one line without an end. */
const endless = { line: 'x', quotes: '"', cells: '",', nul: '\0', commas: ',' }
const oneReject = { records: 1, rejected: 1 }

export const heavies: Heavy[] = [
  ...Object.keys(endless).map((name) => ({ name, ends: oneReject })),
  { name: 'returns', ends: { refused: /^incorrect-label: .* 0 cells/ } },
  { name: 'bomb', ends: { refused: /^too-long: .* more than 250 times/ } },
  { name: 'padded', ends: { refused: /^too-long: .* more than 250 times/ } },
  {
    name: 'wide',
    ends: { refused: /takes 1598 of them/, silver: /^too-wide: .*set SLUICE_MEMORY=3GB/ },
  },
  { name: 'labels', ends: { refused: /^too-wide: 100002 fields/ } },
  { name: 'header', ends: { refused: /^incorrect-label: label 1 is "x{1,200}[^x]/ } },
  { name: 'rejects', ends: { records: rejects + 1, rejected: rejects } },
]

/** MiB of each text that is one endless line; what is packed unpacks to sixteen times as much. */
export interface Weight {
  line: number
  others: number
}

/** Writes all of them below `bronze/` of a lake. */
export async function plantHeavy(lake: string, { line, others }: Weight): Promise<void> {
  const package_ = (name: string, fields: object[], more: object = {}, schema: object = {}) => {
    const folder = join(lake, 'bronze', name)
    mkdirSync(folder, { recursive: true })
    const resources = [
      { name: 'bad', path: 'bad.csv', schema: { fields, ...schema }, ...more },
      { name: 'good', path: 'good.csv', schema: { fields: [{ name: 'id', type: 'integer' }] } },
    ]
    writeFileSync(join(folder, 'datapackage.json'), JSON.stringify({ resources }))
    writeFileSync(join(folder, 'good.csv'), 'id\n1\n2\n')
    return join(folder, 'bad.csv')
  }
  const two = [{ name: 'a' }, { name: 'b', type: 'integer' }]
  for (const [name, unit] of Object.entries(endless)) {
    writeEndless(package_(name, two), unit, name === 'line' ? line : others)
  }
  writeEndless(package_('returns', two), '\r', others)
  const packed = 16 * others
  await writeBomb(`${package_('bomb', two, { path: 'bad.csv.gz' })}.gz`, createGzip(), 0, packed)
  const padded = `${package_('padded', two, { path: 'bad.csv.zst' })}.zst`
  await writeBomb(padded, createZstdCompress(), 2, packed)
  writeWide(package_('wide', numbered('c', columns)), columns)
  writeWide(package_('labels', two, {}, { fieldsMatch: 'subset' }), labels, 'a,b,')
  writeFileSync(package_('header', two), `${'x'.repeat(1 << 20)},b\n1,2\n`)
  const wrong = Array.from({ length: rejects }, (_, i) => `${i},x${i}\n`)
  writeFileSync(package_('rejects', two), `a,b\n${wrong.join('')}last,1\n`)
}

function numbered(letter: string, count: number) {
  return Array.from({ length: count }, (_, i) => ({ name: `${letter}${i}`, type: 'integer' }))
}

/** @param size MiB of a header and one line */
export function writeEndless(path: string, unit: string, size: number): void {
  const file = openSync(path, 'w')
  writeSync(file, 'a,b\n')
  const piece = Buffer.alloc(1 << 20, unit)
  for (let i = 0; i < size; i++) writeSync(file, piece)
  closeSync(file)
}

/**
 * @param padding MiB that cannot be packed, before what packs to nothing: it looks like data
 * @param size MiB of what packs to nothing
 */
async function writeBomb(path: string, pack: Transform, padding: number, size: number) {
  const noise = Buffer.alloc(1 << 20)
  // Any bytes without a pattern will do: a linear congruence.
  for (let i = 0, x = 1; i < noise.length; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    noise[i] = 97 + ((x >>> 24) % 26)
  }
  const block = Buffer.alloc(1 << 20, 'a,1\n')
  const blocks = Readable.from(
    (function* () {
      yield Buffer.from('a,b\n')
      for (let i = 0; i < padding; i++) yield Buffer.concat([noise, Buffer.from(',1\n')])
      for (let i = 0; i < size; i++) yield block
    })(),
  )
  const file = openSync(path, 'w')
  await pipeline(blocks, pack, async (packed: AsyncIterable<Buffer>) => {
    for await (const bytes of packed) writeSync(file, bytes)
  })
  closeSync(file)
}

function writeWide(path: string, width: number, before = ''): void {
  const header = numbered('c', width).map(({ name }) => name)
  const row = [...(before ? ['a', '1'] : []), ...header.map((_, i) => i)].join(',')
  writeFileSync(path, `${before}${header.join(',')}\n${row}\n`)
}
