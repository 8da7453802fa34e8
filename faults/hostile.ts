import {
  closeSync,
  createWriteStream,
  mkdirSync,
  openSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** Objects that mean harm: to memory, to time, to other places. */

export const columns = 5_000
export const rejects = 100_000
const LINE = 2 ** 30
/** Of 64 KiB each: 4 GiB, which gzip packs into some 4 MB. */
const BLOCKS = 65_536

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
]

/** The last parts of keys, all of one dataset. */
export const keys = [
  'a b.csv',
  'a+b.csv',
  'a%2Fb.csv',
  'a%20b.csv',
  'a..b.csv',
  '..a.csv',
  'new\nline.csv',
  "quote'.csv",
  'dollar$(id).csv',
  'ção 😀.csv',
  `${'n'.repeat(240)}.csv`,
  ['d'.repeat(250), 'e'.repeat(250), 'f'.repeat(250), `${'g'.repeat(230)}.csv`].join('/'),
]

/** Writes all of them below `bronze/` of a lake, and beside each a file that is good. */
export async function plant(lake: string): Promise<void> {
  const package_ = (name: string, fields: object[], more: object = {}) => {
    const folder = join(lake, 'bronze', name)
    mkdirSync(folder, { recursive: true })
    const resources = [
      { name: 'bad', path: 'bad.csv', schema: { fields }, ...more },
      { name: 'good', path: 'good.csv', schema: { fields: [{ name: 'id', type: 'integer' }] } },
    ]
    writeFileSync(join(folder, 'datapackage.json'), JSON.stringify({ resources }))
    writeFileSync(join(folder, 'good.csv'), 'id\n1\n2\n')
    return join(folder, 'bad.csv')
  }
  const two = [{ name: 'a' }, { name: 'b', type: 'integer' }]
  writeLine(package_('line', two))
  await writeBomb(`${package_('bomb', two, { path: 'bad.csv.gz' })}.gz`)
  const wide = Array.from({ length: columns }, (_, i) => ({ name: `c${i}`, type: 'integer' }))
  const row = `${wide.map((_, i) => i).join(',')}\n`
  writeFileSync(package_('wide', wide), `${wide.map(({ name }) => name).join(',')}\n${row}`)
  const wrong = Array.from({ length: rejects }, (_, i) => `${i},x${i}\n`)
  writeFileSync(package_('rejects', two), `a,b\n${wrong.join('')}last,1\n`)
  writeFileSync(package_('twice', two, {}), 'a,a\n1,2\n')
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
  const cells = names.map((_, i) => `v${i}`).join(',')
  writeFileSync(
    package_(
      'evil',
      names.map((name) => ({ name })),
    ),
    `${quoted}\n${cells}\n`,
  )
  package_('keys', [{ name: 'id', type: 'integer' }], { sluice: { files: 'in/**' } })
  for (const [i, key] of keys.entries()) {
    const path = join(lake, 'bronze/keys/in', key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `id\n${i}\n`)
  }
}

function writeLine(path: string): void {
  const file = openSync(path, 'w')
  writeSync(file, 'a,b\n')
  const piece = Buffer.alloc(1 << 20, 'x')
  for (let at = 0; at < LINE; at += piece.length) writeSync(file, piece)
  closeSync(file)
}

async function writeBomb(path: string): Promise<void> {
  const block = Buffer.alloc(1 << 16, 'a,1\n')
  const blocks = Readable.from(
    (function* () {
      yield Buffer.from('a,b\n')
      for (let i = 0; i < BLOCKS; i++) yield block
    })(),
  )
  await pipeline(blocks, createGzip(), createWriteStream(path))
}
