import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../core/database/database.ts'
import { openUrl } from '../../core/database/open-database.ts'
import { prepareLedger } from '../../core/database/prepare-ledger.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { blocksOf } from '../pages.fixture.ts'
import { tablesOf } from '../tables.fixture.ts'

/** docs/reference/ledger.md against a ledger as it is made. */

const page = 'docs/reference/ledger.md'

let given: Awaited<ReturnType<typeof freshDatabase>>
let database: Database

beforeAll(async () => {
  given = await freshDatabase()
  database = openUrl(given.url)
  await prepareLedger(database)
})

afterAll(async () => {
  await database.end()
  await given.drop()
})

it('has every table and column, with its type and a word about it', async () => {
  const found = await database.read(
    `SELECT 'sluice.' || table_name AS name, column_name AS column, data_type AS type
     FROM information_schema.columns WHERE table_schema = 'sluice'
     ORDER BY table_name, ordinal_position`,
  )
  const told = [...tablesOf(page)].flatMap(([name, rows]) =>
    rows.map(({ column, type }) => ({ name, column, type })),
  )
  expect(told.toSorted(byName)).toEqual(found.toSorted(byName))
})

it('its queries are SQL over it', async () => {
  await database.transaction(async (tx) => {
    await tx.script('CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint, _object_id bigint)')
  })
  const queries = blocksOf(page).flatMap(({ language, text }) =>
    language === 'sql' ? text.split(';\n').filter((sql) => sql !== '') : [],
  )
  expect(queries.length).toBeGreaterThan(0)
  for (const sql of queries) await expect(database.read(sql), sql).resolves.toEqual([])
})

function byName(a: object, b: object): number {
  const [one, other] = [a, b].map((row) => Object.values(row).join(' '))
  return one! < other! ? -1 : 1
}
