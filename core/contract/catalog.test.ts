import { expect, test } from 'vitest'
import { MemoryStore } from '../store/memory-store.ts'
import { govern, isLoaded, lastDatasetOf, lookAt } from './catalog.ts'

const described = (...paths: string[]) => {
  const schema = { fields: [{ name: 'id', type: 'integer' }] }
  const resources = paths.map((path, i) => ({ name: `r${i}`, path, schema }))
  return Buffer.from(JSON.stringify({ name: 'p', resources }))
}
const key = 'bronze/eu/shop/orders/1.csv'

/** A store that answers nothing before all that is asked at once was asked. */
class Waves extends MemoryStore {
  waves: string[][] = []
  #next: Promise<void> | undefined

  override async head(asked: string) {
    if (!this.#next) {
      this.waves.push([])
      this.#next = new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => {
        this.#next = undefined
      })
    }
    this.waves.at(-1)?.push(asked)
    await this.#next
    return super.get(asked).then((found) => found?.version)
  }
}

test.each([
  ['the nearest', { 'eu/shop/orders': ['1.csv'], 'eu/shop': ['orders/1.csv'] }, 'orders.r0'],
  ['one above', { 'eu/shop/orders': ['2.csv'], 'eu/shop': ['x.csv', 'orders/1.csv'] }, 'shop.r1'],
  ['one far above', { eu: ['shop/orders/1.csv'] }, 'eu.r0'],
  ['none', { 'eu/shop': ['orders/2.csv'] }, undefined],
])('%s of the descriptors above an object governs it', async (_, folders, expected) => {
  const store = new MemoryStore()
  for (const [folder, paths] of Object.entries(folders)) {
    await store.put(`bronze/${folder}/datapackage.json`, described(...paths))
  }
  const { dataset } = await govern(store, key)
  expect(dataset?.split('_').at(-1)).toBe(expected)
  // What was read is remembered, and may be old.
  expect(lastDatasetOf(store, key)).toBe(dataset)
  await store.put('bronze/eu/shop/orders/datapackage.json', described('1.csv'))
  expect(lastDatasetOf(store, key)).toBe(dataset)
  expect((await govern(store, key)).dataset).toMatch(/orders\.r0$/)
  expect(lastDatasetOf(store, key)).toMatch(/orders\.r0$/)
})

test('a descriptor that changes on the way to the one that governs is noticed', async () => {
  const store = new MemoryStore()
  const hashes = new Set<string>()
  const note = async () => hashes.add((await govern(store, key)).hash)
  await note()
  await store.put('bronze/eu/shop/datapackage.json', described('orders/1.csv'))
  await note()
  await store.put('bronze/eu/shop/orders/datapackage.json', described('2.csv'))
  await note()
  await store.put('bronze/eu/shop/orders/datapackage.json', described('3.csv'))
  await note()
  expect(hashes.size).toBe(4)
  // Above it, nothing is of interest.
  await store.put('bronze/eu/datapackage.json', described('shop/orders/1.csv'))
  await note()
  expect(hashes.size).toBe(4)
})

test('a broken one refuses the object, unless a nearer one names it', async () => {
  const store = new MemoryStore()
  await store.put('bronze/eu/shop/datapackage.json', described('orders/1.csv'))
  await store.put('bronze/eu/datapackage.json', Buffer.from('{'))
  expect(await govern(store, key)).toMatchObject({ dataset: expect.any(String), broken: undefined })
  await store.put('bronze/eu/shop/orders/datapackage.json', Buffer.from('{'))
  const broken = expect.stringContaining('bronze/eu/shop/orders/datapackage.json')
  expect(await govern(store, key)).toMatchObject({ dataset: undefined, broken })
})

test('object and descriptors are looked at all at once', async () => {
  const store = new Waves()
  await store.put('bronze/eu/shop/datapackage.json', described('orders/1.csv'))
  await store.put(key, Buffer.from('id\n1\n'))
  expect(await lookAt(store, key)).toMatchObject({ version: { key } })
  expect(store.waves.map((wave) => wave.length)).toEqual([1 + 3 * 3])
  store.waves = []
  // Only where nothing names it the root is asked, to say that nothing may stand there.
  await lookAt(store, 'bronze/eu/other/1.csv')
  expect(store.waves.map((wave) => wave.length)).toEqual([1 + 2 * 3, 3])
  await store.put('bronze/datapackage.json', described('eu/other/1.csv'))
  const { broken } = await govern(store, 'bronze/eu/other/1.csv')
  expect(broken).toMatch(/a package is a folder of its own/)
})

test('an object is loaded if the record says so of the version that stands', async () => {
  const store = new MemoryStore()
  const { etag } = (await store.put(key, Buffer.from('id\n1\n')))!
  expect(await isLoaded(store, key, { status: 'loaded', etag })).toBe(true)
  for (const record of [
    null,
    { status: 'refused', etag },
    { status: 'loaded', etag: 'other' },
    { status: 'loaded', etag: undefined },
  ]) {
    expect(await isLoaded(store, key, record)).toBe(false)
  }
  await store.delete(key)
  expect(await isLoaded(store, key, { status: 'loaded', etag })).toBe(false)
})
