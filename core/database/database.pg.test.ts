import { expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { openApi } from './data-api.fixture.ts'
import { conformance } from './database.conformance.ts'
import { openPostgres } from './postgres.ts'

conformance('Postgres by its own protocol', async () => {
  const fresh = await freshDatabase()
  const [database, other] = [openPostgres(fresh.url), openPostgres(fresh.url)]
  return { database, other, close: fresh.drop }
})

conformance('Postgres by the Data API', async () => {
  const { endpoint, database, open, close } = await openApi()
  return {
    database,
    other: open(),
    async close() {
      expect(endpoint.open).toBe(0)
      await close()
    },
  }
})

test('Postgres that has ended has no connection left', async () => {
  const fresh = await freshDatabase()
  const [database, other] = [openPostgres(fresh.url), openPostgres(fresh.url)]
  const sql = `SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'`
  const count = async () => (await other.query(sql))[0]?.n
  await Promise.all([1, 2].map(() => database.transaction((tx) => tx.query('SELECT 1'))))
  expect(await count()).toBe(3)
  await database.end()
  await expect.poll(count).toBe(1)
  await other.end()
  await fresh.drop()
})
