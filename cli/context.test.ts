import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Refused } from '../core/errors.ts'
import { TestLake } from '../functions/stages.fixture.ts'
import { openContext } from './context.ts'

/** The SDK refuses such a region before anything is sent. */
const cluster = 'arn:aws:rds:no_region:123456789012:cluster:sluice'
const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice-AbCdEf'
const database = `rds-data:${cluster}?${new URLSearchParams({ secret, database: 'sluice' })}`

let files: TestLake
let lake: string
beforeEach(() => {
  files = new TestLake()
  lake = join(files.folder, 'lake')
  for (const name of ['DATABASE_URL', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_RDS_DATA']) {
    vi.stubEnv(name, undefined)
  }
})
afterEach(() => {
  vi.unstubAllEnvs()
  files.close()
})

const refusal = /is a folder, .* \(--lake s3:\/\/…\), or .* \(--database postgres:\/\/…\)/

test('a folder cannot be loaded by Aurora, which is told before anything is made', async () => {
  for (const place of [lake, pathToFileURL(lake).href]) {
    const opened = openContext({ lake: place, database })
    await expect(opened).rejects.toThrow(refusal)
    await expect(opened).rejects.toThrow(Refused)
  }
  expect(existsSync(lake)).toBe(false)
  vi.stubEnv('DATABASE_CLUSTER_ARN', cluster)
  vi.stubEnv('DATABASE_SECRET_ARN', secret)
  await expect(openContext({ lake })).rejects.toThrow(refusal)
})

test.each([
  ['nothing is loaded', { loads: false }, {}, ''],
  ['an emulator is named', {}, {}, '&endpoint=http://127.0.0.1:1'],
  ['an emulator is set', {}, { AWS_ENDPOINT_URL_RDS_DATA: 'http://127.0.0.1:1' }, ''],
])('it is not, where %s', async (_, more, environment, endpoint) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  mkdirSync(lake)
  const opened = openContext({ lake, database: database + endpoint, ...more })
  // All that is left is the region.
  await expect(opened).rejects.toThrow(/no_region/)
})

test('what is missing in a URL of the Data API is told', async () => {
  mkdirSync(lake)
  const opened = openContext({ lake, database: `rds-data:${cluster}`, loads: false })
  await expect(opened).rejects.toThrow(/rds-data:<ARN of the cluster>\?secret=/)
})
