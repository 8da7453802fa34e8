import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { Busy } from '../../core/errors.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { Crash, dying } from '../dying.fixture.ts'
import { tick } from '../maintenance/tick.ts'
import { publish } from './publish.ts'
import { drain } from './stream.fixture.ts'
import { fill, judge, keyOf, OBJECTS } from './till.schedules.ts'

/**
 * A death at every write of the stage, handlers beside each other; then one undisturbed run. What
 * is there after a write is what is there before the next one, so each of the two takes every
 * second write; all of them with SLUICE_ROUNDS.
 */
const step = process.env.SLUICE_ROUNDS ? 1 : 2

const home = mkdtempSync(join(tmpdir(), 'sluice-stream-crash-'))
const stream = new MemoryStream('till')
let duck: Duck
let lakes = 0

beforeAll(async () => {
  duck = await openDuck()
  const lake = openLake(join(home, 'filled'))
  await fill(lake.store)
  for (let n = 0; n < OBJECTS; n++) await publish(lake, stream, keyOf(n))
})
afterAll(() => {
  duck.close()
  rmSync(home, { recursive: true, force: true })
})

/** A lake whose objects are all sent, and none is committed. */
function newLake(): Lake {
  const folder = join(home, `lake-${lakes++}`)
  cpSync(join(home, 'filled'), folder, { recursive: true, preserveTimestamps: true })
  return openLake(folder)
}

/** Later than any lease: time passes at once here. */
async function undisturbed(lake: Lake): Promise<void> {
  const real = Date.now
  Date.now = () => real() + 60_000
  try {
    await drain(lake, stream, { size: 4 })
    await tick(lake, { all: true })
  } finally {
    Date.now = real
  }
}

test.each([false, true])(
  'a death at any write (after it: %s), with batches re-cut',
  async (after) => {
    for (let nth = 1; ; nth += step) {
      const lake = newLake()
      const dead = dying(lake, nth, after)
      const work = async () => {
        await drain(dead, stream, { size: 3 })
        await tick(dead, { all: true })
      }
      await work().catch((error) => expect(error).toBeInstanceOf(Crash))
      await undisturbed(lake)
      expect(await judge(lake.store, duck, join(home, 'seen')), `at write ${nth}`).toBeUndefined()
      if (dead.calls() < nth) return expect(nth).toBeGreaterThan(20)
      rmSync(new URL(lake.store.url), { recursive: true })
    }
  },
  240_000,
)

test('two handlers of a shard and a tick at once: every row once', async () => {
  const lake = newLake()
  const works = [1, 2].map((size) => drain(lake, stream, { size }))
  const ends = await Promise.allSettled<unknown>([...works, tick(lake, { all: true })])
  for (const end of ends) {
    if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(Busy)
  }
  await undisturbed(lake)
  expect(await judge(lake.store, duck, join(home, 'seen'))).toBeUndefined()
})
