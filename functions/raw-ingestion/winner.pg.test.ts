import { existsSync, linkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, TestLake, TestRaw } from '../stages.fixture.ts'

/**
 * upsert: of two objects with a row of the same key, the row of the one modified later stands, then
 * that of the greater key, whatever came first.
 */

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
let raw: TestRaw

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(() => begin())
afterEach(() => end())
afterAll(() => database.drop())

async function begin(): Promise<void> {
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
  raw = await TestRaw.open(files.lake, await emptied(database.url))
}

async function end(): Promise<void> {
  expect(await raw.wrongCounts()).toEqual([])
  expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  await raw.database.end()
  files.close()
}

const keyOf = (name: string) => `bronze/p/t/${name}.csv`

let kept = 0

/**
 * An object whose rows carry its name and time, with these ids. The file before it is kept, or the
 * next of the same time and size might get its inode: a folder would have them for one version.
 */
function put(name: string, time: number, ids: number[]): void {
  const path = join(files.folder, keyOf(name))
  if (existsSync(path)) linkSync(path, join(files.folder, `kept-${kept++}`))
  files.put(keyOf(name), `id,name\n${ids.map((id) => `${id},${name}${time}\n`).join('')}`, time)
}

async function come(...names: string[]): Promise<unknown[][]> {
  for (const name of names) await raw.run(keyOf(name))
  return raw.table('p.t')
}

const orders = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']

describe.each(orders)('in the order %s', (order) => {
  test('the one modified later wins, then the greater key', async () => {
    put('a', 100, [1, 2, 3])
    put('b', 100, [2, 3])
    put('c', 50, [1, 2, 3, 4])
    expect(await come(...order)).toEqual([
      [1, 'a100'],
      [2, 'b100'],
      [3, 'b100'],
      [4, 'c50'],
    ])
  })

  test('a row that the winner drops is that of the next, however far down it lost', async () => {
    put('a', 100, [1])
    put('b', 200, [1])
    put('c', 300, [1])
    await come(...order)
    put('b', 200.5, [9])
    await come('b')
    put('c', 300.5, [8])
    expect(await come('c')).toEqual([
      [1, 'a100'],
      [8, 'c300.5'],
      [9, 'b200.5'],
    ])
  })
})

test('an object whose time goes back loses what it had won', async () => {
  put('a', 100, [1, 2])
  put('b', 200, [1, 2])
  await come('a', 'b')
  put('b', 50, [1, 3])
  expect(await come('b')).toEqual([
    [1, 'a100'],
    [2, 'a100'],
    [3, 'b50'],
  ])
})

test('rows without an object give way to any', async () => {
  put('a', 100, [1])
  await come('a')
  await raw.query(`INSERT INTO p.t (id, name) VALUES (7, 'by hand'), (8, 'by hand')`)
  put('b', 1, [7])
  expect(await come('b')).toEqual([
    [1, 'a100'],
    [7, 'b1'],
    [8, 'by hand'],
  ])
})

test('any history of versions ends as the newest versions alone say', async () => {
  const versions = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    time: fc.integer({ min: 1, max: 4 }),
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 3 })),
    /** Objects whose events come after it: late, twice, or not before another version. */
    events: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
  })
  const history = fc.array(versions, { minLength: 2, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(history, async (versions) => {
      await end()
      await begin()
      const standing = new Map<string, { name: string; time: number; ids: number[] }>()
      for (const { events, ...version } of versions) {
        put(version.name, version.time, version.ids)
        standing.set(version.name, version)
        for (const name of events) await raw.run(keyOf(name))
      }
      expect(await come('a', 'b', 'c')).toEqual(winners([...standing.values()]))
    }),
    { numRuns: Number(process.env.SLUICE_RUNS ?? 12) },
  )
})

function winners(objects: { name: string; time: number; ids: number[] }[]): unknown[][] {
  const rows = new Map<number, string>()
  const rising = objects.toSorted((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1))
  for (const { name, time, ids } of rising) for (const id of ids) rows.set(id, `${name}${time}`)
  return [...rows].toSorted(([a], [b]) => a - b)
}
