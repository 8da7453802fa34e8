import { linkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import { manifestKey, parseManifest } from '../../core/commit/manifest.ts'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { Crash, dying, instead } from '../dying.fixture.ts'
import { etagOf, putReplay, replayOf } from '../replay.fixture.ts'
import { resource, runSilver, TestLake } from '../stages.fixture.ts'
import { refine } from './refine.ts'

/** Replay objects in Silver: their rows stand while the version whose rejects they mend does. */

let files: TestLake
let duck: Duck

beforeEach(async () => {
  begin()
  duck = await openDuck()
})
afterEach(() => {
  duck.close()
  files.close()
})

function begin(): void {
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer', 'name']))
}

const source = 'bronze/p/t/a.csv'
const replay = replayOf(source)
const first = 'id,name\n1,Ana\nx,Bia\ny,Caio\n'
const second = 'id,name\n1,Ana\n4,Davi\n'

/** What a plain glob over the dataset sees. */
async function ids(): Promise<number[]> {
  const path = join(files.folder, 'silver/p/t/**/*.parquet')
  const rows = await duck.all(`SELECT id::INT FROM read_parquet('${path}') ORDER BY id`)
  return rows.map(([id]) => id as number)
}

const run = async (key = replay) => (await runSilver(files.lake, key))[0]

async function manifest(key = replay) {
  const found = await readRecord(files.lake.store, manifestKey('p.t', key), parseManifest)
  return found?.record.state
}

/** The source's first version, and rows that mend it. */
async function dropAndMend(rows: Record<number, string> = { 2: '2,Bia' }): Promise<void> {
  files.put(source, first)
  await run(source)
  putReplay(files, source, await etagOf(files, source), 'id,name', rows)
}

test('mended rows join those of their source, once', async () => {
  await dropAndMend({ 2: '2,Bia', 3: 'z,Caio' })
  expect(await run()).toMatchObject({ status: 'loaded', records: 2, accepted: 1, rejected: 1 })
  expect(await ids()).toEqual([1, 2])
  expect(await run()).toMatchObject({ status: 'unchanged' })
  await dropAndMend({ 2: '2,Bia', 3: '3,Caio' })
  expect(await run()).toMatchObject({ status: 'loaded', accepted: 2 })
  expect(await ids()).toEqual([1, 2, 3])
})

test('a newer version of the source takes them with it, and does not look for more', async () => {
  await dropAndMend()
  await run()
  files.put(source, second)
  await run(source)
  expect(await ids()).toEqual([1, 4])
  expect(await run()).toMatchObject({ status: 'unchanged', records: 0 })
  expect(await manifest()).toMatchObject({ mends: { object: source, void: true } })
  expect((await manifest())?.reason).toMatch(/^superseded: another version of bronze\/p\/t\/a.csv/)
})

test('they go with that version also where the replay object is gone', async () => {
  await dropAndMend()
  await run()
  files.remove(replay)
  files.put(source, second)
  await run(source)
  expect(await ids()).toEqual([1, 4])
})

test('a refused version of the source leaves them; the next that is loaded does not', async () => {
  await dropAndMend()
  await run()
  files.put(source, 'other,header\n')
  expect(await run(source)).toMatchObject({ status: 'refused' })
  await run()
  expect(await ids()).toEqual([1, 2])
  files.put(source, second)
  await run(source)
  expect(await ids()).toEqual([1, 4])
})

test('rows of another version than the one that stands are none', async () => {
  await dropAndMend()
  putReplay(files, source, 'an earlier one', 'id,name', { 2: '2,Bia' })
  expect(await run()).toMatchObject({
    ...{ status: 'loaded', records: 0, reason: expect.stringMatching(/^superseded: /) },
  })
  expect(await ids()).toEqual([1])
})

test('where a version comes back, so do its mends', async () => {
  await dropAndMend()
  await run()
  const path = join(files.folder, source)
  linkSync(path, `${path}.kept`)
  files.put(source, second)
  await run(source)
  renameSync(`${path}.kept`, path)
  await run(source)
  expect(await ids()).toEqual([1, 2])
  expect(await manifest()).toMatchObject({ mends: { void: false }, accepted: 1 })
})

test('the source comes first, whoever is told first', async () => {
  files.put(source, first)
  putReplay(files, source, await etagOf(files, source), 'id,name', { 2: '2,Bia' })
  await run()
  expect(await ids()).toEqual([1, 2])
})

test('a replay object whose source is not there is refused, until it is', async () => {
  putReplay(files, source, 'v', 'id,name', { 2: '2,Bia' })
  expect(await run()).toMatchObject({ status: 'refused' })
  expect(await run()).toMatchObject({ status: 'refused' })
  await dropAndMend()
  expect(await run()).toMatchObject({ status: 'loaded' })
})

test.each([false, true])(
  'a crash at any write of the next version, then one undisturbed run (after it: %s)',
  async (after) => {
    for (let nth = 1; ; nth++) {
      files.close()
      begin()
      await dropAndMend()
      await run()
      files.put(source, second)
      const lake = dying(files.lake, nth, after)
      await refine(lake, source).catch((error) => expect(error).toBeInstanceOf(Crash))
      await undisturbed(source)
      expect(await ids(), `crash at write ${nth}`).toEqual([1, 4])
      if (lake.calls() < nth) {
        expect(nth).toBeGreaterThan(6)
        return
      }
    }
  },
)

/** An event that comes again when no other writer's intent lives; time passes at once here. */
async function undisturbed(key: string): Promise<void> {
  const real = Date.now
  Date.now = () => real() + 60_000
  try {
    await refine(files.lake, key)
  } finally {
    Date.now = real
  }
}

/** The lake, in which the version of a source comes before the nth PUT of a key. */
function overtaken(key: string, nth: number): Lake {
  const { store } = files.lake
  let puts = 0
  const put: ObjectStore['put'] = async (to, ...rest) => {
    if (to === key && ++puts === nth) {
      files.put(source, second)
      await refine(files.lake, source).catch((error) => expect(error).toBeInstanceOf(Busy))
    }
    return store.put(to, ...rest)
  }
  return instead(files.lake, { put })
}

/** Before a replay object was ever taken; where it was, and gave no rows. */
const before = [
  ['the first', async () => {}],
  [
    'one without rows',
    async () => {
      putReplay(files, source, 'an earlier one', 'id,name', { 2: '2,Bia' })
      await run()
      putReplay(files, source, await etagOf(files, source), 'id,name', { 2: '2,Bia' })
    },
  ],
] as const

test.each(before)('a version that comes while its mends are written: %s', async (_, prepare) => {
  for (let nth = 1; nth <= 2; nth++) {
    files.close()
    begin()
    await dropAndMend()
    await prepare()
    const lake = overtaken(manifestKey('p.t', replay), nth)
    await refine(lake, replay).catch((error) => expect(error).toBeInstanceOf(Busy))
    await undisturbed(source)
    await undisturbed(replay)
    expect(await ids(), `before PUT ${nth}`).toEqual([1, 4])
  }
})

test('eight at once, source and replay object by turns: every row once', async () => {
  for (let round = 0; round < 3; round++) {
    await dropAndMend({ 2: '2,Bia', 3: '3,Caio' })
    const writers = Array.from({ length: 8 }, async (_, n) => {
      for (const key of n % 2 ? [source, replay] : [replay, source]) {
        await refine(files.lake, key).catch((error) => expect(error).toBeInstanceOf(Busy))
      }
    })
    await Promise.all(writers)
    for (const key of [source, replay]) await undisturbed(key)
    expect(await ids()).toEqual([1, 2, 3])
  }
})
