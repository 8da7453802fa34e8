import { expect, test } from 'vitest'
import { MemoryStore } from '../store/memory-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { checkContracts, checkReads, checkWrites } from './check-lake.ts'

/** S3 for a role that may read and write below some prefixes only: all else is answered 403. */
function roleOf(store: ObjectStore, may: { read: string[]; write: string[] }): ObjectStore {
  const allow = (prefixes: string[], key: string) => {
    if (prefixes.some((prefix) => key.startsWith(prefix))) return
    const denied = Object.assign(new Error('UnknownError'), { $metadata: { httpStatusCode: 403 } })
    throw denied
  }
  return new Proxy(store, {
    get(target, name: keyof ObjectStore) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (key: string, ...rest: unknown[]) => {
        if (name === 'head' || name === 'get') allow(may.read, key)
        if (name === 'put' || name === 'delete') allow(may.write, key)
        return Reflect.apply(value, target, [key, ...rest])
      }
    },
  })
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list('')) keys.push(key)
  return keys
}

const text = (content: unknown) => Buffer.from(JSON.stringify(content))
const prefixes = ['silver/', 'quarantine/']

test('a role that may, may; and nothing is left by the look', async () => {
  const store = new MemoryStore()
  await store.put('silver/a', text(1))
  const role = roleOf(store, { read: prefixes, write: prefixes })
  for (const check of [checkReads, checkWrites]) {
    expect(await check('silver', role, prefixes)).toMatchObject([{ level: 'ok' }])
  }
  expect(await keysOf(store)).toEqual(['silver/a'])
})

test.each([[[]], [['silver/a']]])('each prefix that is denied is told: %j', async (keys) => {
  const store = new MemoryStore()
  for (const key of keys) await store.put(key, text(1))
  const role = roleOf(store, { read: ['quarantine/'], write: ['quarantine/'] })
  for (const check of [checkReads, checkWrites]) {
    const found = await check('silver', role, prefixes)
    const told = { level: 'wrong', found: 'silver/: access is denied' }
    expect(found).toMatchObject([told])
  }
})

test('a store that keeps no conditions is told, and the probe is taken away again', async () => {
  const store = new MemoryStore()
  const careless: ObjectStore = Object.create(store, {
    put: { value: (key: string, body: Buffer) => store.put(key, body) },
    delete: { value: (key: string) => store.delete(key) },
    url: { value: store.url },
  })
  const found = await checkWrites('silver', careless, ['silver/'])
  expect(found).toMatchObject([{ level: 'wrong', found: expect.stringMatching(/no conditions/) }])
  expect(await keysOf(store)).toEqual([])
})

const resource = (name: string, type = 'string') => {
  return { name, path: `${name}.csv`, schema: { fields: [{ name: 'a', type }] } }
}

test('a descriptor that cannot be used is told with its reason, and the others count', async () => {
  const store = new MemoryStore()
  const put = (folder: string, resources: object[]) => {
    return store.put(`bronze/${folder}/datapackage.json`, text({ name: 'p', resources }))
  }
  await put('well', [resource('a'), resource('b')])
  const one = await checkContracts('lake', store, 'bronze/')
  expect(one.findings).toMatchObject([
    { level: 'ok', found: '1 descriptors and 2 datasets below bronze/' },
  ])
  await put('half', [resource('a'), resource('b', 'strong')])
  await store.put('bronze/broken/datapackage.yaml', Buffer.from('resources: ['))
  const { findings, contracts } = await checkContracts('lake', store, 'bronze/')
  expect(contracts.map(({ dataset }) => dataset)).toEqual(['half.a', 'well.a', 'well.b'])
  expect(findings.map(({ level, found }) => [level, found.split(':')[0]])).toEqual([
    ['wrong', 'bronze/broken/datapackage.yaml'],
    ['wrong', 'bronze/half/datapackage.json'],
  ])
  expect(findings[1]?.found).toContain('strong')
})

test.each([
  ['bronze/', 'warning'],
  ['streaming/', 'ok'],
] as const)('without a descriptor all of Bronze is held: %s', async (root, level) => {
  const { findings } = await checkContracts('lake', new MemoryStore(), root)
  expect(findings).toMatchObject([{ level }])
})
