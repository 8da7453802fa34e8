import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import type { Database } from './database.ts'
import { openRotating } from './open-database.ts'
import { openPostgres } from './postgres.ts'

const role = `app_${randomBytes(6).toString('hex')}`
let fresh: Awaited<ReturnType<typeof freshDatabase>>
let admin: Database

beforeAll(async () => {
  fresh = await freshDatabase()
  admin = openPostgres(fresh.url)
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'one'`)
})
afterAll(async () => {
  await admin.query(`DROP ROLE ${role}`)
  await admin.end()
  await fresh.drop()
})

test('after a refused login the next use reads the password anew, and only then', async () => {
  let reads = 0
  let known = 'one'
  const database = openRotating(async () => {
    reads += 1
    const url = new URL(fresh.url)
    Object.assign(url, { username: role, password: known })
    return url.href
  })
  const user = async () => (await database.query('SELECT current_user AS name'))[0]?.name
  expect([await user(), await user(), reads]).toEqual([role, role, 1])

  await rotate('two')
  // The secret still has the old one: it is asked for again, and the login is refused again.
  await expect(user()).rejects.toMatchObject({ code: '28P01' })
  await expect(database.transaction(async () => {})).rejects.toMatchObject({ code: '28P01' })
  known = 'two'
  expect([await user(), reads]).toEqual([role, 3])

  // What is no refused login leaves everything as it is.
  await expect(database.query('SELECT no_such_column')).rejects.toMatchObject({ code: '42703' })
  expect([await user(), reads]).toEqual([role, 3])
  await database.end()
})

test('a secret that could not be read is read again', async () => {
  const answers = [Promise.reject(new Error('no network')), Promise.resolve(fresh.url)]
  const database = openRotating(() => answers.shift()!)
  await expect(database.query('SELECT 1')).rejects.toThrow('no network')
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await database.end()
})

/** As a rotation does it; the connections with the old password end sooner or later. */
async function rotate(password: string): Promise<void> {
  await admin.query(`ALTER ROLE ${role} PASSWORD '${password}'`)
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
    role,
  ])
  const left = `SELECT FROM pg_stat_activity WHERE usename = $1`
  while ((await admin.query(left, [role])).length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50))
}
