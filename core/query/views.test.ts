import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { collect, TestShop } from '../../functions/shop.fixture.ts'
import { resource } from '../../functions/stages.fixture.ts'
import { Busy } from '../errors.ts'
import { MemoryStore } from '../store/memory-store.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { queryLake } from './query.ts'

let files: TestShop
beforeEach(() => {
  files = new TestShop()
})
afterEach(() => files.close())

describe('one state of the lake', () => {
  /** What may happen once, at a moment of a look. */
  interface Chance {
    moment: 'before a manifest' | 'before an opening' | 'after an opening'
    happens: () => Promise<unknown>
  }

  /** The lake's store, with a scratch folder elsewhere, or something that happens meanwhile. */
  function storeWith({ scratch, chance }: { scratch?: string; chance?: Chance }): ObjectStore {
    const { store } = files.lake
    let left = chance
    const meet = async (moment: Chance['moment']) => {
      const met = left?.moment === moment ? left : undefined
      if (met) left = undefined
      await met?.happens()
    }
    const changed: Partial<ObjectStore> = {
      scratch: scratch ?? store.scratch,
      async get(key) {
        if (key.includes('/_manifests/')) await meet('before a manifest')
        return store.get(key)
      },
      async open(version) {
        await meet('before an opening')
        const copy = await store.open(version)
        await meet('after an opening')
        return copy
      },
    }
    return new Proxy(store, {
      get(target, name: keyof ObjectStore) {
        const value = changed[name] ?? target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  test.each(['before a manifest', 'before an opening', 'after an opening'] as const)(
    'a version that is replaced %s is looked for anew',
    async (moment) => {
      files.describeOrders()
      await files.load('orders/a.csv', ['1,old'])
      const happens = () => files.load('orders/a.csv', ['1,new', '2,new'])
      const store = storeWith({ chance: { moment, happens } })
      expect(await files.ask('SELECT * FROM shop.orders ORDER BY id', store)).toEqual([
        [1, 'new'],
        [2, 'new'],
      ])
    },
  )

  test('what is buried while it is read is read to its end', async () => {
    files.describeOrders()
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i},old`)
    await files.load('orders/a.csv', lines)
    const rows = await queryLake(files.lake.store, 'FROM shop.orders', 'json', async (answer) => {
      await files.load('orders/a.csv', ['1,new'])
      return collect(answer.rows)
    })
    expect(rows.filter(([, v]) => v === 'old').length).toBe(20_000)
    expect(await files.orders()).toEqual([[1, 'new']])
    const left = readdirSync(files.lake.store.scratch).filter((name) => name.startsWith('query-'))
    expect(left).toEqual([])
  })

  test.runIf(existsSync('/dev/shm'))('where no link can be, a change is told', async () => {
    files.describeOrders()
    await files.load('orders/a.csv', ['1,old'])
    const scratch = mkdtempSync('/dev/shm/sluice-')
    const store = storeWith({ scratch })
    expect(await files.ask('SELECT v FROM shop.orders', store)).toEqual([['old']])
    const asked = queryLake(store, 'FROM shop.orders', 'json', async ({ rows }) => {
      await files.load('orders/a.csv', ['1,new'])
      return collect(rows)
    })
    await expect(asked).rejects.toThrow(Busy)
    expect(readdirSync(scratch)).toEqual([])
    rmSync(scratch, { recursive: true })
  })

  test('an object store without a folder is read by copies, which go again', async () => {
    files.describeOrders()
    await files.load('orders/a.csv', ['1,a', '2,a', 'x,a'])
    await files.load('orders/b.csv', ['2,b'])
    const folder = join(files.folder, 'copies')
    files.put('copies/none', '')
    const memory = new MemoryStore(folder)
    for await (const { key } of files.lake.store.list('')) {
      if (key.startsWith('copies/')) continue
      await memory.put(key, (await files.lake.store.get(key))!.body)
    }
    const sql = `SELECT *, (SELECT count(*) FROM quarantine.shop.orders) FROM shop.orders
      ORDER BY id`
    expect(await files.ask(sql, memory)).toEqual([
      [1, 'a', 1],
      [2, 'b', 1],
    ])
    expect(readdirSync(folder)).toEqual(['none'])
  })
})

test('two datasets or windows of one name are not mixed', async () => {
  const stream = { eventTime: 'ts' }
  const window = (name: string) => ({ name, every: '1 minute', measures: { n: 'count()' } })
  const of = (name: string, windows: object[]) =>
    resource(name, ['ts:datetime'], {}, { stream, windows })
  files.describe('shop', of('a', [window('b_c'), window('d')]), of('a_b', [window('c')]))
  files.put(
    'streaming/shop/datapackage.json',
    JSON.stringify({ name: 's', resources: [of('a', [window('e')])] }),
  )
  await expect(files.ask('FROM windows.shop.a_b_c')).rejects.toThrow(/two windows are both/)
  await expect(files.ask('FROM events.shop.a')).rejects.toThrow(/described by .* rename one/)
  expect(await files.ask('SELECT * FROM shop.a')).toEqual([])
})
