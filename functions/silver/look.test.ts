import { afterEach, beforeEach, expect, test } from 'vitest'
import { lastDatasetOf } from '../../core/contract/catalog.ts'
import type { Lake } from '../../core/lake.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import { resource, TestLake } from '../stages.fixture.ts'
import { refine } from './refine.ts'

/** What a warm function remembers of descriptors saves requests, and decides nothing. */

const [object, other] = ['bronze/p/t/a.csv', 'bronze/p/t/b.csv']
const table = (name: string, ...fields: string[]) =>
  resource(name, fields.length > 0 ? fields : ['id:integer'], {}, { files: 't/**' })

let files: TestLake
let asked: string[]
let lake: Lake
/** Called before each PUT. */
let before: (key: string) => void

beforeEach(async () => {
  files = new TestLake()
  asked = []
  before = () => {}
  const { store } = files.lake
  const told: Pick<ObjectStore, 'head' | 'get' | 'put'> = {
    head: (key) => {
      asked.push(`head ${key}`)
      return store.head(key)
    },
    get: (key) => {
      asked.push(`get ${key}`)
      return store.get(key)
    },
    put: (key, ...more) => {
      before(key)
      return store.put(key, ...more)
    },
  }
  const rest: Omit<ObjectStore, keyof typeof told> = {
    ...{ url: store.url, scratch: store.scratch, open: (version) => store.open(version) },
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
    locate: (key) => store.locate(key),
  }
  lake = { ...files.lake, store: { ...told, ...rest } }
  // The process has read the descriptor.
  files.describe('p', table('t'))
  for (const key of [object, other]) files.put(key, 'id\n1\n')
  expect(await refine(lake, other)).toMatchObject({ dataset: 'p.t', status: 'loaded' })
  expect(lastDatasetOf(lake.store, object)).toBe('p.t')
  asked = []
})
afterEach(() => files.close())

const run = () => refine(lake, object)
const manifests = () => asked.filter((one) => one.startsWith('get silver/'))

test('the manifest is read first, then object and descriptors are looked at, once', async () => {
  expect(await run()).toMatchObject({ dataset: 'p.t', status: 'loaded' })
  expect(asked[0]).toMatch(/^get silver\/p\/t\/_manifests\//)
  expect(asked.filter((one) => one.includes('datapackage'))).toHaveLength(2 * 3)
  // After the commit, whether the object changed: no contract changes what is loaded.
  expect(asked.filter((one) => one === `head ${object}`)).toHaveLength(2)
})

test('an object of a dataset that was renamed goes to the new one, loaded or not', async () => {
  for (const [from, to] of [
    ['t', 'u'],
    ['u', 'v'],
  ]) {
    files.describe('p', table(to!))
    asked = []
    expect(await run()).toMatchObject({ dataset: `p.${to}`, status: 'loaded' })
    expect(manifests()).toEqual([
      expect.stringContaining(`/p/${from}/`),
      expect.stringContaining(`/p/${to}/`),
    ])
  }
})

test.each([
  ['no descriptor', () => files.remove('bronze/p/datapackage.json'), { status: 'held' }],
  ['none that names it', () => files.describe('p', resource('x', ['id'])), { status: 'held' }],
  [
    'a broken one',
    () => files.put('bronze/p/datapackage.json', '{'),
    { status: 'refused', dataset: undefined, reason: expect.stringContaining('datapackage.json') },
  ],
  ['two of them', () => files.put('bronze/p/datapackage.yaml', 'name: p'), { status: 'refused' }],
  [
    'a nearer one',
    () => files.put('bronze/p/t/datapackage.yaml', 'name: n\nresources:\n- {name: r, path: a.csv}'),
    { status: 'refused', reason: expect.stringContaining('bronze/p/t/datapackage.yaml') },
  ],
])('of %s, which came meanwhile, the object is not loaded', async (_, change, expected) => {
  change()
  expect(await run()).toMatchObject(expected)
})

test('an object that has gone is none, though a manifest may tell of it', async () => {
  files.remove(object)
  expect(await run()).toBeUndefined()
  files.remove(other)
  expect(await refine(lake, other)).toBeUndefined()
})

test('one that is changed while its rows are written is written again', async () => {
  let left = 1
  before = (key) => {
    if (key.endsWith('.parquet') && left-- > 0) files.put(object, 'id\n1\n2\n')
  }
  expect(await run()).toMatchObject({ status: 'loaded', records: 2 })
})

test('a contract that comes while an object is refused is not missed', async () => {
  files.describe('p', table('t', 'other'))
  let left = 1
  before = () => {
    if (left-- > 0) files.describe('p', table('t'))
  }
  expect(await run()).toMatchObject({ status: 'loaded', records: 1 })
})
