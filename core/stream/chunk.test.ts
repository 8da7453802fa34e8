import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Chunk, decodeOurs, encodeChunk, encodeEnd, encodeRedriven, isOurs } from './chunk.ts'

const head = {
  kind: 'chunk',
  object: 'streaming/till/receipts/1.csv',
  version: 'fcd945f4184bf071',
  chunk: 3,
  format: 'csv',
  encoding: 'utf-8',
  utf16: null,
  fields: ['id', 'name'],
} as const

/** A chunk as whoever writes to the stream may forge it. */
function forged(over: object, places: unknown, rest: Buffer | string = 'a,b\n'): Buffer {
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(places)}\n`), Buffer.from(rest)])
  return wire({ ...head, ...over }, gzipSync(body))
}

function wire(first: unknown, packed: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`SLUICE/1 ${JSON.stringify(first)}\n`), packed])
}

const places = { runs: [1, 2, 1], text: 4, broken: [] }
const error = { rule: 'quote-error', message: 'a quote' }

test('the chunk that the forged ones differ from is taken', async () => {
  const chunk = await decodeOurs(forged({}, places))
  const records = [{ record: 1, line: 2 }]
  expect(chunk).toEqual({ ...head, records, text: Buffer.from('a,b\n'), broken: [] })
})

describe('refused is', () => {
  test.each<[string, Buffer]>([
    ['another kind', forged({ kind: 'chunks' }, places)],
    ['no kind', forged({ kind: undefined }, places)],
    ['no object', forged({ object: undefined }, places)],
    ['an object without a name', forged({ object: '' }, places)],
    ['a version that is a number', forged({ version: 5 }, places)],
    ['chunk -1', forged({ chunk: -1 }, places)],
    ['chunk 0.5', forged({ chunk: 0.5 }, places)],
    ['chunk "0"', forged({ chunk: '0' }, places)],
    ['a chunk beyond 2^53', forged({ chunk: 2 ** 53 }, places)],
    ['another format', forged({ format: 'parquet' }, places)],
    ['another encoding', forged({ encoding: 'utf-7' }, places)],
    ['another UTF-16', forged({ utf16: 'utf-16' }, places)],
    ['fields that are no list', forged({ fields: 'id' }, places)],
    ['a field that is no text', forged({ fields: [1] }, places)],
    ['no places', forged({}, null)],
    ['places without runs', forged({}, { text: 4, broken: [] })],
    ['a run of two numbers', forged({}, { ...places, runs: [1, 2] })],
    ['a run and a half', forged({}, { ...places, runs: [1, 2, 1, 2] })],
    ['a negative run', forged({}, { ...places, runs: [1, 2, -1] })],
    ['a run of 1.5 records', forged({}, { ...places, runs: [1, 2, 1.5] })],
    ['more records than bytes', forged({}, { ...places, runs: [1, 2, 5] })],
    ['a run of 2^52 records', forged({}, { ...places, runs: [1, 2, 2 ** 52] })],
    ['more text than there is', forged({}, { ...places, text: 5 })],
    ['less text than there is', forged({}, { ...places, text: 3 })],
    ['text beyond 2^53', forged({}, { ...places, text: 2 ** 60 })],
    ['bytes behind the text', forged({}, places, 'a,b\nc,d\n')],
    ['text, but no record', forged({}, { ...places, runs: [] })],
    ['a record, but no text', forged({}, { ...places, text: 0 }, '')],
    ['text that does not end its last record', forged({}, places, 'a,bc')],
    [
      'broken bytes that are not there',
      forged({}, { ...places, broken: [{ record: 2, line: 3, bytes: 1, error }] }),
    ],
    [
      'broken bytes without an error',
      forged({}, { ...places, broken: [{ record: 2, line: 3, bytes: 0 }] }),
    ],
    [
      'negative broken bytes',
      forged({}, { ...places, broken: [{ record: 2, line: 3, bytes: -1, error }] }),
    ],
    ['a list as its head', wire([], gzipSync('{}\n'))],
    ['null as its head', wire(null, gzipSync('{}\n'))],
    ['a head that is no JSON', Buffer.from('SLUICE/1 {"kind":\n')],
    ['a head alone', Buffer.from('SLUICE/1 \n')],
    ['what is no gzip', wire(head, Buffer.from('hello'))],
    ['a gzip of nothing', wire(head, gzipSync(''))],
    ['places without their line end', wire(head, gzipSync(JSON.stringify(places)))],
    ['a gzip bomb', wire(head, gzipSync(Buffer.alloc((64 << 20) + 1, '\n')))],
    ['an end with half a chunk', wire({ ...end, chunks: 1.5 }, Buffer.alloc(0))],
    ['an end that spreads "yes"', wire({ ...end, spread: 'yes' }, Buffer.alloc(0))],
    ['an end with bytes behind it', wire(end, Buffer.from('x'))],
    ['a chunk with bytes behind it', Buffer.concat([forged({}, places), Buffer.from('x')])],
    ['a chunk with another behind it', Buffer.concat([forged({}, places), forged({}, places)])],
  ])('%s', async (_, data) => {
    expect(isOurs(data)).toBe(true)
    await expect(decodeOurs(data)).rejects.toThrow()
  })
})

describe('of what was put again,', () => {
  const origin = { stream: 'till', created: '2026-11-24T10:55:00.000Z', shard: 'shardId-1' }
  const again = { kind: 'redriven', origin, sequence: '5', after: '' } as const
  test.each([
    ['5', ''],
    ['0', '4'],
    ['9'.repeat(64), '9'.repeat(63)],
  ])('%s after %j is taken', async (sequence, after) => {
    const one = { ...again, sequence, after, data: Buffer.from('x') }
    expect(await decodeOurs(await encodeRedriven(one))).toEqual(one)
  })
  test.each([
    ['no number', { sequence: '' }],
    ['a number with a zero before it', { sequence: '05' }],
    ['a negative number', { sequence: '-5' }],
    // Two of them, and more, stand in the name of a file, of 255 bytes at most.
    ['a number of 65 digits', { sequence: '1'.repeat(65) }],
    ['one after a number of 65 digits', { after: '1'.repeat(65) }],
    ['one after a zero before it', { after: '04' }],
    ['a shard with a slash', { origin: { ...origin, shard: '../x' } }],
    ['a stream with a slash', { origin: { ...origin, stream: 'x/y' } }],
    ['a creation that is none', { origin: { ...origin, created: '2026' } }],
  ])('%s is refused', async (_, over) => {
    await expect(decodeOurs(wire({ ...again, ...over }, gzipSync('x')))).rejects.toThrow()
  })
  test('more than 10 MiB is refused: no stream takes that of one', async () => {
    const data = Buffer.alloc(10 << 20)
    const whole = await decodeOurs(await encodeRedriven({ ...again, data }))
    expect(whole).toMatchObject({ kind: 'redriven' })
    const bomb = encodeRedriven({ ...again, data: Buffer.concat([data, Buffer.from('x')]) })
    await expect(decodeOurs(await bomb)).rejects.toThrow(/larger than 10485760/)
  })
})

const end = { kind: 'end', object: 'o', version: 'v', chunks: 2, records: 9, spread: true } as const

test('an end is itself again', async () => {
  expect(await decodeOurs(encodeEnd(end))).toEqual(end)
})

test.each([
  ['chunk', await encodeChunk(sample())],
  ['end', encodeEnd(end)],
])('a whole %s is taken, one cut at any byte is not', async (_, data) => {
  await decodeOurs(data)
  for (let length = 0; length < data.length; length++) {
    const cut = data.subarray(0, length)
    if (isOurs(cut)) await expect(decodeOurs(cut)).rejects.toThrow()
    else expect(length).toBeLessThan('SLUICE/1 '.length)
  }
})

test('one with any byte changed is refused, or the change is in its head', async () => {
  const data = await encodeChunk(sample())
  const start = data.indexOf('\n') + 1
  // Bytes 4 to 9 of gzip's head (time, level, system) mean nothing.
  for (let at = start; at < data.length; at++) {
    if (at >= start + 4 && at < start + 10) continue
    const other = Buffer.from(data)
    other[at]! ^= 0x01
    const read = await decodeOurs(other).catch(() => undefined)
    if (read) expect(read).toEqual(await decodeOurs(data))
  }
})

function sample(): Chunk {
  const records = [1, 2, 3, 7].map((record) => ({ record, line: record + 1 }))
  const broken = [{ record: 5, line: 6, raw: Buffer.from('"x"y'), error }]
  return { ...head, fields: [...head.fields], records, text: Buffer.from('a\nb\nc\nd\n'), broken }
}

test('a chunk is itself again, whatever it holds', async () => {
  const number = fc.nat(1_000_000)
  const row = fc.record({ record: number, line: number, text: fc.uint8Array({ maxLength: 20 }) })
  const raw = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))
  const text = fc.string({ unit: 'grapheme' })
  const shape = fc.record({
    kind: fc.constant('chunk' as const),
    object: fc.string({ minLength: 1, unit: 'grapheme' }),
    version: fc.stringMatching(/^[0-9a-f]{1,64}$/),
    chunk: fc.maxSafeNat(),
    format: fc.constantFrom('csv' as const, 'ndjson' as const),
    encoding: fc.constantFrom('utf-8' as const, 'latin-1' as const),
    utf16: fc.constantFrom(null, 'utf-16le' as const, 'utf-16be' as const),
    fields: fc.array(text),
    broken: fc.array(
      fc.record({
        record: number,
        line: number,
        raw,
        error: fc.record({ rule: text, message: text }),
      }),
    ),
  })
  await fc.assert(
    fc.asyncProperty(shape, fc.array(row), async (part, rows) => {
      const records = rows.map(({ record, line }) => ({ record, line }))
      const text = Buffer.concat(rows.flatMap((one) => [one.text, Buffer.from('\n')]))
      const chunk = { ...part, records, text }
      expect(await decodeOurs(await encodeChunk(chunk))).toEqual(chunk)
    }),
  )
})

test('nothing that begins as ours does makes it hang or die', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.json(), async (bytes, json) => {
      for (const rest of [Buffer.from(bytes), Buffer.from(`${json}\n`), gzipSync(`${json}\n`)]) {
        const data = Buffer.concat([Buffer.from('SLUICE/1 '), rest])
        await decodeOurs(data).then(
          () => expect.unreachable(),
          (fault) => expect(fault).toBeInstanceOf(Error),
        )
        await decodeOurs(wire(head, rest)).then(
          () => expect.unreachable(),
          (fault) => expect(fault).toBeInstanceOf(Error),
        )
      }
    }),
  )
})

test('a run of more records than any chunk of ours has is refused', async () => {
  // In a few KiB of gzip, 60 MiB of line ends would be 60 million places: a dead process.
  const text = Buffer.alloc(1 << 20, '\n')
  const runs = [1, 2, text.length]
  const data = forged({}, { runs, text: text.length, broken: [] }, text)
  await expect(decodeOurs(data)).rejects.toThrow(/records/)
})
