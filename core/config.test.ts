import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readConfig } from './config.ts'
import { openDatabase } from './database/open-database.ts'

const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf'

const none = { url: undefined, secret: undefined, cluster: undefined }

beforeEach(() => {
  vi.stubEnv('LAKE_URL', 's3://lake')
  vi.stubEnv('DATABASE_URL', undefined)
  vi.stubEnv('DATABASE_SECRET_ARN', undefined)
})
afterEach(() => vi.unstubAllEnvs())

test('a function is told the database by a URL or by a secret', () => {
  expect(readConfig().database).toEqual({ ...none, name: 'sluice' })
  vi.stubEnv('DATABASE_SECRET_ARN', secret)
  expect(readConfig().database).toEqual({ ...none, secret, name: 'sluice' })
})

test('the URL wins over the secret, which is not read then', async () => {
  vi.stubEnv('DATABASE_SECRET_ARN', secret)
  vi.stubEnv('DATABASE_URL', 'postgres://u:p@127.0.0.1:1/shop')
  const database = openDatabase(readConfig().database)
  await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a function that needs a database and is told none says what to set', () => {
  expect(() => openDatabase(readConfig().database)).toThrow(
    /neither DATABASE_URL nor DATABASE_SECRET_ARN is set/,
  )
})

test('a variable that is missing is named', () => {
  vi.stubEnv('LAKE_URL', undefined)
  expect(readConfig).toThrow('LAKE_URL')
})
