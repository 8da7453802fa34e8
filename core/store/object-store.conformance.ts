import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Busy, UnsafeKey } from '../errors.ts'
import type { ObjectStore, ObjectVersion } from './object-store.ts'

const text = (body: string) => Buffer.from(body)

/** In the order of their bytes; the last pair are NFC and NFD, which are two keys. */
const oddKeys = [
  'odd/ two  spaces ',
  'odd/"double\'single"',
  'odd/$HOME;&|<>',
  'odd/%',
  'odd/%2F',
  'odd/.hidden',
  'odd/a+b',
  'odd/a-b',
  'odd/a/b',
  'odd/a/b=1/c',
  'odd/a0',
  'odd/line\nfeed',
  'odd/\u{1F600}',
  'odd/\uFF5E',
  'odd/e\u0301',
  'odd/\u00E9',
].sort((one, two) => Buffer.compare(text(one), text(two)))

const unsafeKeys = [
  '',
  '/etc/passwd',
  'a//b',
  'a/',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/./b',
  'a/%2e%2E/b',
  'a/.%2e/b',
  'a\\b',
  'a\0b',
  'x'.repeat(1025),
]

/** What every ObjectStore must do; `make` gives the store to test, which may hold other objects. */
export function conformance(name: string, make: () => Promise<ObjectStore>): void {
  describe(`${name} as an object store`, () => {
    let store: ObjectStore
    let folder: string
    beforeAll(async () => {
      store = await make()
      folder = await mkdtemp(join(tmpdir(), 'sluice-conformance-'))
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))
    objects(
      () => store,
      () => folder,
    )
    conditions(() => store)
    keys(() => store)
    pins(() => store)
  })
}

function objects(given: () => ObjectStore, folder: () => string): void {
  test('an object is what was put last, and is gone once deleted', async () => {
    const store = given()
    expect(await store.head('one/a')).toBeUndefined()
    expect(await store.get('one/a')).toBeUndefined()
    await store.put('one/a', text('first'))
    const put = await store.put('one/a', text('second!'))
    const got = await store.get('one/a')
    expect(got?.body).toEqual(text('second!'))
    expect(got?.version).toMatchObject({ key: 'one/a', size: 7, etag: put?.etag })
    expect(await store.head('one/a')).toMatchObject({ size: 7, etag: put?.etag })
    expect(Math.abs(Date.now() - Number(got?.version.modified))).toBeLessThan(60_000)
    await store.delete('one/a')
    await store.delete('one/a')
    expect(await store.head('one/a')).toBeUndefined()
  })

  test('an empty object stands', async () => {
    const store = given()
    await store.put('empty/a', text(''), { ifNoneMatch: true })
    expect(await store.head('empty/a')).toMatchObject({ size: 0 })
    expect((await store.get('empty/a'))?.body).toEqual(text(''))
    expect(await content(store, await head(store, 'empty/a'))).toEqual(text(''))
  })

  test.for([0, 10, 20_000_000])('a file of %i bytes is put, and stays its own', async (size) => {
    const store = given()
    const file = join(folder(), `${size}`)
    const bytes = Buffer.alloc(size, 'abc')
    await writeFile(file, bytes)
    expect(await store.put(`file/${size}`, { file }, { ifNoneMatch: true })).toBeDefined()
    expect(await store.put(`file/${size}`, { file }, { ifNoneMatch: true })).toBeUndefined()
    await writeFile(file, 'changed later')
    const version = await head(store, `file/${size}`)
    expect(bytes.equals(await content(store, version))).toBe(true)
    await store.put(`file/${size}`, text('new'), { ifMatch: version.etag })
    expect(await readFile(file, 'utf8')).toBe('changed later')
  })

  test('readers see the old object or the new one, never a half', async () => {
    const store = given()
    const bodies = ['a', 'b'].map((fill) => Buffer.alloc(3_000_000, fill))
    await store.put('whole/a', bodies[0]!)
    let writing = true
    const writer = async () => {
      for (let round = 1; round <= 6; round++) await store.put('whole/a', bodies[round % 2]!)
      writing = false
    }
    const reader = async () => {
      while (writing) {
        const got = await store.get('whole/a')
        expect(bodies.some((body) => body.equals(got!.body))).toBe(true)
        expect(got!.version.size).toBe(3_000_000)
        await new Promise(setImmediate)
      }
    }
    await Promise.all([writer(), reader()])
  })
}

