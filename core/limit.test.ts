import { afterEach, expect, test, vi } from 'vitest'
import { openDuck } from './duck/duckdb.ts'
import { Refused } from './errors.ts'
import {
  boundHere,
  checkColumns,
  faultOf,
  ingestCommand,
  isOfPlace,
  limitHere,
  publishCommand,
  reasonOf,
  TooLarge,
  tooLarge,
  tooWide,
} from './limit.ts'

const limited = (bytes: number | string | undefined) =>
  vi.stubEnv('SLUICE_LIMIT_BYTES', bytes === undefined ? undefined : String(bytes))

afterEach(() => vi.unstubAllEnvs())

test.each(['0', '-1', '1.5', '1e9', '10GB', 'NaN', ' 5', '5_000'])(
  'a limit of %s is refused',
  (limit) => {
    limited(limit)
    expect(limitHere).toThrow(
      `SLUICE_LIMIT_BYTES must be a whole number of bytes, 1 or more, or be left out; found`,
    )
  },
)

test.each<[number, number | undefined, string | undefined, boolean]>([
  [100, undefined, undefined, false],
  [100, 100, undefined, false],
  [101, 100, undefined, true],
  // What was found while it was unpacked.
  [10, 100, 'too-large: at least 101 bytes of text', true],
  [10, 101, 'too-large: at least 101 bytes of text', false],
  [10, undefined, 'too-large: at least 101 bytes of text', false],
  // What another place said of the very size.
  [50, 100, 'too-large: 50 bytes of text', false],
  [10, 100, 'incorrect-label: too-large: at least 101 bytes', false],
])('%d bytes where %s are allowed, of which is known: %s', (text, limit, known, isTooLarge) => {
  limited(limit)
  expect(tooLarge({ stored: text, text }, known, 'x') !== undefined).toBe(isTooLarge)
})

test('a refusal tells what was found, what is allowed, why, and the command', () => {
  limited(1000)
  const elsewhere = ingestCommand('s3://lake', "bronze/shop/it's 1.csv")
  const here =
    'and at most 1000 are taken here: so much fits the disk and the time of this function ' +
    "(SLUICE_LIMIT_BYTES); load it elsewhere: sluice ingest 'bronze/shop/it'\\''s 1.csv' " +
    '--lake s3://lake --database <url>'
  const plain = tooLarge({ stored: 2000, text: 2000 }, undefined, elsewhere)
  expect(plain).toBe(`too-large: 2000 bytes of text, ${here}`)
  const gzip = tooLarge({ stored: 200, text: 2000 }, undefined, elsewhere)
  expect(gzip).toContain('2000 bytes of text (packed, 200 bytes: ten times that is reckoned with)')
  const unpacked = reasonOf(new TooLarge(1024), elsewhere)
  expect(unpacked).toBe(`too-large: at least 1024 bytes of text, ${here}`)
  // Told the same when the event comes again.
  expect(tooLarge({ stored: 9, text: 90 }, unpacked, elsewhere)).toBe(unpacked)
  expect([plain, gzip, unpacked].map(isOfPlace)).toEqual([true, true, true])
  expect([undefined, '', 'too-long: …'].map(isOfPlace)).toEqual([false, false, false])
  expect(reasonOf(new Refused('blank-header'), elsewhere)).toBe('blank-header')
  expect(publishCommand('s3://lake', 'streaming/till/1.csv', 'till')).toBe(
    'sluice publish streaming/till/1.csv --lake s3://lake --stream till',
  )
})

