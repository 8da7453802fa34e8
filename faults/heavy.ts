import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'

/** Objects that mean harm: to memory, to time, to other places. */

export const columns = 5_000
export const labels = 100_000
export const rejects = 100_000

/** MiB of each text that is one endless line; what is packed unpacks to sixteen times as much. */
const SIZE = Number(process.env.HOSTILE_MIB ?? 256)

/** Each is repeated behind a header, and is one line without an end. */
export const endless = { line: 'x', quotes: '"', cells: '",', nul: '\0', commas: ',' }

/** Names that a careless program would take for its own language. */
export const names = [
  'a"b',
  "c'd",
  'e;f',
  '"; DROP TABLE evil.good; --',
  "'); DROP SCHEMA sluice CASCADE; --",
  '😀 名前',
  'select',
  ' padded ',
  '{"json": 1}',
  '$1',
  '%s',
  'h,i',
  'red\x1b[31m',
  '../../up',
]
/** One of them, which is the name of a folder in Silver, and its value there. */
export const partition = { name: '../../up', value: '/../../../up=\x1b[31m' }

/** The last parts of keys, all of one dataset. */
export const keys = [
  'a b.csv',
  'a+b.csv',
  'a%2Fb.csv',
  'a%20b.csv',
  'a..b.csv',
  'a../b.csv',
  '%2e%2e%2fb.csv',
  'new\nline.csv',
  'red\x1b[31m.csv',
  "quote'.csv",
  'dollar$(id).csv',
  'ção 😀.csv',
  `${'n'.repeat(240)}.csv`,
  // With what stands before it, 1,024 bytes: the longest key that S3 has.
  ['d'.repeat(251), 'e'.repeat(250), 'f'.repeat(250), `${'g'.repeat(251)}.csv`].join('/'),
]

/** What is no object: it would keep its reader waiting, leads elsewhere, or is hidden. */
export const others = ['pipe.csv', 'link.csv', 'folder.csv', '..a.csv']

/** Writes all of them below `bronze/` of a lake, and beside each a file that is good. */
export async function plant(lake: string): Promise<string[]> {
  const packages: string[] = []
  const package_ = (name: string, fields: object[], more: object = {}, schema: object = {}) => {
    packages.push(name)
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
  for (const [name, unit] of Object.entries(endless)) writeEndless(package_(name, two), unit)
  writeEndless(package_('returns', two), '\r')
  await writeBomb(`${package_('bomb', two, { path: 'bad.csv.gz' })}.gz`, createGzip(), 0)
  const padded = package_('padded', two, { path: 'bad.csv.zst' })
  await writeBomb(`${padded}.zst`, createZstdCompress(), 2)
  writeWide(package_('wide', numbered('c', columns)), columns)
  writeWide(package_('labels', two, {}, { fieldsMatch: 'subset' }), labels, 'a,b,')
  writeFileSync(package_('header', two), `${'x'.repeat(1 << 20)},b\n1,2\n`)
  const wrong = Array.from({ length: rejects }, (_, i) => `${i},x${i}\n`)
  writeFileSync(package_('rejects', two), `a,b\n${wrong.join('')}last,1\n`)
  writeFileSync(package_('twice', two), 'a,a\n1,2\n')
  writeEvil(package_('evil', named(names), { sluice: { partitionBy: [partition.name] } }))
  package_('keys', [{ name: 'id', type: 'integer' }], { sluice: { files: 'in/**' } })
  writeKeys(join(lake, 'bronze/keys/in'))
  return packages
}

const named = (all: string[]) => all.map((name) => ({ name }))

function numbered(letter: string, count: number) {
  return Array.from({ length: count }, (_, i) => ({ name: `${letter}${i}`, type: 'integer' }))
}

function writeEndless(path: string, unit: string): void {
  const file = openSync(path, 'w')
  writeSync(file, 'a,b\n')
  const piece = Buffer.alloc(1 << 20, unit)
  for (let i = 0; i < SIZE; i++) writeSync(file, piece)
  closeSync(file)
}

/** @param padding MiB that cannot be packed, before what packs to nothing: it looks like data */
async function writeBomb(path: string, pack: Transform, padding: number) {
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
      for (let i = 0; i < 16 * SIZE; i++) yield block
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

function writeEvil(path: string): void {
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
  const cells = names.map((name, i) => (name === partition.name ? partition.value : `v${i}`))
  writeFileSync(path, `${quoted}\n${cells.join(',')}\n`)
}

function writeKeys(folder: string): void {
  for (const [i, key] of keys.entries()) {
    const path = join(folder, key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `id\n${i}\n`)
  }
  const [pipe, link, directory, hidden] = others.map((name) => join(folder, name))
  execFileSync('mkfifo', [pipe!])
  const outside = join(folder, '../../../outside.csv')
  writeFileSync(outside, 'id\n1000\n')
  symlinkSync(outside, link!)
  mkdirSync(directory!)
  writeFileSync(hidden!, 'id\n1000\n')
}
