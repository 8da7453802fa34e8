import pg from 'pg'
import { expect, it } from 'vitest'
import { freshDatabase } from './fresh-database.ts'

it('is empty, apart from others, and gone when dropped', async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
  expect(one.url).not.toBe(two.url)
  const client = new pg.Client(one.url)
  await client.connect()
  const { rows } = await client.query(`SELECT count(*)::int AS n FROM pg_stat_user_tables`)
  expect(rows).toEqual([{ n: 0 }])
  await client.end()
  await Promise.all([one.drop(), two.drop()])
  await expect(new pg.Client(one.url).connect()).rejects.toThrow('does not exist')
})
