import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { FolderStore } from '../store/folder-store.ts'
import { MemoryStore } from '../store/memory-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { FENCE, type Kind, RECORD, runSchedule, type Without } from './commit.schedules.ts'

/** Schedules of each kind. A failure prints its seed; `runSchedule` runs that one again. */
const ROUNDS = Number(process.env.SLUICE_ROUNDS ?? 1000)

const folder = mkdtempSync(join(tmpdir(), 'sluice-schedules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const noWrong = (kind: Kind, make: () => ObjectStore, without: Without = {}) =>
  fc.asyncProperty(fc.integer(), async (seed) => {
    const wrong = await runSchedule(make(), kind, seed, folder, without)
    if (wrong) throw new Error(wrong)
  })

describe.each<Kind>(['silver', 'stream'])('after any schedule of %s', (kind) => {
  test('the real files hold every row once, and the record names them', async () => {
    const property = noWrong(kind, () => new MemoryStore(folder))
    await fc.assert(property, { numRuns: ROUNDS, endOnFailure: true })
  })

  test('and so they do in a folder', async () => {
    const make = () => new FolderStore(mkdtempSync(join(folder, 'lake-')))
    await fc.assert(noWrong(kind, make), { numRuns: 8, endOnFailure: true })
  })
})

/** The store with other ways to put and get: the rest of it as it is. */
function altered(store: ObjectStore, ways: Partial<Pick<ObjectStore, 'put' | 'get'>>): ObjectStore {
  return {
    url: store.url,
    scratch: store.scratch,
    head: (key) => store.head(key),
    get: ways.get ?? ((key) => store.get(key)),
    open: (version) => store.open(version),
    put: ways.put ?? ((key, body, when) => store.put(key, body, when)),
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
    locate: (key) => store.locate(key),
  }
}

const withouts: [string, Without][] = [
  [
    'If-None-Match on files',
    {
      store: (store) =>
        altered(store, {
          put: (key, body, when) => store.put(key, body, key === RECORD ? when : undefined),
        }),
    },
  ],
  [
    'If-Match on the record',
    {
      store: (store) =>
        altered(store, {
          put: (key, body, when) => store.put(key, body, key === RECORD ? undefined : when),
        }),
    },
  ],
  [
    'fences (dead files are deleted)',
    {
      store: (store) =>
        altered(store, {
          put: async (key, body, when) => {
            if (!Buffer.isBuffer(body) || !body.equals(FENCE)) return store.put(key, body, when)
            await store.delete(key)
            return { etag: 'deleted' }
          },
        }),
    },
  ],
  ['the epoch in names', { key: (name) => `silver/shop/orders/${name}.parquet` }],
  [
    'the names of dead intents',
    {
      store: (store) =>
        altered(store, {
          get: async (key) => {
            const found = await store.get(key)
            const json = found && key === RECORD ? JSON.parse(found.body.toString()) : undefined
            if (!found || !json?.writing) return found
            json.writing.files = []
            return { ...found, body: Buffer.from(JSON.stringify(json)) }
          },
        }),
    },
  ],
]

describe.each(withouts)('without %s', (_safety, without) => {
  test.each<Kind>(['silver', 'stream'])('a schedule of %s goes wrong', async (kind) => {
    const property = noWrong(kind, () => new MemoryStore(folder), without)
    const found = await fc.check(property, { numRuns: 1000, endOnFailure: true })
    expect(found.failed).toBe(true)
    expect(`${found.errorInstance}`).toMatch(/standing|never ended|not settled/)
  })
})
