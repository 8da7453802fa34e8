import { expect, test } from 'vitest'
import type { Database } from '../../core/database/database.ts'
import type { Outcome } from '../../core/outcome.ts'
import { files, raw } from '../raw.fixture.ts'
import { batchOf, resource, storeWith } from '../stages.fixture.ts'
import { rawIngestion } from './handler.ts'

/** Many small objects of one batch: one transaction, and what each by itself would have become. */

const key = (i: number) => `bronze/p/items/${String(i).padStart(2, '0')}.csv`
const keys = (count: number) => Array.from({ length: count }, (_, i) => key(i))
const plain = (i: number) => `id,note\n${2 * i},a\n${2 * i + 1},b\n`

function put(count: number, sluice: object = {}, schema: object = {}): void {
  files.describe('p', resource('items', ['id:integer', 'note'], schema, sluice))
  for (let i = 0; i < count; i++) files.put(key(i), plain(i))
}

/** The database, and how many of its transactions have begun. */
function counted(): { counted: Database; begun: () => number } {
  let begun = 0
  const transaction: Database['transaction'] = (work) => {
    begun++
    return raw.database.transaction(work)
  }
  return { counted: { ...raw.database, transaction }, begun: () => begun }
}

async function run(some: string[], lake = files.lake, into = raw.database) {
  const outcomes: Outcome[] = []
  const handler = rawIngestion(lake, into, (outcome) => outcomes.push(outcome))
  const { batchItemFailures } = await handler(batchOf(lake, some))
  return { outcomes, batchItemFailures }
}

const statuses = (outcomes: Outcome[]) =>
  outcomes.map(({ object, status, accepted }) => [object, status, accepted])

test('new objects are loaded by one transaction, each with its own ledger row', async () => {
  put(12)
  const { counted: into, begun } = counted()
  const { outcomes } = await run(keys(12), files.lake, into)
  expect(statuses(outcomes)).toEqual(keys(12).map((each) => [each, 'loaded', 2]))
  const apart = raw.database.fetches ? 12 : 1
  expect(begun()).toBe(apart)
  const rows = await raw.query(`SELECT key, records, accepted, loaded_etag = etag AS same, size,
    array_agg(r.id ORDER BY r.id) AS ids FROM sluice.objects o
    JOIN (SELECT id::int, _object_id FROM p.items) r ON _object_id = o.id
    GROUP BY o.id ORDER BY key`)
  expect(rows).toEqual(
    keys(12).map((each, i) => ({
      ...{ key: each, records: 2, accepted: 2, same: true, size: plain(i).length },
      ids: [2 * i, 2 * i + 1],
    })),
  )
  expect(statuses((await run(keys(12))).outcomes)).toEqual(
    keys(12).map((each) => [each, 'unchanged', 2]),
  )
})

test('what is not new, or does not hold, is loaded by itself beside them', async () => {
  put(12)
  await raw.run(key(3))
  files.put(key(3), plain(33))
  files.put(key(5), 'id,note\n1,x\nz,y\n')
  files.put(key(7), 'nothing\n1\n')
  const { outcomes } = await run(keys(12))
  expect(outcomes.map(({ status }) => status)).toEqual(
    keys(12).map((_, i) => (i === 7 ? 'refused' : 'loaded')),
  )
  expect(outcomes[5]).toMatchObject({ records: 2, accepted: 1, rejected: 1 })
  const [{ count }] = (await raw.query('SELECT count(*) FROM p.items')) as [{ count: number }]
  expect(count).toBe(2 * 10 + 1)
  expect(await raw.query('SELECT id FROM p.items WHERE id IN (66, 67)')).toHaveLength(2)
})

test('a message that comes twice in a batch is told twice, and loaded once', async () => {
  put(4)
  const { outcomes } = await run([...keys(4), key(1)])
  expect(statuses(outcomes)).toEqual([
    ...keys(4).map((each) => [each, 'loaded', 2]),
    [key(1), 'unchanged', 2],
  ])
})

test('a constraint that the database alone knows costs its own object only', async () => {
  put(8)
  await raw.run(key(0))
  await raw.query('CREATE UNIQUE INDEX ON p.items (id)')
  files.put(key(4), plain(2))
  const { outcomes } = await run(keys(8).slice(1))
  const refused = outcomes.filter(({ status }) => status === 'refused')
  expect(refused.map(({ object }) => object)).toEqual([key(4)])
  expect(refused[0]?.reason).toMatch(/the database does not take it: duplicate key/)
  expect(outcomes.filter(({ status }) => status === 'loaded')).toHaveLength(6)
})

