import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextSlice, type Slice } from './batch.ts'
import { encodeChunk, encodeEnd } from './chunk.ts'

async function sliceOf(...data: (string | Buffer)[]): Promise<Slice> {
  const records = data.map((one, i) => ({
    sequence: String(100 + i),
    data: Buffer.from(one as string),
  }))
  return (await nextSlice(records, ''))!
}

/** Rows as they stand in the record: line and text. */
function rowsOf({ rows }: Slice) {
  return rows.map(({ line, raw, record }) => [line, raw.toString(), [...record.keys()].join()])
}

const whole = await chunk()

describe('what cannot be read is kept as it came', () => {
  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'source-error'],
    ['blanks', ' \t \r\n \n', 'source-error'],
    ['a text', 'hello', 'source-error'],
    ['a CSV line', '1,a', 'source-error'],
    ['a JSON array', '[{"id":1}]', 'source-error'],
    ['a JSON number', '5', 'source-error'],
    ['half an object', '{"id":1', 'source-error'],
    ['bytes that are not UTF-8', Buffer.from('{"id":"\xe9"}', 'latin1'), 'encoding-error'],
    ['UTF-16', Buffer.from('\ufeff{"id":1}', 'utf16le'), 'encoding-error'],
    ['a NUL', '{"id":1}\0', 'source-error'],
    ['gzip that was cut', gzipSync('{"id":1}').subarray(0, 20), 'source-error'],
    ['gzip of nothing', gzipSync(''), 'source-error'],
    ['only the mark of gzip', Buffer.from([0x1f, 0x8b]), 'source-error'],
    ['gzip in gzip', gzipSync(gzipSync('{"id":1}')), 'encoding-error'],
    ['a bomb', gzipSync(Buffer.alloc((64 << 20) + 1, ' ')), 'source-error'],
    ['a chunk that was cut', whole.subarray(0, -1), 'source-error'],
    ['a chunk of another version', 'SLUICE/2 {}', 'source-error'],
  ])('%s', async (_, data, rule) => {
    const { ours, rows, poison } = await sliceOf('{"id":1}', data, '{"id":2}')
    expect(ours).toEqual([])
    expect(rows.map(({ sequence }) => sequence)).toEqual(['100', '102'])
    expect(poison).toMatchObject([{ sequence: '101', line: 1, error: { rule } }])
    const raw = Buffer.from(data as string)
    const inside = raw[0] === 0x1f && rule === 'encoding-error' ? gzipSync('{"id":1}') : raw
    if (_ !== 'gzip of nothing') expect(poison[0]!.raw).toEqual(inside)
  })
})

test('an array over several lines is poison by the line', async () => {
  const { rows, poison } = await sliceOf('[\n{"id":1}\n]')
  expect(rows).toHaveLength(1)
  expect(poison.map(({ line }) => line)).toEqual([1, 3])
})

test.each<[string, string | Buffer, (string | number)[][]]>([
  ['an object', '{"id":1}', [[1, '{"id":1}', 'id']]],
  ['one with a line end', '{"id":1}\n', [[1, '{"id":1}', 'id']]],
  ['over several lines', '{\n  "id": 1\n}\n', [[1, '{\n  "id": 1\n}\n', 'id']]],
  ['with CRLF, over several lines', '{\r\n"id":1}', [[1, '{\r\n"id":1}', 'id']]],
  [
    'NDJSON',
    '{"id":1}\n{"a":2}',
    [
      [1, '{"id":1}', 'id'],
      [2, '{"a":2}', 'a'],
    ],
  ],
  [
    'NDJSON with CRLF',
    '{"id":1}\r\n{"a":2}\r\n',
    [
      [1, '{"id":1}', 'id'],
      [2, '{"a":2}', 'a'],
    ],
  ],
  [
    'blank lines',
    '\n\n{"id":1}\n \t\n\r\n{"a":2}\n\n',
    [
      [3, '{"id":1}', 'id'],
      [6, '{"a":2}', 'a'],
    ],
  ],
  ['a byte order mark', '\ufeff{"id":1}', [[1, '\ufeff{"id":1}', 'id']]],
  [
    'a mark and NDJSON',
    '\ufeff{"id":1}\n{"a":2}',
    [
      [1, '\ufeff{"id":1}', 'id'],
      [2, '{"a":2}', 'a'],
    ],
  ],
  [
    'gzip',
    gzipSync('{"id":1}\n{"a":2}'),
    [
      [1, '{"id":1}', 'id'],
      [2, '{"a":2}', 'a'],
    ],
  ],
  [
    'gzip of two members',
    Buffer.concat([gzipSync('{"id":1}\n'), gzipSync('{"a":2}')]),
    [
      [1, '{"id":1}', 'id'],
      [2, '{"a":2}', 'a'],
    ],
  ],
  ['an empty object', '{}', [[1, '{}', '']]],
])('%s is read', async (_, data, expected) => {
  const slice = await sliceOf(data)
  expect(rowsOf(slice)).toEqual(expected)
  expect(slice.poison).toEqual([])
})

test('of a line that cannot be read, the others are unharmed', async () => {
  const bad = Buffer.concat([
    Buffer.from('{"id":1}\n{"id":"'),
    Buffer.from([0xff]),
    Buffer.from('"}\n{'),
  ])
  const slice = await sliceOf(Buffer.concat([bad, Buffer.from('\n{"id":4}')]))
  expect(slice.rows.map(({ line }) => line)).toEqual([1, 4])
  const told = slice.poison.map(({ line, error }) => [line, error.rule])
  expect(told).toEqual([
    [2, 'encoding-error'],
    [3, 'source-error'],
  ])
})

