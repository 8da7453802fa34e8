import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { etagOf, putReplay } from '../functions/replay.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { publish } from '../functions/streaming/publish.ts'
import { drain } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { Api } from './api.fixture.ts'
import { objectRoutes } from './objects.ts'
import type { ObjectDetail } from './shapes.ts'

/** All that is known of one object. */

let api: Api
beforeEach(() => {
  api = new Api(files.lake, { database: raw.database }, objectRoutes)
  const sluice = { partitionBy: ['name'] }
  files.describe('p', resource('t', ['id:integer', 'name'], { primaryKey: 'id' }, sluice))
})

const key = 'bronze/p/t/a.csv'
const detail = (of = key) => api.get<ObjectDetail>('/object', { key: of })
const asked = async (of: string) =>
  (await api.ask(`/object?${new URLSearchParams({ key: of })}`)).status

async function load(of: string, text: string): Promise<void> {
  files.put(of, text)
  await raw.run(of)
  await runSilver(files.lake, of)
}

test('an object tells where its rows and files are, and why others are not', async () => {
  await load(key, 'id,name\n1,a\n2,b\nx,c\n2,d\n3,c,4\n')
  const found = await detail()
  const id = found.id!
  expect(found).toMatchObject({
    ...{ object: key, dataset: 'p.t', size: 30, replay: null, source: null, filesLeft: 0 },
    raw: { status: 'loaded', accepted: 2, rejected: 3 },
    silver: { status: 'loaded', accepted: 2, rejected: 3 },
    stream: null,
    table: { name: '"p"."t"', rows: 2 },
    version: { etag: await etagOf(files, key), versionId: null, size: 30 },
    contract: { file: 'bronze/p/datapackage.json', hash: expect.stringMatching(/^[0-9a-f]{16}$/) },
  })
  expect(await raw.query(found.sql!)).toHaveLength(2)
  expect(found.sql).toBe(`SELECT * FROM "p"."t" WHERE _object_id = ${id}`)
  expect(found.rules).toHaveLength(3)
  for (const [rule, field] of [
    ['type-error', 'id'],
    ['primary-key', 'id'],
    ['extra-cell', null],
  ]) {
    expect(found.rules).toContainEqual({ rule, field, records: 1 })
  }
  const kinds = found.files.map(({ kind }) => kind).toSorted()
  expect(kinds).toEqual(['quarantine', 'silver', 'silver'])
  for (const file of found.files) {
    expect(await files.lake.store.head(file.key)).toMatchObject({ size: file.size })
  }
})

test('its commit records are shown as they stand', async () => {
  await load(key, 'id,name\n1,a\n')
  const { commits, id } = await detail()
  expect(commits.map(({ stage }) => stage)).toEqual(['raw-ingestion', 'silver'])
  expect(commits[0]!.record).toMatchObject({ id, key, status: 'loaded', records: 1 })
  expect(commits[0]!.record).not.toHaveProperty('lake')
  expect(commits[1]!.record).toMatchObject({ state: { object: key, records: 1 }, garbage: [] })
})

test('rules of what an earlier Sluice has loaded are counted when they are asked for', async () => {
  await load(key, 'id,name\nx,a\ny,b\n')
  await raw.query('UPDATE sluice.objects SET rules = NULL')
  expect((await detail()).rules).toEqual([{ rule: 'type-error', field: 'id', records: 2 }])
})

test('a newer version without a reject has no rules, and a refused one leaves them', async () => {
  await load(key, 'id,name\nx,a\n')
  await load(key, 'id\n1\n')
  expect(await detail()).toMatchObject({ raw: { status: 'refused' }, rules: [{ records: 1 }] })
  await load(key, 'id,name\n1,a\n')
  expect((await detail()).rules).toEqual([])
})

test('a replay object and its source name each other', async () => {
  await load(key, 'id,name\n1,a\nx,b\n')
  const replay = putReplay(files, key, await etagOf(files, key), 'id,name', { 2: '2,b' })
  await raw.run(replay)
  expect(await detail()).toMatchObject({ replay, source: null, raw: { mended: 1, rejected: 0 } })
  expect(await detail(replay)).toMatchObject({ replay: null, source: key })
})

