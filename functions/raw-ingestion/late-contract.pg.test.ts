import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Database, Transaction } from '../../core/database/database.ts'
import type { Lake } from '../../core/lake.ts'
import { database, files, raw } from '../raw.fixture.ts'
import { resource, storeWith, TestRaw } from '../stages.fixture.ts'
import { ingest } from './ingest.ts'

/** A contract that comes while an object of a parent, which does not know it, is being loaded. */

const to = (parent: string) => ({
  fields: parent,
  reference: { resource: parent, fields: 'id' },
})
const parents = resource('parents', ['id:integer'], { primaryKey: 'id' })
const columns = ['id:integer', 'parents:integer']
const key = (name: string, n = 1) => `bronze/p/${name}/${n}.csv`

/** The lake, but for what happens once a stage has opened an object, before it reads on. */
function whenOpen(object: string, meanwhile: () => Promise<unknown>): Lake {
  const { store } = files.lake
  const open: typeof store.open = async (version) => {
    const copy = await store.open(version)
    if (version.key === object) await meanwhile()
    return copy
  }
  return { ...files.lake, store: storeWith(store, { open }) }
}

/** The database, but for what happens after each statement that has these words in it. */
function whenSaid(words: string, database: Database, then: () => Promise<unknown>): Database {
  const heard = async <T>(sql: string, answer: T) => {
    if (sql.includes(words)) await then()
    return answer
  }
  const listen = <T extends Database | Transaction>(one: T): T =>
    new Proxy(one, {
      get: (_, name: keyof Transaction & keyof Database) => {
        const said = one[name]
        if (typeof said !== 'function') return said
        const does = (said as (...given: unknown[]) => Promise<unknown>).bind(one)
        if (!['query', 'read', 'execute'].includes(name)) return does
        return async (sql: string, values: unknown) => heard(sql, await does(sql, values))
      },
    })
  const heardWithin: Database = {
    ...database,
    transaction: (work) => database.transaction((tx) => work(listen(tx))),
  }
  return listen(heardWithin)
}

/** Work by a handler of its own, with connections of its own. */
async function elsewhere<T>(lake: Lake, work: (other: TestRaw) => Promise<T>): Promise<T> {
  const other = await TestRaw.open(lake, database.url)
  try {
    return await work(other)
  } finally {
    await other.database.end()
  }
}

const before: [string, () => void][] = [
  ['is new', () => files.describe('p', parents)],
  ['gets its foreign key', () => files.describe('p', parents, resource('children', columns))],
]

/** What happens in the middle of the parent's load, to its end. */
async function loadChildren(): Promise<void> {
  files.describe('p', parents, resource('children', columns, { foreignKeys: [to('parents')] }))
  files.put(key('children'), 'id,parents\n10,1\n20,2\n30,3\n')
  const [end] = await raw.run('bronze/p/datapackage.json', key('children'))
  expect(end).toMatchObject({ accepted: 1, waiting: 2 })
}

async function loadFirst(describe: () => void): Promise<void> {
  describe()
  files.put(key('parents'), 'id\n1\n')
  await raw.run(key('parents'))
  files.put(key('parents', 2), 'id\n2\n')
}

const children = [
  [10, 1],
  [20, 2],
]

test.each(before)('no row waits whose parent is there: the child %s', async (_, describe) => {
  await loadFirst(describe)
  const slow = whenOpen(key('parents', 2), loadChildren)
  const [end] = await elsewhere(slow, (other) => other.run(key('parents', 2)))
  expect(end).toMatchObject({ status: 'loaded' })
  expect(await raw.table('p.children')).toEqual(children)
})

test.each(before)('nor after a crash right after the commit: the child %s', async (_, describe) => {
  await loadFirst(describe)
  const slow = whenOpen(key('parents', 2), loadChildren)
  await elsewhere(slow, (other) => ingest(slow, other.database, key('parents', 2)))
  expect(await raw.table('p.children')).toEqual(children.slice(0, 1))
  await raw.run('bronze/p/none.csv')
  expect(await raw.table('p.children')).toEqual(children)
})

test('rows that are being looked at, and wait for that parent only then', async () => {
  const others = resource('others', ['id:integer'], { primaryKey: 'id' })
  files.describe('p', parents, others)
  for (const name of ['parents', 'others']) files.put(key(name), 'id\n1\n')
  await raw.run(key('parents'), key('others'))
  files.put(key('parents', 2), 'id\n2\n')
  files.put(key('others', 2), 'id\n2\n')
  // Others are loaded; the children, unknown to them, wait for parents first.
  let healing: Promise<unknown> = Promise.resolve()
  const [looked, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const meanwhile = async () => {
    const schema = { foreignKeys: [to('parents'), to('others')] }
    const fields = ['id:integer', 'parents:integer', 'others:integer']
    files.describe('p', parents, others, resource('children', fields, schema))
    files.put(key('children'), 'id,parents,others\n10,2,2\n')
    await raw.run(key('children'))
    // Parents come, and the row is found to wait for others, which are not there yet.
    healing = elsewhere(files.lake, (other) => {
      const slow = whenSaid('DROP TABLE pg_temp', other.database, () => {
        looked.resolve()
        // Who does not ask must fail here, and not wait for ever.
        return Promise.race([asked.promise, sleep(5_000)])
      })
      return Object.assign(other, { database: slow }).run(key('parents', 2))
    })
    await looked.promise
  }
  // They are, and ask who waits for them; only then does the row say so.
  await elsewhere(whenOpen(key('others', 2), meanwhile), (other) => {
    const asks = whenSaid('SELECT DISTINCT o.lake', other.database, async () => {
      asked.resolve()
      await healing
    })
    return Object.assign(other, { database: asks }).run(key('others', 2))
  })
  await healing
  expect(await raw.table('p.children')).toEqual([[10, 2, 2]])
})

test('a ledger made before there were marks of parents is brought up to date', async () => {
  await raw.query('ALTER TABLE sluice.due DROP COLUMN parent')
  await elsewhere(files.lake, () => loadFirst(before[0]![1]))
  expect(await raw.status(key('parents', 2))).toBe('loaded')
})
