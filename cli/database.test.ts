import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Refused } from '../core/errors.ts'
import { openUrl } from '../core/open-database.ts'
import { namedDatabase } from './database.ts'

const cluster = 'arn:aws:rds:eu-west-1:123456789012:cluster:sluice'
const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice-AbCdEf'
const names = ['DATABASE_URL', 'DATABASE_CLUSTER_ARN', 'DATABASE_SECRET_ARN', 'DATABASE_NAME']

beforeEach(() => {
  for (const name of names) vi.stubEnv(name, undefined)
})
afterEach(() => vi.unstubAllEnvs())

function set(url: string, of: { cluster?: string; secret?: string; name?: string }): void {
  vi.stubEnv('DATABASE_URL', url)
  vi.stubEnv('DATABASE_CLUSTER_ARN', of.cluster)
  vi.stubEnv('DATABASE_SECRET_ARN', of.secret)
  vi.stubEnv('DATABASE_NAME', of.name)
}

test('--database comes first, then DATABASE_URL, then the cluster', () => {
  set('postgres://b/b', { cluster, secret })
  expect(namedDatabase('postgres://a/a')).toBe('postgres://a/a')
  expect(namedDatabase(undefined)).toBe('postgres://b/b')
  set('', { cluster, secret })
  expect(namedDatabase(undefined)).toMatch(/^rds-data:/)
})

test.each([
  [undefined, 'sluice'],
  ['', 'sluice'],
  ['it&is', 'it&is'],
])('a cluster is named by its URL, its database %s', (name, database) => {
  set('', { cluster, secret, ...(name !== undefined && { name }) })
  const url = namedDatabase(undefined) ?? ''
  expect(new URL(url).pathname).toBe(cluster)
  expect(Object.fromEntries(new URL(url).searchParams)).toEqual({ secret, database })
  expect(openUrl(url).fetches).toBe(true)
})

test('where nothing names one, there is none', () => {
  expect(namedDatabase(undefined)).toBeUndefined()
  // Which alone is a function's, and holds a URL.
  set('', { secret })
  expect(namedDatabase(undefined)).toBeUndefined()
})

test('a cluster without its secret is refused, with what to set', () => {
  set('', { cluster })
  expect(() => namedDatabase(undefined)).toThrow(Refused)
  expect(() => namedDatabase(undefined)).toThrow(/DATABASE_SECRET_ARN is not: set it/)
})
