import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queryLake } from '../core/query/query.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { type Table, table } from './round-trip.fixture.ts'
import { written } from './round-trip-file.fixture.ts'
import { collect } from './shop.fixture.ts'
import { runSilver, TestLake, TestRaw } from './stages.fixture.ts'

/**
 * Any rows that fit a schema, written in any dialect and encoding of it, come back equal from
 * Postgres and from Parquet. Rounds: SLUICE_ROUNDS (default 60); SLUICE_SEED repeats one run.
 */
const rounds = {
  numRuns: Number(process.env.SLUICE_ROUNDS ?? 60),
  ...(process.env.SLUICE_SEED ? { seed: Number(process.env.SLUICE_SEED) } : {}),
}

let server: Awaited<ReturnType<typeof freshDatabase>>
let raw: TestRaw
const files = new TestLake()
beforeAll(async () => {
  server = await freshDatabase()
  raw = await TestRaw.open(files.lake, server.url)
})
afterAll(async () => {
  files.close()
  await raw.database.end()
  await server.drop()
})

let made = 0

test('what is written is what is read, in Postgres and in Parquet', async () => {
  await fc.assert(
    fc.asyncProperty(table, async (table) => {
      const name = `p${++made}`
      const { resource, file } = written(table)
      files.describe(name, resource)
      const key = `bronze/${name}/t.csv${table.form.packing}`
      files.put(key, file)
      const outcomes = [...(await raw.run(key)), ...(await runSilver(files.lake, key))]
      const counts = { records: table.rows.length, accepted: table.rows.length, rejected: 0 }
      for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'loaded', ...counts })
      expect(outcomes.map(({ stage }) => stage)).toEqual(['raw-ingestion', 'silver'])
      const expected = table.rows.map((row) =>
        comparable(
          table,
          row.map((value) => value?.is ?? null),
        ),
      )
      expect(await inPostgres(name, table)).toEqual(expected)
      if (table.rows.length > 0) expect(await inParquet(name, table)).toEqual(expected)
    }),
    rounds,
  )
})

/** Values as text, those that can be written in two ways made equal. */
function comparable({ kinds }: Table, row: (string | null)[]): (string | null)[] {
  return row.map((text, i) => (text === null ? null : (kinds[i]!.same ?? String)(text)))
}

async function inPostgres(name: string, table: Table): Promise<(string | null)[][]> {
  const columns = table.kinds.map((_, i) => `f${i}::text`)
  const rows = await raw.query(
    `SELECT json_build_array(${columns.join(', ')}) AS row FROM ${name}.t ORDER BY id`,
  )
  return rows.map(({ row }) => comparable(table, row as (string | null)[]))
}

async function inParquet(name: string, table: Table): Promise<(string | null)[][]> {
  const columns = table.kinds.map((_, i) => `f${i}`)
  const sql = `SELECT ${columns.join(', ')} FROM ${name}.t ORDER BY id`
  const rows = await queryLake(files.lake.store, sql, 'text', ({ rows }) => collect(rows))
  return rows.map((row) => comparable(table, row as (string | null)[]))
}
