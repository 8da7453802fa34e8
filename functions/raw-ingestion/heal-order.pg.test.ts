import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { seeded } from '../../core/scheduler.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, TestLake, TestRaw } from '../stages.fixture.ts'

/**
 * The order of arrival never matters: parents and children of two packages, in any order, by eight
 * workers at once, end as if each had come after its parents.
 */

const LANES = 8
/** Fewer by the Data API, where each takes ten times as long. */
const SEEDS = Array.from({ length: inject('dataApi') ? 3 : 12 }, (_, i) => i + 1)

let database: Awaited<ReturnType<typeof freshDatabase>>
let wanted: object

beforeAll(async () => {
  database = await freshDatabase()
  wanted = await end(inOrder, 1)
})
afterAll(() => database.drop())

const to = (resource: string, fields: string) => ({ fields, reference: { resource, fields: 'id' } })
const named = ['id:integer', 'name']
const packages = {
  p: [
    resource('customers', named, { primaryKey: 'id' }),
    resource('orders', ['id:integer', 'customer:integer', 'name'], {
      ...{ primaryKey: 'id', foreignKeys: [to('customers', 'customer')] },
    }),
    resource('items', ['order:integer', 'name'], { foreignKeys: [to('orders', 'order')] }),
    resource('staff', ['id:integer', 'boss:integer'], {
      ...{ primaryKey: 'id', foreignKeys: [to('', 'boss')] },
    }),
  ],
  q: [
    resource(
      'visits',
      ['customer:integer', 'order:integer', 'name'],
      {},
      {
        references: [
          { fields: 'customer', table: 'p.customers', columns: 'id' },
          { fields: 'order', table: 'p.orders', columns: 'id' },
        ],
      },
    ),
  ],
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

/** Every version of every object: key, rows, and when it was modified. */
const versions: [key: string, header: string, rows: (string | number)[][], modified: number][] = [
  ['p/customers/1', 'id,name', range(1, 41).map((id) => [id, `c${id}`]), 10],
  ['p/customers/2', 'id,name', [...range(41, 80), 'x'].map((id) => [id, `d${id}`]), 11],
  // 40 goes, and nothing points to it; 5 to 9 are also those of another object, which is older.
  ['p/customers/1', 'id,name', [...range(1, 40), 90].map((id) => [id, `e${id}`]), 30],
  ['p/customers/0', 'id,name', range(5, 10).map((id) => [id, `older${id}`]), 5],
  ['p/orders/1', 'id,customer,name', range(1, 61).map((id) => [id, 1 + (id % 39), 'one']), 12],
  // 60 is in both; 70 waits for good; 71 waits for the newer version of its parent's object.
  [
    'p/orders/2',
    'id,customer,name',
    [...range(60, 70).map((id) => [id, 75, 'two']), [70, 999, 'never'], [71, 90, 'late']],
    13,
  ],
  // 60 is gone, so it is that of the first object again; 80 comes, and waits for good.
  [
    'p/orders/2',
    'id,customer,name',
    [...range(61, 70).map((id) => [id, 76, 'again']), [80, 998, 'never'], [71, 90, 'late']],
    31,
  ],
  ['p/items/1', 'order,name', [...range(1, 61), 71, 70].map((id) => [id, `i${id}`]), 14],
  ['p/items/2', 'order,name', [...range(61, 70), '', 'x'].map((id) => [id, `j${id}`]), 15],
  ['p/staff/1', 'id,boss', [...range(20, 40).map((id) => [id, id + 1]), [99, 99], [50, 51]], 16],
  ['p/staff/2', 'id,boss', [[40, 1], ...range(2, 10).map((id) => [id, id - 1])], 17],
  ['p/staff/3', 'id,boss', [[1, '']], 18],
  ['q/visits/1', 'customer,order,name', range(1, 40).map((id) => [id, id + 20, `v${id}`]), 19],
  ['q/visits/2', 'customer,order,name', range(70, 95).map((id) => [id, '', `w${id}`]), 20],
]

/** What comes: a version of an object, by its place above, and word of its key. */
const parentsFirst = [3, 1, 2, 4, 6, 9, 10, 11, 7, 8, 12, 13]

/** As it would be without waiting: parents first, and only the newest version of each. */
function inOrder(): number[] {
  return parentsFirst
}

/** Everything in any order, some of it twice. */
function shuffled(seed: number): number[] {
  const random = seeded(seed)
  const all = [...versions.keys(), ...range(0, 8).map(() => random(versions.length))]
  for (let i = all.length - 1; i > 0; i--) {
    const other = random(i + 1)
    ;[all[i], all[other]] = [all[other]!, all[i]!]
  }
  return all
}

test.each(SEEDS)('any order by eight workers at once ends the same: seed %i', async (seed) => {
  expect(await end(() => shuffled(seed), LANES)).toEqual(wanted)
})

test('the end has rows that waited, rows that wait, rejects and rows of either object', () => {
  expect(wanted).toMatchObject({
    counts: expect.arrayContaining([
      { key: 'bronze/p/customers/2.csv', accepted: 39, rejected: 1, waiting: 0 },
      { key: 'bronze/p/orders/2.csv', accepted: 10, rejected: 0, waiting: 1 },
      { key: 'bronze/p/items/1.csv', accepted: 61, rejected: 0, waiting: 1 },
      { key: 'bronze/p/staff/1.csv', accepted: 21, rejected: 0, waiting: 1 },
      { key: 'bronze/q/visits/2.csv', accepted: 11, rejected: 0, waiting: 14 },
    ]),
    orders: expect.arrayContaining([[60, 22, 'one']]),
  })
})

/** Runs what comes in an empty database and an empty lake, and says how all of it ends. */
async function end(coming: () => number[], lanes: number): Promise<object> {
  const files = new TestLake()
  const url = await emptied(database.url)
  const workers = []
  for (let i = 0; i < lanes; i++) workers.push(await TestRaw.open(files.lake, url))
  try {
    for (const [name, resources] of Object.entries(packages)) files.describe(name, ...resources)
    const queue = coming()
    const newest = new Map<string, number>()
    const lane = async (worker: TestRaw) => {
      for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
        const [name] = versions[at]!
        // An older version does not come after a newer one; word of it may.
        if (at >= (newest.get(name) ?? 0)) put(files, at)
        newest.set(name, Math.max(at, newest.get(name) ?? 0))
        await told(worker, keyOf(name))
      }
    }
    await Promise.all(workers.map(lane))
    return await endOf(workers[0]!)
  } finally {
    for (const worker of workers) await worker.database.end()
    files.close()
  }
}