test('what was not handled yet is there, and what never was is not', async () => {
  files.put(key, 'id,name\n1,a\n')
  const version = { etag: await etagOf(files, key), versionId: null, size: 12 }
  const nothing = { raw: null, silver: null, stream: null, id: null, table: null, sql: null }
  expect(await detail()).toMatchObject({ ...nothing, object: key, version, commits: [], at: null })
  const unseen = {
    ...{ stages: ['raw-ingestion', 'silver'], changed: false },
    next: `sluice ingest ${key}`,
  }
  expect(await detail()).toMatchObject({ dataset: 'p.t', unseen })
  expect(await asked('bronze/p/t/none.csv')).toBe(404)
  expect(await asked('../etc/passwd')).toBe(400)
  expect(await asked('a\0b')).toBe(400)
  expect(await asked('')).toBe(400)
  files.put('silver/secret', 'x')
  expect(await asked('silver/secret')).toBe(404)
})

test('a load that fails says why', async () => {
  files.put(key, 'id,name\n1,a\n')
  await raw.query('CREATE SCHEMA IF NOT EXISTS p')
  await raw.query('CREATE TABLE p.t (id bigint)')
  await expect(raw.run(key)).rejects.toThrow('does not fit')
  const reason = expect.stringContaining('does not fit')
  const failure = { reason, tries: 1, at: expect.any(String) }
  expect((await detail()).unseen).toMatchObject({ stages: ['raw-ingestion', 'silver'], failure })
})

test('what was changed since says so, and no stage but the one that has not looked', async () => {
  await load(key, 'id,name\n1,a\n')
  expect((await detail()).unseen).toBe(null)
  files.put(key, 'id,name\n1,b\n')
  await raw.run(key)
  expect((await detail()).unseen).toMatchObject({ stages: ['silver'], changed: true })
  expect((await detail('bronze/p/datapackage.json')).unseen).toBe(null)
})

test('an object of a stream that no contract lets through has an end', async () => {
  files.put('streaming/till/a.csv', 'id\n1\n')
  const stream = { status: 'held', reason: expect.stringContaining('streaming/till/'), at: null }
  expect(await detail('streaming/till/a.csv')).toMatchObject({ unseen: null, stream })
})

test('an object that is gone from Bronze is still known', async () => {
  await load(key, 'id,name\n1,a\n')
  files.remove(key)
  expect(await detail()).toMatchObject({
    ...{ raw: { status: 'loaded' }, version: { size: 12 }, unseen: null },
  })
})

test('a table that is gone is none', async () => {
  await load(key, 'id,name\n1,a\n')
  await raw.query('DROP TABLE p.t')
  expect(await detail()).toMatchObject({ table: null, sql: null })
})

test('an object of a stream tells what became of its publication', async () => {
  const stream = new MemoryStream('till', 1)
  const receipts = resource('receipts', ['id:integer'], {}, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  const streamed = 'streaming/till/receipts/a.csv'
  files.put(streamed, 'id\n1\nx\n')
  await publish(files.lake, stream, streamed)
  await drain(files.lake, stream)
  expect(await detail(streamed)).toMatchObject({
    ...{ dataset: 'till.receipts', raw: null, silver: null, id: null, table: null, files: [] },
    stream: { status: 'loaded', rejected: 1 },
    contract: { file: 'streaming/till/datapackage.json' },
    rules: [{ rule: 'type-error', field: 'id', records: 1 }],
    commits: [{ stage: 'streaming', record: { state: { object: streamed } } }],
  })
  files.put(streamed, 'id\n2\n')
  expect((await detail(streamed)).unseen).toMatchObject({ stages: ['streaming'], changed: true })
  await publish(files.lake, stream, streamed)
  const reason = expect.stringContaining('put the first content back')
  expect(await detail(streamed)).toMatchObject({
    ...{ unseen: null, stream: { status: 'refused', reason, records: 2, rejected: 1 } },
  })
  expect(await api.get('/objects', { status: 'refused' })).toMatchObject({
    rows: [{ object: streamed }],
  })
})
