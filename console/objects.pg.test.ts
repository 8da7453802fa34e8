import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { publicationKey } from '../core/stream/publication.ts'
import { files, raw } from '../functions/raw.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { publish } from '../functions/streaming/publish.ts'
import { drain } from '../functions/streaming/stream.fixture.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { Api } from './api.fixture.ts'
import { objectRoutes } from './objects.ts'
import type { Failure, ObjectRow, Page } from './shapes.ts'

/** The list of objects: the newest end first, page by page, as it is asked for. */

let api: Api
beforeEach(() => {
  api = new Api(files.lake, { database: raw.database }, objectRoutes)
})

const folder = 'bronze/p/t'

function describe(): void {
  files.describe(
    'p',
    resource('t', ['id:integer', 'name'], { primaryKey: 'id' }),
    resource('child', ['id:integer', 't:integer'], {
      foreignKeys: [{ fields: 't', reference: { resource: 't', fields: 'id' } }],
    }),
  )
}

/** Loads objects one after the other: each ends later than the one before. */
async function load(objects: Record<string, string>): Promise<void> {
  for (const [key, text] of Object.entries(objects)) {
    files.put(key, text)
    await raw.run(key)
    await runSilver(files.lake, key)
  }
}

const list = (asked: Record<string, string> = {}) => api.get<Page<ObjectRow>>('/objects', asked)
const keys = async (asked?: Record<string, string>) =>
  (await list(asked)).rows.map(({ object }) => object)

/** All pages, one after the other. */
async function pages(asked: Record<string, string>): Promise<string[][]> {
  const all: string[][] = []
  for (let cursor = ''; ; ) {
    const page = await list(cursor ? { ...asked, cursor } : asked)
    all.push(page.rows.map(({ object }) => object))
    if (page.next === null) return all
    cursor = page.next
  }
}

async function six(): Promise<void> {
  describe()
  await load({
    [`${folder}/1.csv`]: 'id,name\n1,a\nx,b\n',
    [`${folder}/2.csv`]: 'id,name\n2,a\n',
    [`${folder}/REFUSED.csv`]: 'id\n1\n',
    'bronze/p/child/orphan.csv': 'id,t\n1,99\n',
    'bronze/other/held.csv': 'a,b\n1,2\n',
    [`${folder}/3.csv`]: 'id,name\n3,a\n',
  })
}

const all = [
  `${folder}/3.csv`,
  'bronze/other/held.csv',
  'bronze/p/child/orphan.csv',
  `${folder}/REFUSED.csv`,
  `${folder}/2.csv`,
  `${folder}/1.csv`,
]

test('an object stands in each stage as the stage has noted it, the newest end first', async () => {
  await six()
  const { rows, next } = await list()
  expect(next).toBe(null)
  expect(rows.map(({ object }) => object)).toEqual(all)
  const counts = { records: 2, accepted: 1, rejected: 1, waiting: 0, mended: 0 }
  const end = { status: 'loaded', reason: null, ...counts, at: expect.stringMatching(/^20.+Z$/) }
  expect(rows.at(-1)).toEqual({
    ...{ object: `${folder}/1.csv`, dataset: 'p.t', size: 16, at: rows.at(-1)!.raw!.at },
    raw: { ...end, seconds: expect.any(Number) },
    silver: { ...end, seconds: expect.any(Number) },
    stream: null,
  })
  expect(rows[1]).toMatchObject({ dataset: null, raw: { status: 'held' }, silver: null })
  const reason = expect.stringContaining('missing-label')
  expect(rows[3]).toMatchObject({ raw: { status: 'refused', reason }, silver: { reason } })
})

test('page by page every object comes once, also where many have ended at once', async () => {
  await six()
  expect(await pages({ limit: '4' })).toEqual([all.slice(0, 4), all.slice(4)])
  await raw.query(`UPDATE sluice.objects SET at = '2026-03-14T09:30:00.123456Z'`)
  const byKey = all.toSorted().reverse()
  expect(await pages({ limit: '2' })).toEqual([
    byKey.slice(0, 2),
    byKey.slice(2, 4),
    byKey.slice(4),
  ])
  expect(await pages({ limit: '6' })).toEqual([byKey])
})

test('each filter leaves out what is not asked for', async () => {
  await six()
  expect(await keys({ search: 'refused' })).toEqual([all[3]])
  expect(await keys({ search: '/T/' })).toHaveLength(4)
  expect(await keys({ search: '' })).toEqual(all)
  expect(await keys({ dataset: 'p.child' })).toEqual([all[2]])
  expect(await keys({ status: 'loaded' })).toEqual([all[0], all[2], all[4], all[5]])
  expect(await keys({ status: 'refused' })).toEqual([all[3]])
  expect(await keys({ status: 'held' })).toEqual([all[1]])
  expect(await keys({ status: 'rejected' })).toEqual([all[5]])
  expect(await keys({ status: 'waiting' })).toEqual([all[2]])
  expect(await keys({ status: 'rejected', search: '2.csv' })).toEqual([])
  expect(await pages({ dataset: 'p.t', limit: '1' })).toHaveLength(4)
})

