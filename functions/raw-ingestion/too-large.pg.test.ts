import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { TimeOver } from '../../core/deadline.ts'
import type { Outcome } from '../../core/outcome.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, TestLake, TestRaw } from '../stages.fixture.ts'
import { ingest } from './ingest.ts'
import { settle } from './settle.ts'

/**
 * A function refuses what is too large for its disk and time, and says how it is loaded elsewhere;
 * that settles nothing there, and what was settled there is not forgotten here.
 */

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
let raw: TestRaw

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(async () => {
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
  raw = await TestRaw.open(files.lake, await emptied(database.url))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  expect(await raw.wrongCounts()).toEqual([])
  await raw.database.end()
  files.close()
})
afterAll(() => database.drop())

const key = 'bronze/p/t/1.csv'
const LIMIT = 1000
const rows = (count: number, name = 'a', header = 'id,name') =>
  `${header}\n${Array.from({ length: count }, (_, i) => `${i},${name}\n`).join('')}`
const large = rows(500)
/** Gzip that unpacks to more than ten times its size. */
const dense = gzipSync(rows(1, 'a'.repeat(20_000)))

type Place = 'small' | 'large'

function at(place: Place): void {
  vi.stubEnv('SLUICE_LIMIT_BYTES', place === 'small' ? String(LIMIT) : undefined)
}

/** The status at each place in turn, with the kind of the reason. */
async function come(places: Place[], of = key): Promise<string[]> {
  const told: string[] = []
  for (const place of places) {
    at(place)
    const [outcome] = await raw.run(of)
    told.push(shortOf(outcome))
  }
  return told
}

function shortOf(outcome: Outcome | undefined): string {
  const { status, reason } = outcome ?? {}
  return reason === undefined ? `${status}` : `${status} ${reason.split(':')[0]}`
}

/** All that the ledger says, but for when it was said. */
const ledger = () => raw.query(`SELECT to_jsonb(o) - 'at' - 'seconds' AS o FROM sluice.objects o`)
const rowCount = async () => (await raw.table('p.t')).length

describe.each([
  ['text', key, large],
  ['gzip that is ten times its size', 'bronze/p/t/1.csv.gz', gzipSync(large, { level: 1 })],
  ['gzip that is found to be larger', 'bronze/p/t/1.csv.gz', dense],
])('%s', (_, of, content) => {
  test.each<[Place[], string[]]>([
    [
      ['small', 'small', 'large', 'small', 'large'],
      ['refused too-large', 'refused too-large', 'loaded', 'unchanged', 'unchanged'],
    ],
    [
      ['large', 'small'],
      ['loaded', 'unchanged'],
    ],
  ])('%j: %j', async (places, ends) => {
    files.put(of, content)
    expect(await come(places, of)).toEqual(ends)
  })
})

test('the refusal says size, limit, why and command; an event again changes nothing', async () => {
  files.put(key, large)
  at('small')
  const [first] = await raw.run(key)
  expect(first?.reason).toBe(
    `too-large: ${large.length} bytes of text, and at most 1000 are taken here: so much fits the ` +
      'disk and the time of this function (SLUICE_LIMIT_BYTES); load it elsewhere: ' +
      `sluice ingest ${key} --lake ${files.lake.store.url} --database <url>`,
  )
  const before = await ledger()
  expect((await raw.run(key))[0]?.reason).toBe(first?.reason)
  expect(await ledger()).toEqual(before)
})

test('text that was found to be too large is not read once more to find that out', async () => {
  const of = 'bronze/p/t/1.csv.gz'
  files.put(of, dense)
  expect(await come(['small'], of)).toEqual(['refused too-large'])
  const open = vi.spyOn(files.lake.store, 'open')
  expect(await come(['small'], of)).toEqual(['refused too-large'])
  expect(open).not.toHaveBeenCalled()
  expect(await come(['large'], of)).toEqual(['loaded'])
  expect(open).toHaveBeenCalled()
})