function conditions(given: () => ObjectStore): void {
  test('If-None-Match writes only where nothing stands', async () => {
    const store = given()
    expect(await store.put('none/a', text('1'), { ifNoneMatch: true })).toBeDefined()
    expect(await store.put('none/a', text('2'), { ifNoneMatch: true })).toBeUndefined()
    expect((await store.get('none/a'))?.body).toEqual(text('1'))
    await store.delete('none/a')
    expect(await store.put('none/a', text('3'), { ifNoneMatch: true })).toBeDefined()
  })

  test('If-Match writes only over that eTag', async () => {
    const store = given()
    expect(await store.put('match/none', text('1'), { ifMatch: 'abc' })).toBeUndefined()
    const first = await store.put('match/a', text('1'))
    const second = await store.put('match/a', text('2'), { ifMatch: first!.etag })
    expect(second?.etag).not.toBe(first?.etag)
    expect(await store.put('match/a', text('3'), { ifMatch: first!.etag })).toBeUndefined()
    expect((await store.get('match/a'))?.body).toEqual(text('2'))
    await store.delete('match/a')
    expect(await store.put('match/a', text('4'), { ifMatch: second!.etag })).toBeUndefined()
    expect(await store.head('match/a')).toBeUndefined()
  })

  test('of ten If-None-Match writes at once one wins', async () => {
    const store = given()
    const bodies = Array.from({ length: 10 }, (_, index) => text(`writer ${index}`))
    const puts = await Promise.all(
      bodies.map((body) => store.put('race/a', body, { ifNoneMatch: true })),
    )
    const winners = puts.flatMap((put, index) => (put ? [index] : []))
    expect(winners).toHaveLength(1)
    expect((await store.get('race/a'))?.body).toEqual(bodies[winners[0]!])
  })

  test('a counter that ten writers raise by If-Match loses no step', async () => {
    const store = given()
    await store.put('count/a', text('0'))
    await Promise.all(Array.from({ length: 10 }, () => raise(store, 'count/a', 10)))
    expect((await store.get('count/a'))?.body).toEqual(text('100'))
  })
}

async function raise(store: ObjectStore, key: string, steps: number): Promise<void> {
  for (let done = 0; done < steps; ) {
    const { version, body } = (await store.get(key))!
    const next = text(`${Number(body) + 1}`)
    if (await store.put(key, next, { ifMatch: version.etag })) done++
  }
}

function keys(given: () => ObjectStore): void {
  test.for(unsafeKeys)('%j is refused as a key', async (key) => {
    const store = given()
    const version = { key, size: 0, etag: 'x', modified: new Date() }
    await expect(store.put(key, text('x'))).rejects.toThrow(UnsafeKey)
    await expect(store.get(key)).rejects.toThrow(UnsafeKey)
    await expect(store.head(key)).rejects.toThrow(UnsafeKey)
    await expect(store.delete(key)).rejects.toThrow(UnsafeKey)
    await expect(store.open(version)).rejects.toThrow(UnsafeKey)
    expect(() => store.locate(key)).toThrow(UnsafeKey)
  })

  test('every other key is kept to the letter, and listed in the order of bytes', async () => {
    const store = given()
    for (const key of oddKeys.toReversed()) await store.put(key, text(key))
    for (const key of oddKeys) expect((await store.get(key))?.body).toEqual(text(key))
    const listed = await list(store, 'odd/')
    expect(listed.map((version) => version.key)).toEqual(oddKeys)
    for (const { key, etag, size } of listed)
      expect(await store.head(key)).toMatchObject({ key, etag, size })
  })

  test('a prefix is the beginning of keys, not a folder', async () => {
    const store = given()
    for (const key of ['pre/a', 'pre/ab/c', 'pre/b', 'prefix']) await store.put(key, text(key))
    const listed = async (...which: Parameters<ObjectStore['list']>) =>
      (await list(store, ...which)).map((version) => version.key)
    const all = ['pre/a', 'pre/ab/c', 'pre/b', 'prefix']
    for (const [i, key] of all.entries()) expect(await listed('pre', key)).toEqual(all.slice(i + 1))
    expect(await listed('pre', 'pre/ab/')).toEqual(all.slice(1))
    expect(await listed('pre')).toEqual(all)
    expect(await listed('pre/a')).toEqual(['pre/a', 'pre/ab/c'])
    expect(await listed('pre/ab/')).toEqual(['pre/ab/c'])
    for (const none of ['pre/c', 'pre/a/', '../', 'pre/../']) expect(await listed(none)).toEqual([])
    expect(await listed('')).toEqual(expect.arrayContaining(all))
  })
}

function pins(given: () => ObjectStore): void {
  test('an opened version is read as pinned, and Busy once another stands', async () => {
    const store = given()
    await store.put('pin/a.csv', text('first'))
    const first = await head(store, 'pin/a.csv')
    expect(await content(store, first)).toEqual(text('first'))
    await store.put('pin/a.csv', text('other'))
    await expect(store.open(first)).rejects.toThrow(Busy)
    await store.delete('pin/a.csv')
    await expect(store.open(first)).rejects.toThrow(Busy)
  })
}

async function head(store: ObjectStore, key: string): Promise<ObjectVersion> {
  const version = await store.head(key)
  expect(version).toBeDefined()
  return version!
}

async function content(store: ObjectStore, version: ObjectVersion): Promise<Buffer> {
  const copy = await store.open(version)
  const bytes = await readFile(copy.path)
  await copy.verify()
  await copy.release()
  return bytes
}

/** All that the store lists, in its order. */
export async function list(
  store: ObjectStore,
  ...which: Parameters<ObjectStore['list']>
): Promise<ObjectVersion[]> {
  const versions: ObjectVersion[] = []
  for await (const version of store.list(...which)) versions.push(version)
  return versions
}