test('what publish sent comes with the Kinesis record as it was', async () => {
  const end = encodeEnd({
    kind: 'end',
    object: 'o',
    version: 'v',
    chunks: 1,
    records: 1,
    spread: false,
  })
  const slice = await sliceOf(whole, end)
  expect(slice.ours.map(({ part }) => part.kind)).toEqual(['chunk', 'end'])
  expect(slice.ours[1]).toMatchObject({ sequence: '101', data: end })
})

test('bytes that follow a whole gzip are not dropped', async () => {
  const { rows, poison } = await sliceOf(
    Buffer.concat([gzipSync('{"id":1}'), Buffer.from('{"id":2}')]),
  )
  if (poison.length === 0) expect(rows).toHaveLength(2)
})

test('nothing follows the last position', async () => {
  const records = ['9', '10'].map((sequence) => ({ sequence, data: Buffer.from('{}') }))
  expect(await nextSlice(records, '10')).toBe(undefined)
  expect(await nextSlice([], '')).toBe(undefined)
})

test('what is at or below the position is skipped; the rest is ordered as integers', async () => {
  const base = 10n ** 55n
  const sequences = fc.uniqueArray(fc.bigInt({ min: 0n, max: 2000n }), {
    minLength: 1,
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(sequences, fc.bigInt({ min: -1n, max: 2001n }), async (given, place) => {
      const all = given.map((one) => base - 1000n + one)
      const position = place < 0n ? '' : String(base - 1000n + place)
      const data = Buffer.from('{"id":1}')
      const slice = await nextSlice(
        all.map((one) => ({ sequence: String(one), data })),
        position,
      )
      const left = all
        .filter((one) => one > BigInt(position || -1))
        .sort((a, b) => (a < b ? -1 : 1))
      expect(slice?.rows.map(({ sequence }) => BigInt(sequence)) ?? []).toEqual(left)
      expect(slice?.first).toBe(left[0]?.toString())
      expect(slice?.last).toBe(left.at(-1)?.toString())
    }),
  )
})

test('a large batch is cut in slices, none of which loses or repeats a record', async () => {
  const data = await chunk(5 << 20)
  const records = Array.from({ length: 50 }, (_, i) => ({ sequence: String(95 + i), data }))
  const seen: string[] = []
  const sizes: number[] = []
  for (let position = ''; ; ) {
    const slice = await nextSlice(records, position)
    if (!slice) break
    sizes.push(slice.ours.length)
    seen.push(...slice.ours.map(({ sequence }) => sequence))
    position = slice.last
  }
  expect(seen).toEqual(records.map(({ sequence }) => sequence))
  // 64 MiB, and what is unpacked together with the last of them.
  expect(sizes.length).toBeGreaterThan(1)
  expect(Math.max(...sizes) * 5).toBeLessThanOrEqual(64 + 16 * 5)
})

test.each([
  ['rows', '{}'],
  ['lines that cannot be read', 'x'],
])('one record may have a hundred thousand %s, and more are too many', async (_, line) => {
  const { rows, poison } = await sliceOf(`${line}\n`.repeat(100_000))
  expect(rows.length + poison.length).toBe(100_000)
  const more = await sliceOf(`${line}\n`.repeat(300_000))
  expect(more).toMatchObject({ rows: [], poison: [{ line: 1, error: { rule: 'too-long' } }] })
})

/** JSON with so many brackets and commas, in one line. */
const marked = (marks: number) => {
  return gzipSync(`{"a":[${'[1],'.repeat(marks / 2 - 2)}[1]]}`)
}

test('a hundred thousand rows of nine fields may come in one record', async () => {
  const row = `{${Array.from({ length: 9 }, (_, i) => `"${i}":1`).join()}}\n`
  const { rows, poison } = await sliceOf(gzipSync(row.repeat(100_000)))
  expect([rows.length, poison.length]).toEqual([100_000, 0])
})

test('a million values in one line may come, more are too many, and it is kept', async () => {
  expect((await sliceOf(marked(1_000_000))).rows).toHaveLength(1)
  const more = await sliceOf(marked(1_000_002))
  expect(more).toMatchObject({ rows: [], poison: [{ line: 1, error: { rule: 'too-long' } }] })
})

test('records of many values each are not all committed together', async () => {
  const data = marked(900_000)
  const records = Array.from({ length: 8 }, (_, i) => ({ sequence: String(i), data }))
  expect((await nextSlice(records, ''))?.rows).toHaveLength(4)
})

test('records of other producers that unpack to much are not all unpacked at once', async () => {
  const data = gzipSync(Buffer.alloc(12 << 20, ' '))
  const records = Array.from({ length: 16 }, (_, i) => ({ sequence: String(i), data }))
  const { poison } = (await nextSlice(records, ''))!
  expect(poison.length * 12).toBeLessThanOrEqual(64 + 4 * 12)
})

function chunk(bytes = 2): Promise<Buffer> {
  return encodeChunk({
    ...{ kind: 'chunk', object: 'o', version: 'v', chunk: 0, format: 'csv', encoding: 'utf-8' },
    ...{ utf16: null, fields: ['id'], records: [{ record: 1, line: 2 }], broken: [] },
    text: Buffer.from(`${'1'.repeat(bytes - 1)}\n`),
  })
}
