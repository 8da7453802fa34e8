import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { freshDatabase } from '../local/fresh-database.ts'
import { emptied, TestLake, TestRaw } from './stages.fixture.ts'

/** A lake and a database of each test's own; after each, the ledger adds up and nothing is due. */

export let database: Awaited<ReturnType<typeof freshDatabase>>
export let files: TestLake
export let raw: TestRaw

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(async () => {
  files = new TestLake()
  raw = await TestRaw.open(files.lake, await emptied(database.url))
})
afterEach(async () => {
  expect(await raw.wrongCounts()).toEqual([])
  expect(await raw.query('SELECT * FROM sluice.due')).toEqual([])
  await raw.database.end()
  files.close()
})
afterAll(() => database.drop())
