import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TooLarge } from '../limit.ts'
import { plainText } from './plain-text.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-text-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

async function textOf(bytes: Buffer, key: string, compression?: 'gz' | 'zst') {
  const path = join(folder, 'object')
  writeFileSync(path, bytes)
  const text = await plainText(path, key, 'utf-8', folder, compression)
  return readFileSync(text.path)
}

const lines = Buffer.from('1,x\n'.repeat(100_000))
const small = { params: { [constants.ZSTD_c_windowLog]: 10 } }

test.each<[string, string, Buffer]>([
  ['gzip', 'a.csv.gz', gzipSync(lines)],
  ['gzip of two members', 'a.CSV.GZ', Buffer.concat([gzipSync(lines), gzipSync('2,y\n')])],
  ['zstd', 'a.csv.zst', zstdCompressSync(lines)],
  ['zstd of many frames', 'a.csv.zst', Buffer.concat(Array(50).fill(zstdCompressSync(lines)))],
  ['zstd of a small window', 'a.tsv.ZST', zstdCompressSync(lines, small)],
])('%s comes out whole', async (what, key, bytes) => {
  const more = what.includes('members') ? [lines, Buffer.from('2,y\n')] : [lines]
  const whole = what.includes('many') ? Array<Buffer>(50).fill(lines) : more
  expect((await textOf(bytes, key)).equals(Buffer.concat(whole))).toBe(true)
})

test.each([
  ['gz', gzipSync(lines)],
  ['zst', zstdCompressSync(lines)],
] as const)('%s that unpacks to more than fits here is refused', async (ending, bytes) => {
  vi.stubEnv('SLUICE_LIMIT_BYTES', '100000')
  await expect(textOf(bytes, `a.csv.${ending}`)).rejects.toThrow(TooLarge)
  vi.stubEnv('SLUICE_LIMIT_BYTES', '400000')
  expect(await textOf(bytes, `a.csv.${ending}`)).toHaveLength(400_000)
})

test('the descriptor says more than a name does', async () => {
  expect(await textOf(zstdCompressSync(lines), 'a.csv.gz', 'zst')).toEqual(lines)
  expect(await textOf(gzipSync(lines), 'a.csv', 'gz')).toEqual(lines)
})

test.each(['a.zip', 'a.csv.bz2', 'a.csv.XZ', 'a.tgz'])(
  '%s is refused, with the cure',
  async (key) => {
    await expect(textOf(lines, key)).rejects.toThrow(
      /^compression-error: .* packed as .gz or .zst$/,
    )
  },
)
