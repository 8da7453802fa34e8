import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../../core/database/database.ts'
import { files, raw } from '../raw.fixture.ts'
import { resource } from '../stages.fixture.ts'
import { ingest } from './ingest.ts'
import { settle } from './settle.ts'

/** A parent and a child in two transactions at once, each with its commit held back in turn. */

beforeEach(() => {
  files.put(parent, 'id,name\n1,Ana\n')
  files.put(child, 'parent\n1\n')
})

const parent = 'bronze/p/parents/1.csv'

/** Inside the package, and from another one. */
const children = ['bronze/p/children/1.csv', 'bronze/q/children/1.csv']
let child = children[0]!

/** The tables are made first: whoever makes one holds back all others until it is there. */
async function describeAll(load = 'upsert'): Promise<void> {
  const key = { fields: 'parent', reference: { resource: 'parents', fields: 'id' } }
  const outside = { fields: 'parent', table: 'p.parents', columns: 'id' }
  const parents = resource(
    'parents',
    ['id:integer', 'name'],
    load === 'upsert' ? { primaryKey: 'id' } : {},
    { load },
  )
  files.describe('p', parents, resource('children', ['parent:integer'], { foreignKeys: [key] }))
  files.describe('q', resource('children', ['parent:integer'], {}, { references: [outside] }))
  files.put('bronze/p/parents/0.csv', 'id,name\n', 1000)
  for (const key of children) files.put(key.replace('1.csv', '0.csv'), 'parent\n', 1000)
  await raw.run(
    ...['bronze/p/parents/0.csv', ...children.map((key) => key.replace('1.csv', '0.csv'))],
  )
  files.put(child, 'parent\n1\n')
}

/** Loads an object up to its commit, which waits for `go`. */
async function held(key: string): Promise<{ go: () => Promise<unknown> }> {
  let release = () => {}
  const open = new Promise<void>((resolve) => {
    release = resolve
  })
  let ready = () => {}
  const reached = new Promise<void>((resolve) => {
    ready = resolve
  })
  const slow: Database = {
    ...raw.database,
    transaction: (work) =>
      raw.database.transaction(async (tx) => {
        const done = await work(tx)
        ready()
        await open
        return done
      }),
  }
  const loading = ingest(files.lake, slow, key)
  await Promise.race([reached, loading])
  return {
    go: async () => {
      release()
      await loading
      await settle(files.lake, raw.database)
    },
  }
}

test.each(children)('the parent comes while the child commits: %s', async (key) => {
  child = key
  await describeAll()
  const slow = await held(child)
  // Within a package it looks for whom its rows heal, and waits for the child.
  const coming = raw.run(parent)
  await Promise.race([coming, sleep(1000)])
  await slow.go()
  await coming
  expect(await raw.query('SELECT * FROM sluice.waiting')).toEqual([])
})

test.each(children)('the child comes while the parent commits: %s', async (key) => {
  child = key
  await describeAll()
  const slow = await held(parent)
  const coming = raw.run(child)
  await Promise.race([coming, sleep(1000)])
  await slow.go()
  await coming
  expect(await raw.query('SELECT * FROM sluice.waiting')).toEqual([])
})

test.each(
  children.flatMap((key) => ['upsert', 'append', 'replace'].map((load) => [key, load] as const)),
)('a parent that is about to go stays for a child that commits: %s, %s', async (key, load) => {
  child = key
  await describeAll(load)
  await raw.run(parent, child)
  files.put(child, 'parent\n\n')
  await raw.run(child)
  files.put(child, 'parent\n1\n')
  const slow = await held(child)
  files.put(parent, 'id,name\n2,Bia\n')
  const going = raw.run(parent)
  await Promise.race([going, sleep(500)])
  await slow.go()
  expect(await going).toMatchObject([
    { reason: 'referenced: 1 rows that it no longer has stay for children' },
  ])
  const wanted = [
    [1, 'Ana'],
    [2, 'Bia'],
  ]
  expect(await raw.table('p.parents')).toEqual(wanted)
})

test.each(
  children.flatMap((key) => ['upsert', 'append', 'replace'].map((load) => [key, load] as const)),
)('a child of a parent that is about to go waits: %s, %s', async (key, load) => {
  child = key
  await describeAll(load)
  await raw.run(parent)
  files.put(parent, 'id,name\n2,Bia\n')
  const slow = await held(parent)
  const coming = raw.run(child)
  await Promise.race([coming, sleep(500)])
  await slow.go()
  expect(await coming).toMatchObject([{ accepted: 0, waiting: 1 }])
  expect(await raw.table('p.parents')).toEqual([[2, 'Bia']])
})

test('a row that is kept goes when no child points to it any more', async () => {
  child = children[1]!
  await describeAll()
  await raw.run(parent, child)
  files.put(parent, 'id,name\n2,Bia\n')
  await raw.run(parent)
  expect((await raw.table('p.parents')).length).toBe(2)
  files.put(child, 'parent\n2\n')
  await raw.run(child)
  files.put(parent, 'id,name\n2,Bia\n3,Caio\n')
  expect((await raw.run(parent))[0]?.reason).toBe(undefined)
  expect((await raw.table('p.parents')).length).toBe(2)
})
