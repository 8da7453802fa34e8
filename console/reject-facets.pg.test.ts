import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { etagOf, putReplay } from '../functions/replay.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import { rejectRoutes } from './rejects.ts'
import type { Facets } from './shapes.ts'

/** How many records could not go, by dataset and by rule; and all of them as a file. */

let api: Api
beforeEach(async () => {
  api = new Api(files.lake, { database: raw.database }, rejectRoutes)
  files.describe(
    'p',
    resource('t', ['id:integer', 'name'], { primaryKey: 'id' }),
    resource('child', ['n:integer', 't:integer'], {
      foreignKeys: [{ fields: 't', reference: { resource: 't', fields: 'id' } }],
    }),
  )
  files.put(key, 'id,name\n1,a\nx,b\ny,c\n1,d\nz,e,f\n')
  files.put('bronze/p/t/b.csv', 'id,name\nu,a\n')
  files.put('bronze/p/child/c.csv', 'n,t\nx,1\n2,9\n3,9\n4,1\n')
  await raw.run(key, 'bronze/p/t/b.csv', 'bronze/p/child/c.csv')
})

const key = 'bronze/p/t/a.csv'
const facets = (asked: Record<string, string> = {}) => api.get<Facets>('/rejects/facets', asked)

const ofT = [
  { rule: 'type-error', field: 'id', records: 4 },
  { rule: 'extra-cell', field: null, records: 1 },
  { rule: 'primary-key', field: 'id', records: 1 },
]
const ofChild = { rule: 'type-error', field: 'n', records: 1 }
const datasets = [
  { dataset: 'p.t', records: 5 },
  { dataset: 'p.child', records: 1 },
]

test('records are counted by dataset and by rule', async () => {
  const all = await facets()
  expect(all).toMatchObject({ total: 6, datasets, uncounted: 0 })
  expect(all.rules).toHaveLength(4)
  expect(all.rules).toEqual(expect.arrayContaining([...ofT, ofChild]))
  expect(await facets({ dataset: 'p.t' })).toEqual({ total: 5, datasets, rules: ofT, uncounted: 0 })
  expect(await facets({ dataset: 'p.none' })).toMatchObject({ total: 0, datasets, rules: [] })
  const ofB = [{ rule: 'type-error', field: 'id', records: 1 }]
  const own = [{ dataset: 'p.t', records: 1 }]
  expect(await facets({ object: 'bronze/p/t/b.csv' })).toMatchObject({
    ...{ total: 1, datasets: own, rules: ofB },
  })
})

test('what waits, waits for a parent', async () => {
  expect(await facets({ state: 'waiting' })).toEqual({
    ...{ total: 2, datasets: [{ dataset: 'p.child', records: 2 }], uncounted: 0 },
    rules: [{ rule: 'foreign-key', field: null, records: 2 }],
  })
})

test('what is mended is counted as such, and among what was rejected by rule', async () => {
  const rows = { 2: '2,b', 3: '3,c' }
  await raw.run(putReplay(files, key, await etagOf(files, key), 'id,name', rows))
  expect(await facets({ state: 'mended' })).toEqual({
    ...{ total: 2, datasets: [{ dataset: 'p.t', records: 2 }], uncounted: 0 },
    rules: [{ rule: 'type-error', field: 'id', records: 2 }],
  })
  expect(await facets({ dataset: 'p.t' })).toMatchObject({ total: 3, rules: ofT })
})

test('what an earlier Sluice has loaded is counted as well', async () => {
  await raw.query('UPDATE sluice.objects SET rules = NULL WHERE key = $1', [key])
  expect(await facets({ dataset: 'p.t' })).toMatchObject({ total: 5, rules: ofT, uncounted: 0 })
})

test('so much of it that it takes long is counted by dataset alone', async () => {
  await raw.query(
    `INSERT INTO sluice.objects (lake, key, dataset, status, records, rejected)
    SELECT lake, 'bronze/p/t/old-' || n, dataset, status, 50000, 50000
    FROM sluice.objects, generate_series(1, 2) AS n WHERE key = $1`,
    [key],
  )
  try {
    expect(await facets({ dataset: 'p.t' })).toMatchObject({ total: 100_005, uncounted: 50_000 })
  } finally {
    await raw.query(`DELETE FROM sluice.objects WHERE key ~ 'old-'`)
  }
})

test('all rejects of a dataset come as a file, under a name that is one', async () => {
  const asked = await rejectRoutes(api.place).request('/rejects.csv?dataset=p.t')
  expect(asked.headers.get('content-type')).toContain('text/csv')
  expect(asked.headers.get('content-disposition')).toBe('attachment; filename="rejects-p.t.csv"')
  // The mark by which a spreadsheet knows UTF-8 is there, which `text()` would take away.
  const lines = Buffer.from(await asked.arrayBuffer())
    .toString()
    .split('\n')
  expect(lines[0]).toBe('\ufeff_object,_version,_record,_line,_errors,_raw,id,name')
  expect(lines).toHaveLength(1 + 5 + 1)
  expect(lines[1]).toMatch(/^bronze\/p\/t\/a.csv,.*x,b$/)
  const all = await rejectRoutes(api.place).request('/rejects.csv')
  expect((await all.text()).split('\n')).toHaveLength(1 + 6 + 1)
})

test('a file of a dataset that is none is no file', async () => {
  const { status, body } = await api.ask('/rejects.csv?dataset=p.none')
  expect([status, body]).toEqual([400, { error: expect.stringContaining('p.child, p.t') }])
})

test('a name that no file has is not sent as one', async () => {
  const name = 'p."x"\r\nset-cookie: a=b;../é'
  await raw.query('UPDATE sluice.objects SET dataset = $1', [name])
  const path = `/rejects.csv?${new URLSearchParams({ dataset: name })}`
  const asked = await rejectRoutes(api.place).request(path)
  const sent = asked.headers.get('content-disposition')
  expect(sent).toBe('attachment; filename="rejects-p._x_set-cookie_a_b_.._.csv"')
  await asked.body?.cancel()
})
