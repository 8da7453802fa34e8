import { globSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { manifestKey } from '../../core/commit/manifest.ts'
import { openDuck } from '../../core/duck/duckdb.ts'
import { literal } from '../../core/names.ts'
import { resource, runSilver, TestLake } from '../stages.fixture.ts'
import { refine } from './refine.ts'

/** As raw-ingestion's test of this name, with the manifest in the place of the ledger. */

let files: TestLake

beforeEach(() => {
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
})
afterEach(() => {
  vi.unstubAllEnvs()
  files.close()
})

const key = 'bronze/p/t/1.csv'
const rows = (count: number, name = 'a', header = 'id,name') =>
  `${header}\n${Array.from({ length: count }, (_, i) => `${i},${name}\n`).join('')}`
const large = rows(500)
/** Gzip that unpacks to more than ten times its size. */
const dense = gzipSync(rows(1, 'a'.repeat(20_000)))

type Place = 'small' | 'large'

function at(place: Place): void {
  vi.stubEnv('SLUICE_LIMIT_BYTES', place === 'small' ? '1000' : undefined)
}

/** The status at each place in turn, with the kind of the reason. */
async function come(places: Place[], of = key): Promise<string[]> {
  const told: string[] = []
  for (const place of places) {
    at(place)
    const [{ status, reason } = {}] = await runSilver(files.lake, of)
    told.push(reason === undefined ? `${status}` : `${status} ${reason.split(':')[0]}`)
  }
  return told
}

const manifest = async (of = key) => (await files.lake.store.get(manifestKey('p.t', of)))?.version

/** The rows that a plain glob sees. */
async function rowCount(): Promise<number> {
  const glob = join(files.folder, 'silver/p/t/**/*.parquet')
  if (globSync(glob).length === 0) return 0
  const duck = await openDuck(0)
  try {
    return Number((await duck.all(`SELECT count(*) FROM read_parquet(${literal(glob)})`))[0]?.[0])
  } finally {
    duck.close()
  }
}

describe.each([
  ['text', key, large],
  ['gzip that is ten times its size', `${key}.gz`, gzipSync(large, { level: 1 })],
  ['gzip that is found to be larger', `${key}.gz`, dense],
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

  test('an event again in the small place changes nothing and says the same', async () => {
    files.put(of, content)
    at('small')
    const first = await refine(files.lake, of)
    const before = await manifest(of)
    const open = vi.spyOn(files.lake.store, 'open')
    const again = await refine(files.lake, of)
    expect(again?.reason).toBe(first?.reason)
    expect(again?.reason).toMatch(
      /^too-large: .* load it elsewhere: sluice ingest bronze.* --database <url>$/,
    )
    expect(await manifest(of)).toEqual(before)
    expect(open).not.toHaveBeenCalled()
  })
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
  files.describe('p', resource('t', ['id:integer', 'nam']))
  expect(await come(['small', 'large', 'small'])).toEqual([
    'refused too-large',
    'loaded',
    'unchanged',
  ])
})

test('a larger version in a small place leaves the rows of the one before', async () => {
  files.put(key, rows(3))
  expect(await come(['small'])).toEqual(['loaded'])
  files.put(key, large)
  expect(await come(['small'])).toEqual(['refused too-large'])
  expect(await rowCount()).toBe(3)
  expect(await come(['large'])).toEqual(['loaded'])
  expect(await rowCount()).toBe(500)
  files.put(key, rows(2))
  expect(await come(['small'])).toEqual(['loaded'])
  expect(await rowCount()).toBe(2)
})

test('a disk that is full is a fault that names the command', async () => {
  files.put(key, large)
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const open = vi.spyOn(files.lake.store, 'open').mockRejectedValue(full)
  await expect(runSilver(files.lake, key)).rejects.toThrow(
    `load it elsewhere: sluice ingest ${key} --lake ${files.lake.store.url} --database <url>`,
  )
  expect(await manifest()).toBeUndefined()
  open.mockRestore()
  expect(await come(['large'])).toEqual(['loaded'])
})
