import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, TestLake, TestRaw } from '../stages.fixture.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
let raw: TestRaw
let others: TestRaw[]

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(async () => {
  files = new TestLake()
  raw = await TestRaw.open(files.lake, await emptied(database.url))
  others = await Promise.all([1, 2].map(() => TestRaw.open(files.lake, database.url)))
})
afterEach(async () => {
  expect(await raw.wrongCounts()).toEqual([])
  expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  for (const one of [raw, ...others]) await one.database.end()
  files.close()
})
afterAll(() => database.drop())

/** Every handler gets all keys, each in another order; a fault is an event that comes again. */
async function allAtOnce(keys: string[], handlers = 8): Promise<void> {
  const work = Array.from({ length: handlers }, async (_, n) => {
    const one = [raw, ...others][n % 3]!
    const mine = [...keys.slice((n * 3) % keys.length), ...keys.slice(0, (n * 3) % keys.length)]
    for (const key of n % 2 ? mine : mine.toReversed()) await one.run(key)
  })
  await Promise.all(work)
}

async function ledgerKeys(): Promise<unknown[]> {
  return (await raw.query('SELECT key FROM sluice.objects ORDER BY key')).map(({ key }) => key)
}

test('the same objects by eight handlers and three pools at once: every row once', async () => {
  files.describe('p', resource('t', ['id:integer', 'name']), resource('u', ['id:integer']))
  const keys = ['t', 'u'].flatMap((table) => [1, 2, 3].map((n) => `bronze/p/${table}/${n}.csv`))
  for (const key of keys) {
    const ids = Array.from({ length: 50 }, (_, i) => (key.includes('/t/') ? `${i},${key}` : i))
    files.put(key, `${key.includes('/t/') ? 'id,name' : 'id'}\n${ids.join('\n')}\nx\n`)
  }
  await allAtOnce(keys)
  expect(await ledgerKeys()).toEqual(keys)
  for (const table of ['p.t', 'p.u']) expect((await raw.table(table)).length).toBe(150)
})

test('objects that share keys, all at once, end with the winners, without a deadlock', async () => {
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }))
  const keys = Array.from({ length: 8 }, (_, n) => `bronze/p/t/${n}.csv`)
  for (const [n, key] of keys.entries()) {
    const rows = Array.from({ length: 200 }, (_, i) => `${(i * 7 + n * 20) % 300},${n}`)
    files.put(key, `id,name\n${rows.join('\n')}\n`)
  }
  await allAtOnce(keys)
  const expected = new Map<number, string>()
  for (const n of keys.keys()) {
    for (let i = 0; i < 200; i++) expected.set((i * 7 + n * 20) % 300, `${n}`)
  }
  expect(await raw.table('p.t')).toEqual([...expected].toSorted(([a], [b]) => a - b))
})

test('parents and children at once: no row waits whose parent is there', async () => {
  const key = { fields: 'parent', reference: { resource: 'parents', fields: 'id' } }
  files.describe(
    'p',
    resource('parents', ['id:integer'], { primaryKey: 'id' }),
    resource('children', ['id:integer', 'parent:integer'], { foreignKeys: [key] }),
  )
  const keys: string[] = []
  for (const n of [0, 1, 2, 3]) {
    const ids = Array.from({ length: 25 }, (_, i) => i * 4 + n)
    files.put(`bronze/p/parents/${n}.csv`, `id\n${ids.join('\n')}\n`)
    files.put(
      `bronze/p/children/${n}.csv`,
      `id,parent\n${ids.map((i) => `${i},${99 - i}`).join('\n')}\n`,
    )
    keys.push(`bronze/p/parents/${n}.csv`, `bronze/p/children/${n}.csv`)
  }
  await allAtOnce(keys)
  expect((await raw.table('p.children')).length).toBe(100)
})

test('a mark that commits while its like is being worked off is not lost', async () => {
  const key = { fields: 'parent', reference: { resource: 'parents', fields: 'id' } }
  files.describe(
    'p',
    resource('parents', ['id:integer'], { primaryKey: 'id' }),
    resource('children', ['parent:integer'], { foreignKeys: [key] }),
  )
  files.put('bronze/p/children/1.csv', 'parent\n1\n')
  files.put('bronze/p/parents/1.csv', 'id\n2\n')
  await raw.run('bronze/p/children/1.csv')
  // A slow commit: its mark has the smaller number, and is seen after a greater one was.
  let go = () => {}
  const open = new Promise<void>((resolve) => {
    go = resolve
  })
  const slow = others[0]!.database.transaction(async (tx) => {
    const sql = 'INSERT INTO sluice.due (lake, heal) VALUES ($1, $2)'
    await tx.query(sql, [files.lake.store.url, 'p.children'])
    await tx.query('INSERT INTO p.parents VALUES (1)')
    await open
  })
  await raw.run('bronze/p/parents/1.csv')
  go()
  await slow
  await raw.run('bronze/p/none.csv')
  expect(await raw.table('p.children')).toEqual([[1]])
})

const many = 400_000

test.each([
  ['append', ''],
  ['upsert', 'a wrong row,\n'],
])('a backend that dies in the middle: %s', async (load, extra) => {
  const schema = load === 'upsert' ? { primaryKey: 'id' } : {}
  files.describe('p', resource('t', ['id:integer', 'name'], schema))
  const object = 'bronze/p/t/a.csv'
  files.put(object, 'id,name\n1,before\n')
  await raw.run(object)
  let text = 'id,name\n'
  for (let i = 0; i < many; i++) text += `${i},a name of ${i}\n`
  files.put(object, text + extra)
  const loading = raw.run(object).catch((error: unknown) => error)
  await killDuring(loading)
  expect(await loading).toBeInstanceOf(Error)
  expect(await raw.table('p.t')).toEqual([[1, 'before']])
  expect(await raw.status(object)).toBe('loaded')
  const [{ rows, ids } = {}] = await raw.query(
    'SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM p.t',
  )
  expect([rows, ids]).toEqual([many, many])
})

/** Ends the backend that runs a COPY, once one does; gives up when the work is over. */
async function killDuring(work: Promise<unknown>): Promise<void> {
  const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
      AND (query LIKE 'COPY%' OR query LIKE '%table_import_from_s3%')`
  let over = false
  work.then(() => {
    over = true
  })
  while (!over && (await others[0]!.query(sql)).length === 0) await sleep(5)
}

test('an object that changes while it is read is not loaded in part', async () => {
  files.describe('p', resource('t', ['id:integer']))
  const object = 'bronze/p/t/a.csv'
  const rows = (from: number) => Array.from({ length: 200_000 }, (_, i) => from + i).join('\n')
  files.put(object, `id\n${rows(0)}\n`)
  const loading = raw.run(object).catch((error: Error) => error.name)
  await sleep(60)
  files.put(object, `id\n${rows(1_000_000)}\n`)
  const first = await loading
  expect(first === 'Busy' || Array.isArray(first)).toBe(true)
  await raw.run(object)
  const [row] = await raw.query('SELECT min(id) AS low, count(*) AS rows FROM p.t')
  expect(row).toEqual({ low: 1_000_000, rows: 200_000 })
})
