import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { eventsOf, StreamLake } from './stream.fixture.ts'

/** As raw-ingestion's test of this name, with the record of the publication for the ledger. */

let lake: StreamLake<MemoryStream>

beforeEach(() => {
  lake = new StreamLake(new MemoryStream('till', 1))
  lake.streamed('till', resource('receipts', ['id:integer', 'name']))
})
afterEach(() => {
  vi.unstubAllEnvs()
  lake.close()
})

const key = 'streaming/till/receipts/1.csv'
const rows = (count: number, name = 'a', header = 'id,name') =>
  `${header}\n${Array.from({ length: count }, (_, i) => `${i},${name}\n`).join('')}`
const large = rows(500)
/** Gzip that unpacks to more than ten times its size. */
const dense = gzipSync(rows(1, 'a'.repeat(20_000)))

type Step = 'small' | 'large' | 'drain' | 'anew'

function at(place: Step): void {
  vi.stubEnv('SLUICE_LIMIT_BYTES', place === 'small' ? '1000' : undefined)
}

/** The status at each place in turn, with the kind of the reason. */
async function come(steps: Step[], of = key): Promise<string[]> {
  const told: string[] = []
  for (const step of steps) {
    if (step === 'drain') await lake.drain()
    if (step === 'anew') lake.stream.recreate(1)
    if (step === 'drain' || step === 'anew') continue
    at(step)
    const { status, reason } = (await lake.publish(of)) ?? {}
    told.push(reason === undefined ? `${status}` : `${status} ${reason.split(':')[0]}`)
  }
  return told
}

describe.each([
  ['text', key, large],
  ['gzip that is ten times its size', `${key}.gz`, gzipSync(large, { level: 1 })],
  ['gzip that is found to be larger', `${key}.gz`, dense],
])('%s', (_, of, content) => {
  test.each<[Step[], string[]]>([
    [
      ['small', 'small', 'large', 'small', 'drain', 'small', 'large'],
      [...Array(2).fill('refused too-large'), 'published', 'published', 'unchanged', 'unchanged'],
    ],
    [
      ['large', 'small', 'drain', 'small'],
      ['published', 'published', 'unchanged'],
    ],
    // All was sent to a stream that is gone: only the large place can send it again.
    [
      ['large', 'anew', 'small', 'large', 'small', 'drain', 'small'],
      ['published', 'refused too-large', 'published', 'published', 'unchanged'],
    ],
  ])('%j: %j', async (steps, ends) => {
    lake.put(of, content)
    expect(await come(steps, of)).toEqual(ends)
  })

  test('an event again in the small place changes nothing and says the same', async () => {
    lake.put(of, content)
    at('small')
    const first = await lake.publish(of)
    const before = await lake.publication(of)
    const again = await lake.publish(of)
    expect(again?.reason).toBe(first?.reason)
    expect(again?.reason).toMatch(
      /^too-large: .* load it elsewhere: sluice publish streaming.* --lake file.* --stream till$/,
    )
    expect(await lake.publication(of)).toEqual(before)
  })
})

test.each<[Step[], string[]]>([
  [
    ['small', 'large', 'small', 'large'],
    ['too-large', 'incorrect-label', 'incorrect-label', 'incorrect-label'],
  ],
  [
    ['large', 'small', 'large'],
    ['incorrect-label', 'incorrect-label', 'incorrect-label'],
  ],
])('a verdict about the data is not hidden by the place: %j', async (steps, reasons) => {
  lake.put(key, rows(500, 'a', 'id,nam'))
  expect(await come(steps)).toEqual(reasons.map((reason) => `refused ${reason}`))
  lake.streamed('till', resource('receipts', ['id:integer', 'nam']))
  expect(await come(['small', 'large', 'small'])).toEqual([
    'refused too-large',
    'published',
    'published',
  ])
})

test('what is half published is not forgotten by a small place', async () => {
  lake.put(key, large)
  const put = vi.spyOn(lake.stream, 'put').mockRejectedValueOnce(new Error('killed'))
  at('large')
  await expect(lake.publish(key)).rejects.toThrow('killed')
  put.mockRestore()
  expect(await come(['small'])).toEqual(['refused too-large'])
  expect(await lake.publication(key)).toMatchObject({ status: 'publishing' })
  expect(await come(['large', 'drain', 'small'])).toEqual(['published', 'unchanged'])
  expect(await eventsOf(lake.folder, 'till.receipts')).toHaveLength(500)
})

test('a disk that is full is a fault that names the command', async () => {
  lake.put(key, large)
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const open = vi.spyOn(lake.lake.store, 'open').mockRejectedValueOnce(full)
  await expect(lake.publish(key)).rejects.toThrow(
    `sluice publish ${key} --lake ${lake.lake.store.url} --stream till`,
  )
  open.mockRestore()
  expect(await come(['large'])).toEqual(['published'])
})
