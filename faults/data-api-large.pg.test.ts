import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dropMarks, dueOf } from '../core/database/due.ts'
import { entryOfKey, explain, takeKey } from '../core/database/ledger.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { preview } from '../core/preview/preview.ts'
import { rejectsOf } from '../core/replay/kept.ts'
import { etagOf, putReplay } from '../functions/replay.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { openPlace } from './data-api.fixture.ts'

/** What is large in the ledger or in a request, and is to be told by the Data API all the same. */

let place: Awaited<ReturnType<typeof openPlace>>

beforeAll(async () => {
  // Less than the 45 s of AWS: what takes longer than a second here grows too fast.
  place = await openPlace({ callMs: 5_000 })
})
beforeEach(async () => {
  await place.empty()
  await prepareLedger(place.raw.database)
})
afterAll(() => place.close())

test('20,000 marks of a kind are told, and taken off', async () => {
  const { database } = place.raw
  const { url } = place.files.lake.store
  await database.execute(
    `INSERT INTO sluice.due (lake, heal, parent)
     SELECT $1, CASE WHEN n % 2 = 0 THEN 'p.t' END, CASE WHEN n % 2 = 1 THEN 'p.parent' END
     FROM generate_series(1, 40000) n`,
    [url],
  )
  const due = await dueOf(database, url)
  expect(due.map(({ heal, marks }) => [heal, marks.length])).toEqual([['p.t', 20_000]])
  await database.transaction((tx) => dropMarks(tx, due[0]!))
  expect(await dueOf(database, url)).toEqual([])
})

test.each(['😀', 'a😀', '\u0001', '"\\', 'é'])('a reason of a great many %j', async (text) => {
  const { database } = place.raw
  const { url } = place.files.lake.store
  await database.transaction(async (tx) => {
    const { id } = await takeKey(tx, url, 'bronze/x.csv')
    await explain(tx, id, text.repeat(50_000))
  })
  const entry = await entryOfKey(database, url, 'bronze/x.csv')
  expect(entry?.reason?.slice(0, 6_000)).toBe(text.repeat(50_000).slice(0, 6_000))
})

test('a preview looks for parents by keys that are long', async () => {
  const refers = { foreignKeys: [{ fields: 'k', reference: { resource: 't', fields: 'k' } }] }
  place.files.describe('p', resource('t', ['k']), resource('c', ['k'], refers))
  const keys = Array.from({ length: 6_000 }, (_, i) => `${i} ${'"k'.repeat(400)}`)
  const csv = (some: string[]) =>
    `k\n${some.map((key) => `"${key.replaceAll('"', '""')}"\n`).join('')}`
  place.files.put('bronze/p/t/1.csv', csv(keys.slice(0, 4_000)))
  await place.raw.run('bronze/p/t/1.csv')
  place.files.put('bronze/p/c/1.csv', csv(keys))
  const { lake } = place.files
  const version = (await lake.store.head('bronze/p/c/1.csv'))!
  const { accepted, waiting } = await preview(lake, place.raw.database, { version })
  expect({ accepted, waiting }).toEqual({ accepted: 4_000, waiting: 2_000 })
})

test('a long record with many errors comes once', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`)
  const fields = ['text', ...names.map((name) => `${name}:integer`)]
  place.files.describe('p', resource('t', fields))
  const text = 'long '.repeat(60_000)
  place.files.put('bronze/p/t/1.csv', `text,${names}\n${text},${names}\n`)
  await place.raw.run('bronze/p/t/1.csv')
  const { calls } = place.endpoint
  calls.length = 0
  const fieldsFound = []
  for await (const error of rejectsOf(place.raw.database, place.files.lake.store.url, 'p.t')) {
    expect(error.raw?.length).toBe(text.length + 1 + `${names}`.length)
    fieldsFound.push(error.field)
  }
  expect(fieldsFound).toEqual(names)
  expect(calls.reduce((sum, { answerBytes }) => sum + answerBytes, 0)).toBeLessThan(1_000_000)
})

/** Versions of `bronze/p/t/a.csv`, of which children keep a row, and rejects are mended. */
async function history(load: string, hasChildren: boolean): Promise<void> {
  const { files, raw } = place
  const key = load === 'upsert' ? { primaryKey: 'id' } : {}
  const points = { foreignKeys: [{ fields: 't', reference: { resource: 't', fields: 'id' } }] }
  const child = resource('c', ['t:integer'], hasChildren ? points : {})
  files.describe('p', resource('t', ['id:integer'], key, { load }), child)
  const source = 'bronze/p/t/a.csv'
  const put = (ids: (number | string)[]) => files.put(source, `id\n${ids.join('\n')}\n`)
  put([1, 2, 3, 'x', 'y'])
  files.put('bronze/p/c/1.csv', 't\n1\n8\n')
  await raw.run('bronze/p/c/1.csv', source)
  const version = await etagOf(files, source)
  await raw.run(putReplay(files, source, version, 'id', { 4: '7', 5: '8' }))
  expect(await raw.table('p.t')).toEqual([[1], [2], [3], [7], [8]])
  put([2, 4])
  await raw.run(source)
}

test.each<[load: string, hasChildren: boolean, ids: number[]]>([
  ['upsert', true, [1, 2, 4, 8]],
  ['append', true, [1, 2, 4, 8]],
  ['append', false, [2, 4]],
])('%s, children %s: what grows with a table is done slice by slice', async (load, has, ids) => {
  place.endpoint.calls.length = 0
  await history(load, has)
  expect(await place.raw.table('p.t')).toEqual(ids.map((id) => [id]))
  const touching = place.endpoint.calls.flatMap(({ sql = '' }) =>
    /^(DELETE|UPDATE|INSERT|WITH \w+ AS \(DELETE)/.test(sql) && sql.includes('"p".') ? [sql] : [],
  )
  expect(touching.length).toBeGreaterThan(5)
  expect(touching.filter((sql) => !sql.includes('ctid'))).toEqual([])
})