test('what is searched is a text, whatever it has in it', async () => {
  describe()
  const strange = ['50%.csv', 'a_b.csv', "it's.csv", '<img src=x onerror=alert(1)>.csv', '😀Ä.csv']
  await load(Object.fromEntries(strange.map((name) => [`${folder}/${name}`, 'id,name\n1,a\n'])))
  for (const name of strange) expect(await keys({ search: name })).toEqual([`${folder}/${name}`])
  expect(await keys({ search: '%' })).toEqual([`${folder}/50%.csv`])
  expect(await keys({ search: '_b' })).toEqual([`${folder}/a_b.csv`])
  expect(await keys({ search: `' OR true --` })).toEqual([])
})

test('what was asked wrongly is told with what is allowed', async () => {
  const wrong = async (asked: string) => {
    const { status, body } = await api.ask(`/objects?${asked}`)
    return `${status} ${(body as Failure).error}`
  }
  expect(await wrong('limit=0')).toMatch(/^400 limit: /)
  expect(await wrong('limit=201')).toMatch(/^400 limit: /)
  expect(await wrong('status=gone')).toMatch(/^400 status: /)
  expect(await wrong('cursor=x')).toBe('400 cursor: the `next` of a page is allowed, as it came')
  expect(await wrong('search=a%00b')).toMatch(/^400 search: found a NUL/)
})

test('a manifest that cannot be read is told with its object, beside the others', async () => {
  await six()
  const name = globSync('silver/p/t/_manifests/*.json', { cwd: files.folder })[0]!
  writeFileSync(join(files.folder, name), '{')
  const { rows } = await list({ dataset: 'p.t' })
  const broken = rows.filter(({ silver }) => silver?.status === 'failed')
  expect(broken).toHaveLength(1)
  expect(broken[0]!.silver!.reason).toContain('is broken')
  expect(rows.filter(({ silver }) => silver?.status === 'loaded')).toHaveLength(2)
})

test('objects of another lake in the same database are not of this one', async () => {
  describe()
  await load({ [`${folder}/1.csv`]: 'id,name\n1,a\n' })
  await raw.query(`INSERT INTO sluice.objects (lake, key, status)
    VALUES ('s3://other', '${folder}/2.csv', 'loaded'), ('${files.lake.store.url}', 'new', 'new')`)
  expect(await keys()).toEqual([`${folder}/1.csv`])
})

test('what only the stream knows stands among the others, where it has ended', async () => {
  const stream = new MemoryStream('till', 1)
  const receipts = resource('receipts', ['id:integer'], {}, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  files.describe('p', resource('t', ['id:integer'], {}, { stream: {} }))
  const flow = async (key: string, text: string) => {
    files.put(key, text)
    await publish(files.lake, stream, key)
    await drain(files.lake, stream)
  }
  await load({ [`${folder}/1.csv`]: 'id\n1\n', [`${folder}/2.csv`]: 'id\n2\n' })
  await flow('streaming/till/receipts/a.csv', 'id\n1\nx\n')
  // Both stages have this one, and it is one row; the last one the ledger does not know yet.
  await flow(`${folder}/1.csv`, 'id\n1\n')
  await flow(`${folder}/late.csv`, 'id\n1\n')
  const streamed = [`${folder}/late.csv`, 'streaming/till/receipts/a.csv']
  const { rows } = await list()
  expect(rows.map(({ object }) => object)).toEqual([
    ...streamed,
    `${folder}/2.csv`,
    `${folder}/1.csv`,
  ])
  expect(rows[1]).toMatchObject({
    ...{ dataset: 'till.receipts', size: 7, raw: null, silver: null, at: rows[1]!.stream!.at },
    stream: { status: 'loaded', records: 2, accepted: 1, rejected: 1 },
  })
  expect(rows[3]).toMatchObject({ raw: { status: 'loaded' }, stream: { status: 'loaded' } })
  expect((await pages({ limit: '1' })).flat()).toEqual(rows.map(({ object }) => object))
  expect(await keys({ status: 'rejected' })).toEqual([streamed[1]])
  expect(await keys({ status: 'waiting' })).toEqual([])
  expect(await keys({ dataset: 'till.receipts', search: 'RECEIPTS' })).toEqual([streamed[1]])
  expect(await keys({ status: 'refused' })).toEqual([])
  // A record that cannot be read hides no other.
  writeFileSync(join(files.folder, publicationKey(streamed[1]!)), '{')
  expect(await keys({ status: 'loaded', dataset: 'p.t' })).toHaveLength(3)
})
