import { expect, test } from 'vitest'
import { openLake } from '../../core/lake.ts'
import { files, raw } from '../raw.fixture.ts'
import { resource, storeWith } from '../stages.fixture.ts'
import { settle } from './settle.ts'

/** Many objects with rows that wait for one parent. */

const count = 51
const parents = resource('parents', ['id:integer'], { primaryKey: 'id' })
const children = resource('children', ['id:integer', 'parent:integer'], {
  foreignKeys: [{ fields: 'parent', reference: { resource: 'parents', fields: 'id' } }],
})

/** As if each of them had come: the ledger is what tells. */
async function put(): Promise<void> {
  files.describe('p', parents, children)
  files.put('bronze/p/children/0.csv', 'id,parent\n0,7\n')
  await raw.run('bronze/p/children/0.csv')
  await raw.query(
    `INSERT INTO sluice.objects (lake, key, dataset, status, records, waiting)
     SELECT lake, 'bronze/p/children/' || n || '.csv', dataset, 'loaded', 1, 1
     FROM sluice.objects, generate_series(1, $1::int - 1) n`,
    [count],
  )
  await raw.query(`INSERT INTO sluice.waiting SELECT o.id, record, line, "row", missing
    FROM sluice.objects o, sluice.waiting w WHERE o.id <> w.object_id`)
  await raw.query('INSERT INTO p.parents VALUES (7)')
  const due = 'INSERT INTO sluice.due (lake, parent) VALUES ($1, $2)'
  await raw.query(due, [files.lake.store.url, 'p.parents'])
}

const rows = async () => (await raw.table('p.children')).length

test('they are healed some at a time, while there is time; what is healed stands', async () => {
  await put()
  const { store } = files.lake
  const looks: string[] = []
  const head: typeof store.head = (key) => {
    looks.push(key)
    return store.head(key)
  }
  const lake = { ...openLake(files.folder), store: storeWith(store, { head }) }
  let asked = 0
  await expect(settle(lake, raw.database, { isOver: () => asked++ > 0 })).rejects.toThrow('is over')
  expect(await rows()).toBe(50)
  // A transaction by the Data API may not idle while each object's descriptors are looked at.
  expect(looks.length).toBeLessThan(count)
  await settle(lake, raw.database)
  expect(await rows()).toBe(count)
  expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  expect(await raw.wrongCounts()).toEqual([])
})
