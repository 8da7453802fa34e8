import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import { Busy } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import type { ObjectStore, ObjectVersion } from '../../core/store/object-store.ts'
import { compactionsFolder } from '../../core/stream/compaction.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { Crash, dying, instead } from '../dying.fixture.ts'
import { compact } from './compact.ts'
import { base, dataset, SmallFiles } from './small-files.fixture.ts'
import { vacuum } from './vacuum.ts'

/** Crashes and rivals: readers see every row once at any time, a plain glob once all has ended. */

let first: SmallFiles
let files: SmallFiles
let rows: string[]

beforeAll(async () => {
  first = new SmallFiles(new MemoryStream('s', 1))
  await first.publish(8, { rows: 4, minutes: 120 })
  await first.drain()
  rows = await first.plain()
})
afterAll(() => first.close())

function begin(): void {
  files = first.copy()
}

beforeEach(begin)
afterEach(() => files.close())

type Put = Parameters<ObjectStore['put']>

/** The lake of a process that is paused before, or after, its nth write, until it is let go. */
function paused(lake: Lake, nth: number, after: boolean) {
  const resume = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  let calls = 0
  const wait = () => {
    reached.resolve()
    return resume.promise
  }
  const put = async (...args: Put) => {
    const isNth = ++calls === nth
    if (isNth && !after) await wait()
    const done = await lake.store.put(...args)
    if (isNth && after) await wait()
    return done
  }
  return { lake: instead(lake, { put }), reached: reached.promise, resume: resume.resolve }
}

const options = { dataset, all: true }

/** No other writer's intent lives by its clock. */
const undisturbed = () => compact(files.lake, { ...options, now: new Date(Date.now() + 60_000) })

async function expectDone(what: string): Promise<void> {
  expect(await files.plain(), what).toEqual(rows)
  expect(await files.standing(), what).toEqual(rows)
  for (const key of await files.keys(compactionsFolder(dataset))) {
    const record = (await readRecord(files.lake.store, key))?.record
    expect(record, what).toMatchObject({ writing: null, garbage: [] })
  }
  expect(Math.max(...Object.values(await files.files())), what).toBeLessThanOrEqual(2)
}

/** After the grace period, files with rows are all that is left. */
async function expectNoFences(what: string): Promise<void> {
  const { unknown, orphans } = await vacuum(files.lake, { now: new Date(Date.now() + 90_000_000) })
  expect({ unknown, orphans }, what).toEqual({ unknown: 0, orphans: [] })
  const real = Object.values(await files.files()).reduce((sum, count) => sum + count)
  expect(await files.keys(`${base}/events/`), what).toHaveLength(real)
  expect(await files.standing(), what).toEqual(rows)
}

test.each([false, true])(
  'a crash at any write, then one undisturbed run (after it: %s)',
  async (after) => {
    for (let nth = 1; ; nth++) {
      files.close()
      begin()
      const lake = dying(files.lake, nth, after)
      await compact(lake, options).catch((error) => expect(error).toBeInstanceOf(Crash))
      expect(await files.standing(), `crash at write ${nth}`).toEqual(rows)
      if (lake.calls() < nth) {
        expect(nth).toBeGreaterThan(12)
        return
      }
      await undisturbed()
      await expectDone(`crash at write ${nth}`)
    }
  },
)

test.each([false, true])(
  'paused at any write while another does the work, then resumed (after it: %s)',
  async (after) => {
    for (let nth = 1; ; nth++) {
      files.close()
      begin()
      const one = paused(files.lake, nth, after)
      const running = compact(one.lake, options)
      const ended = await Promise.race([one.reached.then(() => false), running.then(() => true)])
      if (ended) {
        expect(nth).toBeGreaterThan(12)
        return
      }
      expect(await files.standing(), `paused at write ${nth}`).toEqual(rows)
      await undisturbed()
      expect(await files.standing(), `the other, at write ${nth}`).toEqual(rows)
      one.resume()
      await running
      expect(await files.standing(), `resumed at write ${nth}`).toEqual(rows)
      await undisturbed()
      await expectDone(`paused at write ${nth}`)
      await expectNoFences(`paused at write ${nth}`)
    }
  },
)

test('paused before its first write while more came, and another merged all of it', async () => {
  files.close()
  files = new SmallFiles(new MemoryStream('s', 1))
  await files.publish(4)
  await files.drain()
  const one = paused(files.lake, 1, false)
  const running = compact(one.lake, options)
  await one.reached
  await files.publish(4)
  await files.drain()
  await compact(files.lake, options)
  one.resume()
  await running
  await undisturbed()
  const all = await files.plain()
  expect(all).toHaveLength(24)
  expect(await files.standing()).toEqual(all)
})

test('what another made dead, and had no time to bury, is not taken again', async () => {
  let met = false
  const get = async (key: string) => {
    // Which files stand is known by then; the partition's record is looked at.
    if (key.includes('/_compactions/') && !met) {
      met = true
      const put = async (...args: Put) => {
        if (args[0].includes('/events/') && !args[0].includes('compact-')) throw new Crash()
        return files.lake.store.put(...args)
      }
      await expect(compact(instead(files.lake, { put }), options)).rejects.toThrow(Crash)
    }
    return files.lake.store.get(key)
  }
  await compact(instead(files.lake, { get }), options)
  expect(met).toBe(true)
  expect(await files.standing()).toEqual(rows)
  await undisturbed()
  await expectDone('not buried')
})

test('a file that looks broken because it was replaced while it was read is no fault', async () => {
  files.put('broken', 'half of one and half of another')
  const open = async (version: ObjectVersion) => {
    const copy = await files.lake.store.open(version)
    const verify = () => Promise.reject(new Busy(`${version.key} is no longer what it was`))
    return { ...copy, path: `${files.folder}/broken`, verify }
  }
  const done = await compact(instead(files.lake, { open }), options)
  expect(done).toMatchObject([{ skipped: expect.stringMatching(/no longer/) }, { before: 0 }])
  await compact(files.lake, options)
  await expectDone('replaced')
})

test('four at once, which leave what another is at', async () => {
  const done = await Promise.all(Array.from({ length: 4 }, () => compact(files.lake, options)))
  expect(await files.standing()).toEqual(rows)
  const skipped = done.flat().flatMap((one) => one.skipped ?? [])
  for (const reason of skipped) expect(reason).toMatch(/another writer is at work|is no longer/)
  await undisturbed()
  await expectDone('four at once')
})

test('four at once while batches are appended', async () => {
  await files.publish(12, { rows: 4, minutes: 120, from: '2026-01-03' })
  let ended = false
  const appending = files.drain().finally(() => {
    ended = true
  })
  const workers = Array.from({ length: 4 }, async () => {
    while (!ended) await compact(files.lake, options)
  })
  await Promise.all([appending, ...workers])
  await undisturbed()
  const all = await files.plain()
  expect(all).toHaveLength(files.rows)
  expect(new Set(all).size).toBe(files.rows)
  expect(await files.standing()).toEqual(all)
})

test('readers see every row once at every write of a compaction', async () => {
  let looks = 0
  const put = async (...args: Put) => {
    const done = await files.lake.store.put(...args)
    expect(await files.standing()).toEqual(rows)
    looks++
    return done
  }
  await compact(instead(files.lake, { put }), options)
  expect(looks).toBeGreaterThan(12)
  await expectDone('looked at')
})
