import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Lake } from '../../core/lake.ts'
import type { Outcome } from '../../core/outcome.ts'
import { batchOf, resource, storeWith, TestLake } from '../stages.fixture.ts'
import { silver } from './handler.ts'

/** Many small objects of one batch: few statements, and what each by itself would have become. */

let files: TestLake
beforeEach(() => {
  files = new TestLake()
})
afterEach(() => files.close())

const key = (i: number) => `bronze/p/items/${String(i).padStart(2, '0')}.csv`
const keys = (count: number) => Array.from({ length: count }, (_, i) => key(i))
const plain = (i: number) => `id,note\n${2 * i},a\n${2 * i + 1},b\n`

function put(count: number, sluice: object = {}): void {
  files.describe('p', resource('items', ['id:integer', 'note'], {}, sluice))
  for (let i = 0; i < count; i++) files.put(key(i), plain(i))
}

async function run(some: string[], lake: Lake = files.lake) {
  const outcomes: Outcome[] = []
  const handler = silver(lake, (outcome) => outcomes.push(outcome))
  const { batchItemFailures } = await handler(batchOf(lake, some))
  expect(batchItemFailures).toEqual([])
  return outcomes.map(({ status, accepted, rejected }) => ({ status, accepted, rejected }))
}

const loaded = (accepted: number, rejected = 0) => ({ status: 'loaded', accepted, rejected })

/** What a plain glob over the dataset sees. */
function glob(columns: string, more = ''): Promise<unknown[][]> {
  const path = join(files.folder, 'silver/p/items/**/*.parquet')
  const from = `read_parquet('${path}', hive_partitioning = true, filename = true)`
  return files.lake.withScratch(0, (_, duck) => duck.all(`SELECT ${columns} FROM ${from} ${more}`))
}

/** The lake, and how many COPYs its engine is asked for. */
function counted(): { lake: Lake; copies: () => number } {
  let copies = 0
  const withScratch: Lake['withScratch'] = (bytes, work, columns) =>
    files.lake.withScratch(
      bytes,
      (folder, duck) => {
        const run = (sql: string) => {
          if (sql.startsWith('COPY')) copies++
          return duck.run(sql)
        }
        return work(folder, { ...duck, run })
      },
      columns,
    )
  return { lake: { ...files.lake, withScratch }, copies: () => copies }
}

test('each has files and a manifest of its own, written by one statement', async () => {
  put(12)
  const { lake, copies } = counted()
  expect(await run(keys(12), lake)).toEqual(Array(12).fill(loaded(2)))
  expect(copies()).toBe(1)
  expect(await glob('count(*), count(DISTINCT id), count(DISTINCT filename)')).toEqual([
    [24n, 24n, 12n],
  ])
  const again = { ...loaded(2), status: 'unchanged' }
  expect(await run(keys(12), lake)).toEqual(Array(12).fill(again))
  expect(copies()).toBe(1)
})

test('by the folders of partitionBy, as by themselves', async () => {
  put(8, { partitionBy: ['note'] })
  expect(await run(keys(8))).toEqual(Array(8).fill(loaded(2)))
  expect(
    await glob('note, count(*), count(DISTINCT filename)', 'GROUP BY note ORDER BY note'),
  ).toEqual([
    ['a', 8n, 8n],
    ['b', 8n, 8n],
  ])
})

test('what does not hold, is large, or is packed, is taken by itself beside them', async () => {
  put(12)
  files.put(key(5), 'id,note\n1,x\nz,y\n')
  files.put(key(7), 'nothing\n1\n')
  const large = Array.from({ length: 40_000 }, (_, i) => `${1000 + i},large`).join('\n')
  files.put(key(9), `id,note\n${large}\n`)
  const ends = await run(keys(12))
  expect(ends[5]).toEqual(loaded(1, 1))
  expect(ends[7]).toMatchObject({ status: 'refused' })
  expect(ends[9]).toEqual(loaded(40_000))
  expect(ends.filter(({ accepted }) => accepted === 2)).toHaveLength(9)
  expect(await glob('count(*)')).toEqual([[BigInt(9 * 2 + 1 + 40_000)]])
})

test('versions that come replace those before, also while they are judged', async () => {
  put(6)
  await run(keys(6))
  for (let i = 0; i < 6; i++) files.put(key(i), plain(100 + i))
  let opened = 0
  const { store } = files.lake
  const open: typeof store.open = (version) => {
    // Between the look at all of them and the reading of this one.
    if (version.key === key(2) && ++opened === 1) files.put(key(2), plain(500))
    return store.open(version)
  }
  const lake = { ...files.lake, store: storeWith(store, { open }) }
  const ends = await run(keys(6), lake)
  expect(ends.filter(({ status }) => status === 'loaded')).toHaveLength(6)
  const ids = (await glob('id', 'ORDER BY id')).map(([id]) => Number(id))
  const wanted = [100, 101, 500, 103, 104, 105].flatMap((i) => [2 * i, 2 * i + 1])
  expect(ids).toEqual(wanted.toSorted((a, b) => a - b))
})

test('handlers that take the same batches at once leave each row once', async () => {
  put(16)
  const both = [keys(16), keys(16).toReversed(), keys(16).slice(4)]
  await Promise.all(
    both.map(async (some) => {
      const handler = silver(files.lake, () => {})
      for (let left = some; left.length > 0; ) {
        const { batchItemFailures } = await handler(batchOf(files.lake, left))
        left = batchItemFailures.map((one) => left[Number(one.itemIdentifier)]!)
        // As a queue would: who is at work on them now needs a turn.
        await sleep(5)
      }
    }),
  )
  expect(await glob('count(*), count(DISTINCT id)')).toEqual([[32n, 32n]])
})
