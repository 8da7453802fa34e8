import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import { openDuck } from '../../core/duck/duckdb.ts'
import { Busy, Refused } from '../../core/errors.ts'
import { standingFiles } from '../../core/standing.ts'
import { compactionsFolder, parseCompaction } from '../../core/stream/compaction.ts'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { instead } from '../dying.fixture.ts'
import { compact } from './compact.ts'
import { base, byDay, dataset, rowsOf, SmallFiles } from './small-files.fixture.ts'
import { tick } from './tick.ts'

let files: SmallFiles

beforeEach(() => {
  files = new SmallFiles(new MemoryStream('s', 1))
})
afterEach(() => files.close())

const day = (n: number) => `year=2026/month=01/day=${String(n).padStart(2, '0')}`

async function filled(objects: number, options = {}): Promise<string[]> {
  await files.publish(objects, options)
  await files.drain()
  const rows = await files.plain()
  expect(rows).toHaveLength(files.rows)
  return rows
}

test('the small files of days that are over become one each, with the same rows', async () => {
  const rows = await filled(17, { rows: 4 })
  expect(await files.files()).toEqual({ [day(1)]: 6, [day(2)]: 6, [day(3)]: 5 })
  const done = await compact(files.lake)
  const end = { dataset, before: 6, after: 1, rows: 24 }
  expect(done).toEqual([1, 2].map((n) => ({ ...end, folder: `${base}/events/${day(n)}` })))
  expect(await files.files()).toEqual({ [day(1)]: 1, [day(2)]: 1, [day(3)]: 5 })
  expect(await files.plain()).toEqual(rows)
  expect(await files.standing()).toEqual(rows)
  expect(await compact(files.lake)).toEqual([])
})

test('with `all`, what still grows is taken, too, but for the newest commit', async () => {
  const rows = await filled(6, { rows: 2 })
  expect(await compact(files.lake)).toEqual([])
  expect(await compact(files.lake, { all: true })).toMatchObject([
    { before: 5, after: 1, rows: 10 },
  ])
  expect(await files.files()).toEqual({ [day(1)]: 2 })
  expect(await files.plain()).toEqual(rows)
})

test('a partition is closed when every shard that is read has passed it', async () => {
  files.close()
  files = new SmallFiles(new MemoryStream('s', 4))
  for (let n = 0; n < 3; n++) await files.publish(5, { rows: 3, minutes: 480 })
  await files.drain()
  const shards = (await standingFiles(files.lake.store, dataset)).checkpoints
  const days = shards.map(({ datasets }) => {
    return new Date(Number(datasets[dataset]?.watermark) / 1000).getUTCDate()
  })
  expect([Math.min(...days), Math.max(...days)]).toEqual([2, 5])
  const taken = async (all: boolean) =>
    (await compact(files.lake, { all })).map(({ folder }) => folder.slice(-1))
  expect(await taken(false)).toEqual(['1'])
  expect(await taken(true)).toEqual(['2', '3', '4', '5'])
})

test.each([
  ['year', [{ year: 'at' }], '2025-12-31T23:00:00', 'year=2025', false],
  ['year', [{ year: 'at' }], '2026-01-01T00:10:00', 'year=2025', true],
  ['month', [{ year: 'at' }, { month: 'at' }], '2026-01-31T23:59:00', 'month=01', false],
  ['month', [{ year: 'at' }, { month: 'at' }], '2026-02-01T00:10:00', 'month=01', true],
  ['hour', [...byDay.partitionBy, { hour: 'at' }], '2026-01-01T00:59:00', 'hour=00', false],
  ['hour', [...byDay.partitionBy, { hour: 'at' }], '2026-01-01T01:10:00', 'hour=00', true],
  ['store', ['store'], '2026-01-01T01:00:00', 'store=S0', true],
  ['a day of any month', [{ day: 'at' }], '2026-01-01T01:00:00', 'day=01', true],
])('by %s: %j, up to %s: %s is closed: %s', async (_, partitionBy, last, folder, closed) => {
  files.describe({ partitionBy })
  const from = folder.startsWith('year') ? '2025-12-31' : '2026-01-01'
  await files.publish(4, { rows: 3, minutes: 1, from })
  files.put('streaming/till/receipts/last.csv', `id,store,total,at\n99,S9,1,${last}\n`)
  const { publish } = await import('../streaming/publish.ts')
  await publish(files.lake, files.stream, 'streaming/till/receipts/last.csv')
  await files.drain()
  const done = await compact(files.lake)
  expect(done.some((one) => one.folder.endsWith(folder))).toBe(closed)
})

