import { expect, test } from 'vitest'
import { manifestKey } from '../commit/manifest.ts'
import { MemoryStore } from '../store/memory-store.ts'
import { checkRecords, leftBy } from './check-records.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const MINUTE = 60_000

const record = { id: 'x', epoch: 2, state: null, files: ['a'], writing: null, garbage: [] }
const writing = (until: number) => ({ ...record, writing: { files: ['b', 'c'], until } })
const garbage = { ...record, garbage: ['d'] }

test.each([
  ['one that is settled', record, 0, undefined],
  ['a writer at work', writing(now + 1), 0, undefined],
  ['a writer whose clock is another', writing(now - MINUTE / 2), 0, undefined],
  ['a writer that died', writing(now - 2 * MINUTE), 0, /died before .*11:58:00.*, 2 files/],
  ['one that is still at its fences', garbage, now - MINUTE / 2, undefined],
  ['fences that nobody put', garbage, now - 2 * MINUTE, /1 dead files are not fenced/],
])('%s', (_, found, modified, told) => {
  const left = leftBy(found, new Date(modified), now)
  if (told) expect(left).toMatch(told)
  else expect(left).toBeUndefined()
})

const look = (store: MemoryStore, roots = ['silver/', 'streaming_checkpoint/']) => {
  return checkRecords({
    area: 'lake',
    store,
    roots,
    bringOn: (key) => `bring ${key}`,
    now: Date.now() + 5 * MINUTE,
  })
}

test('each dead writer is told, and how its object comes in', async () => {
  const store = new MemoryStore()
  const object = 'bronze/shop/a.csv'
  const dead = Buffer.from(JSON.stringify(writing(Date.now())))
  await store.put(object, Buffer.from('a'))
  const key = manifestKey('shop.orders', object)
  await store.put(key, dead)
  const stated = JSON.stringify({ ...writing(Date.now()), state: { object: 'bronze/shop/b.csv' } })
  await store.put('silver/shop/orders/_manifests/0123456789abcdef.json', Buffer.from(stated))
  await store.put('streaming_checkpoint/till-20261124T105500.123Z/shard.json', dead)
  await store.put('streaming_checkpoint/published/0123456789abcdef.json', dead)
  await store.put('silver/shop/orders/1.parquet', dead)
  const found = await look(store)
  expect(found.map(({ level }) => level)).toEqual(['warning', 'warning', 'warning'])
  expect(new Map(found.map(({ found, cure }) => [found.split(':')[0], cure]))).toEqual(
    new Map([
      [key, `bring ${object}`],
      ['silver/shop/orders/_manifests/0123456789abcdef.json', 'bring bronze/shop/b.csv'],
      [
        'streaming_checkpoint/till-20261124T105500.123Z/shard.json',
        expect.stringMatching(/next batch or tick/),
      ],
    ]),
  )
})

test('a record that is broken is wrong; many that are unfinished are counted', async () => {
  const store = new MemoryStore()
  const put = (n: number, text: string) => {
    return store.put(`silver/s/t/_manifests/${n}.json`, Buffer.from(text))
  }
  for (let n = 0; n < 15; n++) await put(n, JSON.stringify(writing(Date.now())))
  await put(99, '{}')
  const found = await look(store, ['silver/'])
  expect(found).toHaveLength(11)
  expect(found[0]).toMatchObject({ level: 'wrong', found: expect.stringMatching(/99\.json/) })
  expect(found.at(-1)?.found).toBe('6 more commit records are unfinished')
})

test('nothing unfinished is well', async () => {
  const store = new MemoryStore()
  await store.put('silver/s/t/_manifests/1.json', Buffer.from(JSON.stringify(record)))
  const found = '1 commit records, none left unfinished'
  expect(await look(store)).toMatchObject([{ level: 'ok', found }])
})
