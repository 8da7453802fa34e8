import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { newDatabase } from './new-database.ts'

/**
 * A new, empty database for one test file; `drop` cuts off whoever is still connected to it.
 *
 * @returns the URL by which the tests are to reach it: by Postgres' own protocol, or the Data API
 */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = inject('databaseUrl')
  const api = inject('dataApi')
  const name = `test_${randomBytes(6).toString('hex')}`
  const made = await newDatabase(server, name, api?.template)
  if (!api) return made
  const { cluster, secret, endpoint } = api
  const by = new URLSearchParams({ secret, database: name, endpoint })
  return { url: `rds-data:${cluster}?${by}`, drop: made.drop }
}