test('schema, compression and values stay; the name of a folder is no column', async () => {
  files.describe({ ...byDay, compression: 'snappy' })
  await filled(8)
  const before = await shapes()
  await compact(files.lake, { all: true })
  expect((await files.keys(`${base}/events/`)).some((key) => key.includes('compact-'))).toBe(true)
  expect(await shapes()).toEqual(before)
})

/** Columns and compression of every file with rows, as one. */
async function shapes(): Promise<unknown> {
  const duck = await openDuck(0)
  const glob = `${files.folder}/${base}/events/**/*.parquet`
  const columns = await duck.all(`SELECT DISTINCT name, type, logical_type, duckdb_type
    FROM parquet_schema('${glob}') WHERE column_id > 0 ORDER BY ALL`)
  const codecs = await duck.all(`SELECT DISTINCT compression FROM parquet_metadata('${glob}')`)
  const places = await duck.all(`SELECT count(*) FROM read_parquet('${glob}', filename = true,
    hive_partitioning = false) WHERE NOT contains(filename, strftime("at", '/day=%d/'))`)
  duck.close()
  return { columns, codecs, places }
}

test('without partitions, each run takes what has come, until a piece is full', async () => {
  files.describe({})
  await filled(5)
  expect(await compact(files.lake)).toMatchObject([{ before: 4, after: 1, rows: 12 }])
  await files.publish(4)
  await files.drain()
  expect(await compact(files.lake)).toMatchObject([{ before: 5, after: 1, rows: 24 }])
  await files.publish(4)
  await files.drain()
  const head = async (key: string) => {
    const found = await files.lake.store.head(key)
    return found && key.includes('compact-') ? { ...found, size: 100 << 20 } : found
  }
  const full = instead(files.lake, { head })
  expect(await compact(full)).toMatchObject([{ before: 4, after: 1, rows: 12 }])
  expect(await files.files()).toEqual({ '': 3 })
  expect(await files.plain()).toHaveLength(39)
  expect(await files.standing()).toEqual(await files.plain())
})

test('a large backlog is taken in several commits', async () => {
  files.describe({})
  const rows = await filled(9)
  const head = async (key: string) => {
    const found = await files.lake.store.head(key)
    return found && key.includes('compact-') ? { ...found, size: 100 << 20 } : found
  }
  async function* list(prefix: string) {
    for await (const version of files.lake.store.list(prefix)) yield { ...version, size: 60 << 20 }
  }
  // As if each had 60 MiB: eight together are too many.
  const large = instead(files.lake, { head, list })
  expect(await compact(large)).toMatchObject([{ before: 8, after: 1 }])
  await files.publish(18)
  await files.drain()
  expect(await compact(large)).toMatchObject([{ before: 18, after: 3 }])
  expect(await files.plain()).toHaveLength(rows.length + 54)
  expect(await files.standing()).toEqual(await files.plain())
})

test('files that are large enough, and too few, are left', async () => {
  const rows = await filled(17, { rows: 4 })
  expect(await compact(files.lake, { smallerThan: 100 })).toEqual([])
  expect(await compact(files.lake, { atLeast: 7 })).toEqual([])
  expect(await compact(files.lake, { atLeast: 1 })).toHaveLength(2)
  expect(await compact(files.lake, { atLeast: 1 })).toEqual([])
  expect(await files.plain()).toEqual(rows)
})