test.each<[Place[], string[]]>([
  [
    ['small', 'large', 'small', 'large'],
    ['too-large', 'incorrect-label', 'incorrect-label', 'incorrect-label'],
  ],
  [
    ['large', 'small', 'large'],
    ['incorrect-label', 'incorrect-label', 'incorrect-label'],
  ],
])('a verdict about the data is not hidden by the place: %j', async (places, reasons) => {
  files.put(key, rows(500, 'a', 'id,nam'))
  expect(await come(places)).toEqual(reasons.map((reason) => `refused ${reason}`))
  // Another contract: what was said by the one before settles nothing.
  files.describe('p', resource('t', ['id:integer', 'nam']))
  expect(await come(['small', 'large', 'small'])).toEqual([
    'refused too-large',
    'loaded',
    'unchanged',
  ])
})

test('a larger version in a small place leaves the rows of the one before', async () => {
  files.put(key, rows(3, 'small'))
  expect(await come(['small'])).toEqual(['loaded'])
  files.put(key, large)
  expect(await come(['small'])).toEqual(['refused too-large'])
  expect(await raw.table('p.t')).toEqual([0, 1, 2].map((id) => [id, 'small']))
  expect(await come(['large'])).toEqual(['loaded'])
  expect(await rowCount()).toBe(500)
  files.put(key, rows(2, 'again'))
  expect(await come(['small'])).toEqual(['loaded'])
  expect(await rowCount()).toBe(2)
})

test('a place with a higher limit takes it', async () => {
  files.put(key, large)
  expect(await come(['small'])).toEqual(['refused too-large'])
  vi.stubEnv('SLUICE_LIMIT_BYTES', String(large.length))
  expect(await raw.status(key)).toBe('loaded')
})

test('what stands stays loaded where it is only too large to be loaded again', async () => {
  files.put(key, large)
  expect(await come(['large'])).toEqual(['loaded'])
  const before = await ledger()
  at('small')
  const outcome = await ingest(files.lake, raw.database, key, true)
  expect(shortOf(outcome)).toBe('refused too-large')
  const [{ o } = {}] = before
  const reason = expect.stringMatching(/^rows that it had lost are free.*; too-large: .* elsewhere/)
  expect(await ledger()).toEqual([{ o: { ...(o as object), reason } }])
  expect(await come(['small', 'large'])).toEqual(['unchanged', 'unchanged'])
})

test('what lost a row and is too large to be loaded again has it back from elsewhere', async () => {
  const small = 'bronze/p/t/2.csv'
  files.put(key, large)
  expect(await come(['large'])).toEqual(['loaded'])
  files.put(small, rows(3, 'later'))
  expect(await come(['small'], small)).toEqual(['loaded'])
  files.put(small, rows(1, 'later'))
  expect(await come(['small', 'small'], small)).toEqual(['loaded', 'unchanged'])
  expect(await rowCount()).toBe(498)
  const [{ status, reason } = {}] = await raw.query(
    'SELECT status, reason FROM sluice.objects WHERE key = $1',
    [key],
  )
  expect([status, reason]).toEqual(['loaded', expect.stringMatching(/; too-large: /)])
  expect(await come(['large'])).toEqual(['unchanged'])
  expect(await rowCount()).toBe(500)
  expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  expect(await raw.query('SELECT reason FROM sluice.objects WHERE reason IS NOT NULL')).toEqual([])
})

test('what a batch leaves to be done stays marked where there is no time for it', async () => {
  const small = 'bronze/p/t/2.csv'
  files.put(key, large)
  await come(['large'])
  for (const count of [3, 1]) {
    files.put(small, rows(count, 'later'))
    if (count === 3) await come(['large'], small)
  }
  await ingest(files.lake, raw.database, small)
  const over = { isOver: () => true }
  await expect(settle(files.lake, raw.database, over)).rejects.toThrow(TimeOver)
  expect(await rowCount()).toBe(498)
  await settle(files.lake, raw.database)
  expect(await rowCount()).toBe(500)
  await settle(files.lake, raw.database, over)
})

test('a disk that is full is a fault that names the command; nothing has changed', async () => {
  files.put(key, large)
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const open = vi.spyOn(files.lake.store, 'open').mockRejectedValue(full)
  await expect(raw.run(key)).rejects.toThrow(
    `load it elsewhere: sluice ingest ${key} --lake ${files.lake.store.url} --database <url>`,
  )
  expect(await ledger()).toEqual([])
  open.mockRestore()
  expect(await raw.status(key)).toBe('loaded')
})
