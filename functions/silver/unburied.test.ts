import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { manifestKey } from '../../core/commit/manifest.ts'
import { logUnburied } from '../../core/log.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { resource, runSilver, storeWith, TestLake } from '../stages.fixture.ts'

vi.mock('../../core/log.ts')

let files: TestLake
beforeEach(() => {
  files = new TestLake()
})
afterEach(() => files.close())

test('a replaced file that cannot be emptied is told of, and emptied by the next one', async () => {
  const object = 'bronze/p/t/a.csv'
  files.describe('p', resource('t', ['id:integer']))
  files.put(object, 'id\n1\n')
  await runSilver(files.lake, object)
  const { store } = files.lake
  const dead: string[] = []
  for await (const { key } of store.list('silver/p/t/')) {
    if (key.endsWith('.parquet')) dead.push(key)
  }
  files.put(object, 'id\n1\n2\n')
  const put: ObjectStore['put'] = async (key, ...more) => {
    if (dead.includes(key)) throw new Error('away')
    return store.put(key, ...more)
  }
  const faulty = { ...files.lake, store: storeWith(store, { put }) }
  expect(await runSilver(faulty, object)).toMatchObject([{ status: 'loaded', accepted: 2 }])
  const fault = expect.objectContaining({ message: 'away' })
  expect(logUnburied).toHaveBeenLastCalledWith(manifestKey('p.t', object), fault)
  expect(await runSilver(files.lake, object)).toMatchObject([{ status: 'unchanged' }])
  expect(logUnburied).toHaveBeenLastCalledWith(manifestKey('p.t', object), undefined)
}, 60_000)