test('a partition with files of an earlier contract is left, and that is told', async () => {
  const rows = await filled(10, { rows: 6 })
  files.describe(byDay, ['note:string'])
  const done = await compact(files.lake)
  expect(done).toMatchObject([{ skipped: expect.stringMatching(/contract/) }, { after: 0 }])
  files.describe({ ...byDay, partitionBy: ['no such field'] })
  expect(await compact(files.lake)).toMatchObject([{ skipped: expect.stringMatching(/mend it/) }])
  expect(await files.plain()).toEqual(rows)
  expect(await files.keys(compactionsFolder(dataset))).toEqual([])
})

test('one dataset may be named; one that no stream has is refused', async () => {
  await filled(10, { rows: 6 })
  await expect(compact(files.lake, { dataset: 'till.other' })).rejects.toThrow(Refused)
  expect(await compact(files.lake, { dataset })).toHaveLength(2)
})

test('rows are counted before they are committed', async () => {
  const rows = await filled(10, { rows: 6 })
  const withScratch: typeof files.lake.withScratch = (bytes, work) =>
    files.lake.withScratch(bytes, (folder, duck) => {
      const run = (sql: string) =>
        duck.run(sql.replace(/(FROM read_parquet\(.*)\) TO/s, '$1 LIMIT 7) TO'))
      return work(folder, { ...duck, run })
    })
  await expect(compact({ ...files.lake, withScratch })).rejects.toThrow(/24 rows were read, and 7/)
  expect(await files.plain()).toEqual(rows)
  expect(await files.keys(compactionsFolder(dataset))).toEqual([])
})

test('a checkpoint that is lost after compaction is made anew: every row once', async () => {
  await filled(20, { rows: 4 })
  await compact(files.lake, { all: true })
  const [checkpoint] = await files.keys('streaming_checkpoint/s-')
  const before = (await files.lake.store.get(checkpoint!))?.body.toString()
  await files.lake.store.delete(checkpoint!)
  // Another process, which looks for itself.
  const anew = instead(files.lake, { url: `${files.lake.store.url}/anew` } as object)
  await files.drain(anew)
  const after = await readRecord(files.lake.store, checkpoint!)
  const { state } = JSON.parse(before!)
  expect(after?.record.state).toEqual({ ...state, updated: expect.any(String) })
  expect(await files.plain()).toHaveLength(files.rows)
  expect(await files.standing()).toEqual(await files.plain())
})

test('while batches are appended: every row once, and readers see whole commits', async () => {
  await files.publish(40, { rows: 2, minutes: 90 })
  let ended = false
  const appending = files.drain().finally(() => {
    ended = true
  })
  let looks = 0
  let merged = 0
  while (!ended) {
    for (const { before } of await compact(files.lake, { all: true })) merged += before
    const standing = await standingFiles(files.lake.store, dataset)
    const rows = await rowsOf(files.lake.store, standing).catch((error) => {
      expect(error).toBeInstanceOf(Busy)
    })
    const [state] = standing.checkpoints
    if (rows) expect(rows).toHaveLength(state?.datasets[dataset]?.counts.accepted ?? 0)
    looks++
  }
  await appending
  expect(looks).toBeGreaterThan(3)
  expect(merged).toBeGreaterThan(20)
  await tick(files.lake, { all: true })
  await compact(files.lake)
  expect(await files.plain()).toHaveLength(80)
  expect(new Set(await files.plain()).size).toBe(80)
  expect(await files.standing()).toEqual(await files.plain())
})

test('the record says what was made, and nothing is left to be buried', async () => {
  await filled(17, { rows: 4 })
  await compact(files.lake)
  const records = await files.keys(compactionsFolder(dataset))
  expect(records).toHaveLength(2)
  for (const key of records) {
    const record = (await readRecord(files.lake.store, key, parseCompaction))?.record
    expect(record).toMatchObject({ writing: null, garbage: [], state: { dataset, rows: 24 } })
    expect(record?.files).toEqual([expect.stringMatching(/day=0\d\/compact-.+-1-0\.parquet$/)])
  }
})