test('an object that changes while they are judged is loaded as it is then', async () => {
  put(6)
  let looks = 0
  const { store } = files.lake
  const head: typeof store.head = (asked) => {
    // It is looked at once before all are read, and once when the keys are taken.
    if (asked === key(2) && ++looks === 2) files.put(key(2), plain(50))
    return store.head(asked)
  }
  const { outcomes } = await run(keys(6), { ...files.lake, store: storeWith(store, { head }) })
  expect(outcomes.map(({ status }) => status)).toEqual(Array(6).fill('loaded'))
  expect(await raw.query('SELECT id FROM p.items WHERE id IN (4, 5)')).toEqual([])
  expect(await raw.query('SELECT id FROM p.items WHERE id IN (100, 101)')).toHaveLength(2)
})

test('handlers that take the same batches at once load each object once', async () => {
  put(24)
  const both = [keys(24), keys(24).toReversed(), keys(24).slice(6), keys(24).slice(0, 18)]
  const ends = await Promise.all(both.map((some) => run(some)))
  expect(ends.flatMap(({ batchItemFailures }) => batchItemFailures)).toEqual([])
  const loaded = ends.flatMap(({ outcomes }) => outcomes).filter((one) => one.status === 'loaded')
  expect(loaded.map(({ object }) => object).toSorted()).toEqual(keys(24))
  const counts = 'SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM p.items'
  expect(await raw.query(counts)).toEqual([{ rows: 48, ids: 48 }])
})

test('rows that others may wait for, or meet, are loaded object by object', async () => {
  files.describe(
    'p',
    resource('items', ['id:integer', 'note'], { primaryKey: 'id' }),
    resource('parts', ['item:integer', 'name'], {
      foreignKeys: [{ fields: 'item', reference: { resource: 'items', fields: 'id' } }],
    }),
  )
  const parts = keys(6).map((each) => each.replace('items', 'parts'))
  for (const [i, each] of parts.entries()) files.put(each, `item,name\n${i},x\n`)
  for (let i = 0; i < 6; i++) files.put(key(i), `id,note\n${i % 3},n${i}\n`)
  const { outcomes } = await run([...parts, ...keys(6)])
  expect(outcomes.map(({ status }) => status)).toEqual(Array(12).fill('loaded'))
  const notes = await raw.query('SELECT id, note FROM p.items ORDER BY id')
  expect(notes).toEqual([0, 1, 2].map((id) => ({ id, note: `n${id + 3}` })))
  expect(await raw.query('SELECT item FROM p.parts ORDER BY item')).toHaveLength(3)
})

test('children of a table hear of parents that came together', async () => {
  files.describe(
    'p',
    resource('items', ['id:integer', 'note']),
    resource('parts', ['item:integer', 'name'], {
      foreignKeys: [{ fields: 'item', reference: { resource: 'items', fields: 'id' } }],
    }),
  )
  files.put('bronze/p/parts/1.csv', 'item,name\n3,x\n99,y\n')
  expect(await raw.run('bronze/p/parts/1.csv')).toMatchObject([{ accepted: 0, waiting: 2 }])
  for (let i = 0; i < 4; i++) files.put(key(i), plain(i))
  await run(keys(4))
  expect(await raw.query('SELECT item FROM p.parts')).toEqual([{ item: 3 }])
})

test('by their primary key, too, while no key stands twice; else the later one wins', async () => {
  // A contract of its own: that of another test has met others.
  put(12, {}, { primaryKey: 'id', missingValues: ['-'] })
  const { counted: into, begun } = counted()
  const ends = async (from: number, to: number) =>
    (await run(keys(12).slice(from, to), files.lake, into)).outcomes.map(({ status }) => status)
  expect(await ends(0, 6)).toEqual(Array(6).fill('loaded'))
  expect(begun()).toBe(raw.database.fetches ? 6 : 1)
  files.put(key(7), 'id,note\n1,later\n77,x\n')
  files.put(key(8), 'id,note\n2,older\n88,x\n', 1)
  expect(await ends(6, 12)).toEqual(Array(6).fill('loaded'))
  const rows = await raw.query('SELECT id, note FROM p.items WHERE id IN (1, 2) ORDER BY id')
  expect(rows).toEqual([
    { id: 1, note: 'later' },
    { id: 2, note: 'a' },
  ])
  expect(await raw.query('SELECT * FROM sluice.overrides')).toHaveLength(2)
  const [{ count }] = (await raw.query('SELECT count(*) FROM p.items')) as [{ count: number }]
  expect(count).toBe(12 * 2 - 2)
})
