import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { execute } from './one-statement.ts'

/**
 * A new, empty database for one test file; `drop` cuts off whoever is still connected to it.
 *
 * @returns the URL by which the tests are to reach it: by Postgres' own protocol, or the Data API
 */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = inject('databaseUrl')
  const api = inject('dataApi')
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(server, `CREATE DATABASE ${name} TEMPLATE ${api?.template ?? 'template0'}`)
  const drop = () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`)
  if (api) {
    const { cluster, secret, endpoint } = api
    const by = new URLSearchParams({ secret, database: name, endpoint })
    return { url: `rds-data:${cluster}?${by}`, drop }
  }
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop }
}
