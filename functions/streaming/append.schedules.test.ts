import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { runSchedule, type Without } from './append.schedules.ts'

/** Schedules; a failure prints its seed, and `runSchedule` runs that one again. */
const ROUNDS = Number(process.env.SLUICE_ROUNDS ?? 8)
/** So many find what is wrong without a safety; most need one or two. */
const ENOUGH = 40

const folder = mkdtempSync(join(tmpdir(), 'sluice-append-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const noWrong = (without?: Without) =>
  fc.asyncProperty(fc.integer(), async (seed) => {
    const wrong = await runSchedule(seed, folder, without)
    if (wrong) throw new Error(wrong)
  })

test(
  'after any schedule every row is there once, and windows say what events say',
  async () => {
    await fc.assert(noWrong(), { numRuns: ROUNDS, endOnFailure: true })
  },
  60_000 + ROUNDS * 10_000,
)

/** The store with another way to put. */
function puts(store: ObjectStore, put: ObjectStore['put']): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      const value = name === 'put' ? put : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** All that a schedule can be found to have done wrong; a fault of the test is none of it. */
const wrong = /seed -?\d+: (events|rejects|never ended|\d+ windows|\d+ shards are busy)/

test.each<[string, Without]>([
  [
    'fences (dead files are deleted)',
    (store) =>
      puts(store, async (key, body, when) => {
        if (!key.endsWith('.parquet') || !Buffer.isBuffer(body)) return store.put(key, body, when)
        await store.delete(key)
        return { etag: 'deleted' }
      }),
  ],
  [
    'If-Match on checkpoints',
    (store) =>
      puts(store, (key, body, when) => {
        const isCheckpoint = key.startsWith('streaming_checkpoint/till-')
        return store.put(key, body, isCheckpoint ? undefined : when)
      }),
  ],
])(
  'without %s a schedule goes wrong',
  async (_, without) => {
    const found = await fc.check(noWrong(without), { numRuns: ENOUGH, endOnFailure: true })
    expect(found.failed).toBe(true)
    expect(`${found.errorInstance}`).toMatch(wrong)
  },
  300_000,
)
