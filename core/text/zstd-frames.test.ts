import { randomBytes } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { byFrame } from './zstd-frames.ts'

const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
const frames = [
  zstdCompressSync(Buffer.from('small')),
  zstdCompressSync(Buffer.from('with a checksum'), checked),
  zstdCompressSync(Buffer.alloc(1 << 20, 'a')),
  zstdCompressSync(randomBytes(300_000), checked),
  zstdCompressSync(Buffer.alloc(0)),
  Buffer.from('502a4d180300000001020328b5'.slice(0, 22), 'hex'),
  Buffer.from('5f2a4d1800000000', 'hex'),
]

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test.each([1, 2, 7, 1000, 1 << 16, 1 << 22])(
  'no piece of %i bytes goes over a frame',
  async (size) => {
    const large = size < 7 ? frames.filter(({ length }) => length < 1000) : frames
    const all = [...large, ...large]
    const whole = Buffer.concat(all)
    let end = 0
    const ends = all.map(({ length }) => {
      end += length
      return end
    })
    const found: Buffer[] = []
    const seen: number[] = []
    for await (const piece of byFrame(pieces(whole, size))) {
      found.push(piece)
      seen.push((seen.at(-1) ?? 0) + piece.length)
    }
    expect(Buffer.concat(found)).toEqual(whole)
    expect(seen).toEqual(expect.arrayContaining(ends))
  },
)

test('what is no frame goes on as it is, for the decompressor to complain of', async () => {
  const whole = Buffer.concat([frames[0]!, Buffer.from('no frame at all')])
  const found: Buffer[] = []
  for await (const piece of byFrame(pieces(whole, 1 << 16))) found.push(piece)
  expect(found.map(({ length }) => length)).toEqual([frames[0]!.length, 15])
})
