import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Finding } from '../core/finding.ts'
import { check, parseCheck } from './check.ts'
import { handler as maintenance } from './maintenance/handler.ts'
import { handler as raw } from './raw-ingestion/handler.ts'
import { handler as silver } from './silver/handler.ts'
import { TestLake } from './stages.fixture.ts'
import { handler as append, publishHandler as publish } from './streaming/handler.ts'

let files: TestLake
beforeEach(() => {
  files = new TestLake()
  vi.stubEnv('LAKE_URL', files.folder)
  for (const name of ['DATABASE_URL', 'DATABASE_SECRET_ARN', 'STREAM_NAME', 'QUEUE_URL']) {
    vi.stubEnv(name, undefined)
  }
})
afterEach(() => {
  vi.unstubAllEnvs()
  files.close()
})

const event = { check: true }

/** What was found, by check. */
const levels = (found: unknown) => {
  return Object.fromEntries((found as Finding[]).map(({ check, level }) => [check, level]))
}

test.each([
  [{ check: true }, true],
  [{ check: true, stream: 'till' }, true],
  [{ check: 'true' }, false],
  [{ Records: [] }, false],
  [{ job: 'tick' }, false],
  [undefined, false],
])('%j asks for a check: %s', (asked, is) => {
  expect(parseCheck(asked) !== undefined).toBe(is)
})

test('every function answers with what it needs itself', async () => {
  const seen = { duckdb: 'ok', read: 'ok' }
  expect(levels(await silver(event))).toEqual({ ...seen, write: 'ok', commits: 'ok' })
  expect(levels(await maintenance(event))).toEqual({ ...seen, write: 'ok', commits: 'ok' })
  // Without a database, a stream, a descriptor: each of it is told.
  const bad = { contracts: 'warning', database: 'wrong' }
  expect(levels(await raw(event))).toEqual({ ...seen, ...bad })
  const published = { ...seen, write: 'ok', contracts: 'ok', stream: 'wrong' }
  expect(levels(await publish(event))).toEqual(published)
  vi.stubEnv('AWS_REGION', 'eu-west-1')
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x')
  const appended = levels(await append({ ...event, stream: 'till' } as never))
  expect(appended).toEqual({ ...seen, write: 'ok', commits: 'ok', stream: 'wrong' })
})

test('a function without its settings answers, too', async () => {
  vi.stubEnv('LAKE_URL', undefined)
  expect(await silver(event)).toMatchObject([
    { check: 'settings', level: 'wrong', found: expect.stringContaining('LAKE_URL') },
  ])
})

test('a limit that cannot be read is told, as each object would fail at it', async () => {
  vi.stubEnv('SLUICE_LIMIT_BYTES', '8 GB')
  expect(await silver(event)).toMatchObject([
    { check: 'settings', level: 'wrong', found: expect.stringContaining('SLUICE_LIMIT_BYTES') },
  ])
})

test('a bucket that is not there is told once', async () => {
  const gone = Object.assign(new Error('The specified bucket does not exist'), {
    name: 'NoSuchBucket',
  })
  const list = () => {
    throw gone
  }
  const store = Object.create(files.lake.store, { list: { value: list } })
  const found = await check('lake', () => ({ ...files.lake, store }))
  expect(levels(found)).toEqual({ duckdb: 'ok', bucket: 'wrong' })
  expect(found.filter(({ level }) => level !== 'ok')).toHaveLength(1)
})

test('the event that brings an object on is one that its queue takes', async () => {
  const writing = { files: ['silver/s/t/x.parquet'], until: Date.now() - 120_000 }
  const state = { object: "bronze/s/it's.csv" }
  const record = { id: 'x', epoch: 1, state, files: [], writing, garbage: [] }
  files.put('silver/s/t/_manifests/0123456789abcdef.json', JSON.stringify(record))
  vi.stubEnv('QUEUE_URL', 'https://sqs.eu-west-1.amazonaws.com/1/silver')
  const found = await check('silver', () => files.lake)
  const cure = found.find(({ level }) => level === 'warning')?.cure ?? ''
  const words = execFileSync('bash', ['-c', `printf '%s\\n' ${cure}`], { encoding: 'utf8' })
  expect(JSON.parse(words.trim().split('\n').at(-1) ?? '')).toMatchObject({
    source: 'aws.s3',
    detail: { object: { key: "bronze/s/it's.csv" } },
  })
})

test.each([
  ['silver', false],
  ['streaming', false],
  ['maintenance', false],
  ['raw-ingestion', true],
])('whether %s loads pg: %s', (name, loads) => {
  const script = `
    await import(${JSON.stringify(join(import.meta.dirname, name, 'handler.ts'))})
    const { Module } = await import('node:module')
    console.log(Object.keys(Module._cache).some((path) => /node_modules.pg.lib/.test(path)))`
  const args = ['--input-type=module', '--eval', script]
  const out = execFileSync(process.execPath, args, { encoding: 'utf8' })
  expect(out.trim()).toBe(String(loads))
})
