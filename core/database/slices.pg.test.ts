import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { openApi } from './data-api.fixture.ts'
import type { Transaction } from './database.ts'
import { openPostgres } from './postgres.ts'
import { inSlices, type Slicing } from './slices.ts'

/** Where statements are sliced: by the Data API. */
let api: Awaited<ReturnType<typeof openApi>>

beforeAll(async () => {
  api = await openApi()
})
afterAll(() => api.close())

const table = `"a:b ""c"" $1's"`

/**
 * A transaction with an empty table of its own, where one row of `page` takes a block.
 *
 * @param work given also how to fill it, with rows of these ids
 */
function within<T>(
  work: (
    tx: Transaction,
    fill: (from: number, to: number, v: string) => Promise<number>,
  ) => Promise<T>,
): Promise<T> {
  return api.database.transaction(async (tx) => {
    await tx.execute(`CREATE TEMP TABLE ${table} (id int, v text STORAGE PLAIN) ON COMMIT DROP`)
    const sql = `INSERT INTO ${table} SELECT n, repeat('x', $3::int)
      FROM generate_series($1::int, $2::int) n`
    return work(tx, (from, to, v) => tx.execute(sql, [from, to, v.length]))
  })
}
const page = 'x'.repeat(5_000)

/** The blocks of each slice, from and to, of a statement that does nothing. */
async function slicesOf(tx: Transaction, of: Slicing): Promise<number[][]> {
  const slices: number[][] = []
  await inSlices(tx, of, async (slice) => {
    slices.push([...slice.matchAll(/'\((\d+),0\)'/g)].map(([, block]) => Number(block)))
    return 0
  })
  return slices
}

test('without a need, a statement is run once, over all rows', async () => {
  const fresh = await freshDatabase()
  const postgres = openPostgres(fresh.url)
  const slices: string[] = []
  const touched = await postgres.transaction((tx) =>
    inSlices(tx, { table: 'no_such_table', alias: 's' }, async (slice) => slices.push(slice) + 6),
  )
  expect([slices, touched]).toEqual([['true'], 7])
  await postgres.end()
  await fresh.drop()
})

test.each([
  [0, []],
  [1, [1]],
  [256, [256]],
  [257, [256, 1]],
  [768, [256, 512]],
  [769, [256, 512, 1]],
  [24_400, [256, 512, 1_024, 2_048, 4_096, 8_192, 8_192, 80]],
])('of %i blocks, each is in one slice; the slices grow, to a limit', async (blocks, sizes) => {
  const slices = await within(async (tx, fill) => {
    await fill(1, blocks, page)
    return slicesOf(tx, { table, alias: 's' })
  })
  expect(slices.map(([from, to]) => to! - from!)).toEqual(sizes)
  const ends = slices.map(([, to]) => to)
  expect(slices.map(([from]) => from)).toEqual([0, ...ends].slice(0, ends.length))
})

test('every row is worked off once, long ones and short ones', async () => {
  const found = await within(async (tx, fill) => {
    await fill(1, 600, page)
    await fill(601, 50_000, 'x')
    await fill(50_001, 50_600, page)
    await tx.execute('CREATE TEMP TABLE seen (id int) ON COMMIT DROP')
    const touched = await inSlices(tx, { table, alias: 's' }, (slice) =>
      tx.execute(`INSERT INTO seen SELECT s.id FROM ${table} s WHERE ${slice}`),
    )
    const [row] = await tx.query('SELECT count(*) AS n, count(DISTINCT id) AS ids FROM seen')
    return { touched, ...row }
  })
  expect(found).toEqual({ touched: 50_600, n: 50_600, ids: 50_600 })
})

test('of some rows alone, blocks before the first and after the last are passed over', async () => {
  await within(async (tx, fill) => {
    await fill(1, 1_000, page)
    const some = (where: string) => slicesOf(tx, { table, alias: 's', where })
    expect(await some('s.id > 9999')).toEqual([])
    expect(await some('s.id > 990')).toEqual([[990, 1_000]])
    expect(await some('s.id IN (5, 400)')).toEqual([
      [4, 260],
      [260, 400],
    ])
  })
})

test('rows are deleted slice by slice, each once', async () => {
  await within(async (tx, fill) => {
    await fill(1, 900, page)
    const where = 's.id % 2 = 0'
    const gone = await inSlices(tx, { table, alias: 's', where }, (slice) =>
      tx.execute(`DELETE FROM ${table} s WHERE ${where} AND ${slice}`),
    )
    const left = await tx.query(`SELECT count(*) AS n FROM ${table} s WHERE NOT (${where})`)
    expect([gone, left, await slicesOf(tx, { table, alias: 's', where })]).toEqual([
      450,
      [{ n: 450 }],
      [],
    ])
  })
})

test('where values are long, they count: a slice has fewer blocks', async () => {
  await within(async (tx) => {
    await tx.execute('CREATE TEMP TABLE long (v text STORAGE EXTERNAL) ON COMMIT DROP')
    await tx.execute(`INSERT INTO long SELECT repeat('x', 30000) FROM generate_series(1, 600)`)
    for (const where of [undefined, 'true']) {
      const of = { table: 'long', alias: 's', ...(where && { where }) }
      const slices = await slicesOf(tx, of)
      // 600 rows take 4 blocks, beside which are 20 MB: without them it would be one slice.
      expect(slices.map(([from, to]) => to! - from!)).toEqual([1, 2, 1])
    }
  })
})

test('a slice that fails fails the whole', async () => {
  const failed = within(async (tx, fill) => {
    await fill(1, 300, page)
    await inSlices(tx, { table, alias: 's' }, (slice) =>
      tx.execute(`DELETE FROM ${table} s WHERE 1 / (id - 290) IS NOT NULL AND ${slice}`),
    )
  })
  await expect(failed).rejects.toThrow('division by zero')
})