function put(files: TestLake, at: number): void {
  const [name, header, rows, modified] = versions[at]!
  files.put(keyOf(name), `${[header, ...rows.map((row) => row.join())].join('\n')}\n`, modified)
}

function keyOf(name: string): string {
  return `bronze/${name}.csv`
}

/** An event comes again where its object changed while it was read. */
async function told(worker: TestRaw, key: string): Promise<void> {
  for (let left = 20; ; left--) {
    try {
      await worker.run(key)
      return
    } catch (error) {
      if ((error as Error).name !== 'Busy' || left === 0) throw error
    }
  }
}

async function endOf(raw: TestRaw): Promise<object> {
  expect(await raw.wrongCounts()).toEqual([])
  expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  const kept = (table: string, also: string) =>
    raw.query(`SELECT key, record, line, ${also} FROM sluice.${table} t
      JOIN sluice.objects o ON o.id = t.object_id ORDER BY key, record`)
  return {
    customers: await raw.table('p.customers'),
    orders: await raw.table('p.orders'),
    items: await raw.table('p.items'),
    staff: await raw.table('p.staff'),
    visits: await raw.table('q.visits'),
    waiting: await kept('waiting', 'missing, "row"'),
    rejects: await kept('rejects', 'text, errors'),
    counts: await raw.query(
      'SELECT key, accepted, rejected, waiting FROM sluice.objects ORDER BY key',
    ),
  }
}
