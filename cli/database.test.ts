import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openUrl } from '../core/database/open-database.ts'
import { Refused } from '../core/errors.ts'
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
})

test.each([
  [{ cluster }, /^DATABASE_SECRET_ARN is not set, or empty: set it .*DatabaseSecretArn/],
  [{ cluster, secret: '' }, /^DATABASE_SECRET_ARN is not set, or empty/],
  [{ secret }, /^DATABASE_CLUSTER_ARN is not set, or empty: set it .*DatabaseClusterArn/],
  [{ cluster: '', secret }, /^DATABASE_CLUSTER_ARN is not set, or empty/],
  [{ cluster: 'sluice', secret }, /^DATABASE_CLUSTER_ARN sluice: arn:aws:rds:.* is allowed/],
])('half of a cluster is refused, with what to set, and nothing taken for it: %o', (of, says) => {
  set('', of)
  expect(() => namedDatabase(undefined)).toThrow(Refused)
  expect(() => namedDatabase(undefined)).toThrow(says)
})

test.each(['mysql://u:pass@h/d', cluster, 'rds-data', 'nothing'])('%s is no database', (url) => {
  expect(() => openUrl(url)).toThrow(Refused)
  expect(() => openUrl(url)).toThrow(/postgres:\/\/.* is allowed, or rds-data:/)
  expect(() => openUrl(url)).not.toThrow(/pass@|cluster:sluice/)
})

test.each([
  'postgres://u:pa55/w0rd@127.0.0.1:1/db',
  'postgres://u:pa55#w0rd@127.0.0.1/db',
  'postgres://u:pa55?w0rd@127.0.0.1/db',
  'postgres://u:pa55@127.0.0.1:port/db',
  'rds-data://u:pa55@h',
  `rds-data:${cluster}?secret=${secret}&password=pa55`,
])('%s is refused, and its password not told', (url) => {
  const opening = () => openUrl(url)
  expect(opening).toThrow(Refused)
  expect(opening).toThrow('…')
  expect(opening).not.toThrow(/pa55|w0rd/)
})
