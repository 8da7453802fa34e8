import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { database, files, raw } from '../raw.fixture.ts'
import { etagOf, putReplay } from '../replay.fixture.ts'
import { resource, TestRaw } from '../stages.fixture.ts'

/** A source and its replay object, at the same time. */

const source = 'bronze/p/t/a.csv'
const header = 'id,name'

function describeTable(load: string): void {
  const keys = load === 'upsert' ? { primaryKey: 'id' } : {}
  files.describe('p', resource('t', ['id:integer', 'name'], keys, { load }))
}

async function counts(): Promise<unknown> {
  const sql =
    'SELECT records, accepted, rejected, waiting, mended FROM sluice.objects WHERE key = $1'
  return Object.values((await raw.query(sql, [source]))[0] ?? {})
}

async function dropAndMend(rows: Record<number, string>): Promise<string> {
  files.put(source, `${header}\n1,Ana\nx,Bia\ny,Caio\n`)
  await raw.run(source)
  return putReplay(files, source, await etagOf(files, source), header, rows)
}

test('a version that comes while its mends are being loaded takes them with it', async () => {
  describeTable('upsert')
  const replay = await dropAndMend({ 2: '2,Bia' })
  const other = await TestRaw.open(files.lake, database.url)
  const { promise: open, resolve: go } = Promise.withResolvers<void>()
  const held = other.database.transaction(async (tx) => {
    await tx.lock('p.t')
    await tx.query('SELECT 1')
    await open
  })
  const mending = raw.run(replay)
  await untilWaiting(1)
  files.put(source, `${header}\n1,Ana\n`)
  const loading = other.run(source)
  await untilWaiting(2)
  go()
  await Promise.all([held, mending, loading])
  expect(await raw.table('p.t')).toEqual([[1, 'Ana']])
  await other.database.end()
})

/** So many transactions wait for a lock: in Postgres, or by asking for it again and again. */
async function untilWaiting(count: number): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND (wait_event_type = 'Lock' OR query LIKE '%pg_try_advisory%')`
  while ((await raw.query(sql)).length < count) await sleep(10)
}

test('eight handlers, source and replay object by turns: every row once', async () => {
  describeTable('append')
  const others = await Promise.all([1, 2].map(() => TestRaw.open(files.lake, database.url)))
  const replay = await dropAndMend({ 2: '2,Bia', 3: '3,Caio' })
  for (let round = 0; round < 3; round++) {
    files.put(source, `${header}\n1,round ${round}\nx,Bia\ny,Caio\n`)
    const version = await etagOf(files, source)
    putReplay(files, source, version, header, { 2: '2,Bia', 3: '3,Caio' })
    const work = Array.from({ length: 8 }, async (_, n) => {
      const one = [raw, ...others][n % 3]!
      for (const key of n % 2 ? [source, replay] : [replay, source]) await one.run(key)
    })
    await Promise.all(work)
    expect(await raw.table('p.t')).toEqual([
      [1, `round ${round}`],
      [2, 'Bia'],
      [3, 'Caio'],
    ])
    expect(await counts()).toEqual([3, 1, 0, 0, 2])
  }
  for (const one of others) await one.database.end()
})