test('a disk that is full is a fault that names the limit, and the command', async () => {
  limited(5000)
  const node = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
  })
  const file = new Error('IO Error: Could not write file "/tmp/x": No space left on device')
  for (const cause of [node, file, await spilled()]) {
    const fault = faultOf(cause, 'sluice ingest x') as Error
    expect(fault).not.toBeInstanceOf(Refused)
    expect(fault.cause).toBe(cause)
    expect(fault.message).toMatch(/^the disk is full \(/)
    expect(fault.message).toMatch(/ephemeral storage.*SLUICE_LIMIT_BYTES \(now 5000\)/)
    expect(fault.message).toMatch(/; load it elsewhere: sluice ingest x$/)
  }
  for (const unset of [undefined, '']) {
    limited(unset)
    expect(limitHere()).toBe(Number.POSITIVE_INFINITY)
    expect((faultOf(node, 'x') as Error).message).toContain('(not set now)')
  }
  // A setting that is wrong, too, hides no disk that is full.
  limited('8 GB')
  expect((faultOf(node, 'x') as Error).message).toContain('(now "8 GB")')
})

test.each([
  new Error('ECONNRESET'),
  new Refused('blank-header'),
  // Of the database's disk: ours has room.
  Object.assign(new Error('could not extend file: No space left on device'), { code: '53100' }),
  'no error',
])('another fault stays as it is: %s', (fault) => {
  expect(faultOf(fault, 'x')).toBe(fault)
})

/** DuckDB's own fault where what it spills has no room. */
async function spilled(): Promise<unknown> {
  vi.stubEnv('SLUICE_MEMORY', '20MB')
  vi.stubEnv('SLUICE_THREADS', '7')
  const duck = await openDuck()
  try {
    await duck.run("SET max_temp_directory_size = '1MB'")
    const rows = 'SELECT i, repeat(md5(i::VARCHAR), 4) AS s FROM range(500000) t(i)'
    return await duck.run(`CREATE TEMP TABLE spilled AS ${rows}`).catch((fault) => fault)
  } finally {
    duck.close()
  }
}

test('of wide tables so many columns are taken as the memory has room for', () => {
  vi.stubEnv('SLUICE_MEMORY', undefined)
  expect(() => checkColumns(1024)).not.toThrow()
  expect(() => checkColumns(1025)).toThrow(/^too-wide: 1025 fields.*at most 1024.*=1GB/)
  vi.stubEnv('SLUICE_MEMORY', '3GB')
  expect(() => checkColumns(5000)).not.toThrow()
  // What DuckDB understands and this does not is left to DuckDB.
  vi.stubEnv('SLUICE_MEMORY', '80%')
  expect(() => checkColumns(5000)).not.toThrow()
  // It is a verdict about the place: elsewhere, or with more memory, the object is taken.
  expect(isOfPlace('too-wide: 1025 fields, …')).toBe(true)
})

test('where the memory is not enough for a wide table after all, that is such a verdict', () => {
  const full = new Error('Out of Memory Error: could not allocate block of size 30.5 MiB')
  const told = tooWide(full, 500) as Error
  expect(told).toBeInstanceOf(Refused)
  expect(told.message).toMatch(/^too-wide: 500 fields take more than SLUICE_MEMORY=512MB/)
  expect(isOfPlace(told.message)).toBe(true)
  // Of a table that is not wide it is a fault: DuckDB spills.
  expect(tooWide(full, 50)).toBe(full)
  expect(tooWide(new Error('another'), 500)).toEqual(new Error('another'))
})

test.each(['10M', 'x', '-1', '0', ' '])('a bound of %j bounds nothing, and is refused', (given) => {
  vi.stubEnv('SLUICE_MAX_REJECTS', given)
  expect(() => boundHere('SLUICE_MAX_REJECTS')).toThrow(/must be a number above 0.*found/)
})

test.each([
  ['SLUICE_MAX_REJECTS', '5', 'too-many-rejects: more than 5 records cannot go; …'],
  ['SLUICE_MAX_TEXT_GB', '0.5', 'too-long: the object unpacks to more than 0.5 GiB; …'],
  ['SLUICE_MAX_TEXT_RATIO', '10', "too-long: the object's 9 bytes unpack to more than 10 times …"],
] as const)(
  'what is refused by %s=%s is looked at again once that is higher',
  (name, given, why) => {
    vi.stubEnv(name, given)
    expect(isOfPlace(why)).toBe(false)
    vi.stubEnv(name, '')
    expect(isOfPlace(why)).toBe(true)
  },
)
