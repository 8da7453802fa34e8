import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres } from '../../core/database/postgres.ts'
import { Busy } from '../../core/errors.ts'
import { MemoryStore } from '../../core/store/memory-store.ts'
import type { Body, PutCondition, PutResult } from '../../core/store/object-store.ts'
import { putContracts, setUpDatabase } from './setup.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Writes files below the folder. */
function bundle(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

describe('contracts', () => {
  /** A store that tells its writes, and before each lets another writer in. */
  class Watched extends MemoryStore {
    readonly writes: string[] = []
    between: (() => Promise<unknown>) | undefined

    override async put(key: string, body: Body, when?: PutCondition): Promise<PutResult> {
      await this.between?.()
      this.writes.push(key)
      return super.put(key, body, when)
    }
  }

  const shop = 'bronze/shop/datapackage.yaml'
  const till = 'streaming/eu/till/datapackage.json'
  let store: Watched

  beforeEach(() => {
    store = new Watched()
    bundle({ [shop]: 'name: shop\n', [till]: '{"name": "till"}' })
  })

  const put = () => putContracts(store, folder)
  const text = async (key: string) => (await store.get(key))?.body.toString()

  test('stand in the lake as in the bundle; what is the same is not written again', async () => {
    expect(await put()).toEqual([shop, till])
    expect(await put()).toEqual([])
    bundle({ [shop]: 'name: shop # new\n' })
    expect(await put()).toEqual([shop])
    expect(store.writes).toEqual([shop, till, shop])
    expect([await text(shop), await text(till)]).toEqual(['name: shop # new\n', '{"name": "till"}'])
  })

  test.each(['name: other\n', 'name: shop\n'])(
    'another writer comes between: %j',
    async (theirs) => {
      const other = async () => {
        store.between = undefined
        await MemoryStore.prototype.put.call(store, shop, Buffer.from(theirs))
      }
      store.between = other
      await put()
      expect(await text(shop)).toBe('name: shop\n')
      bundle({ [shop]: 'name: shop # new\n' })
      store.between = other
      await put()
      expect(await text(shop)).toBe('name: shop # new\n')
    },
  )

  test('another writer that never rests makes it give up', async () => {
    let n = 0
    store.between = () => MemoryStore.prototype.put.call(store, shop, Buffer.from(`${++n}`))
    await expect(put()).rejects.toThrow(Busy)
  })

  test.each([
    'bronze/shop/orders.csv',
    'bronze/shop/.DS_Store',
    'bronze/shop/datapackage.proposed.yaml',
    'bronze/datapackage.yaml',
    'datapackage.yaml',
    'silver/shop/datapackage.yaml',
    'bronze/shop/datapackage.json',
  ])('%s is refused before anything is put', async (path) => {
    bundle({ [path]: '{}' })
    await expect(put()).rejects.toThrow(`contracts/${path}`)
    expect(store.writes).toEqual([])
  })

  test('without a folder there are none', async () => {
    expect(await putContracts(store, join(folder, 'none'))).toEqual([])
  })
})

describe('a database that is away', () => {
  const checks = /^the database is not reached: .+ Check .*secret.*security group.*subnets/

  test.each([
    ['nothing listens', 'postgres://u:p@127.0.0.1:1/d', 'ECONNREFUSED'],
    ['its host has no name', 'postgres://u:p@database.invalid/d', /ENOTFOUND|EAI_AGAIN/],
  ])('%s: it is waited for, then told what to check', async (_, url, code) => {
    const started = performance.now()
    const setup = setUpDatabase(openPostgres(url), folder, 0.5)
    const error = await setup.catch((error: Error) => error)
    expect(error).toMatchObject({ message: expect.stringMatching(checks) })
    expect((error as Error).message).toMatch(code)
    expect(performance.now() - started).toBeGreaterThan(200)
  })
})
