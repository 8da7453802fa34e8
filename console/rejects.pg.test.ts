import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { etagOf, putReplay, replayOf } from '../functions/replay.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import { rejectRoutes } from './rejects.ts'
import type { Failure, Page, RejectRow } from './shapes.ts'

/** Records that were rejected, wait or are mended: what each tells, and all of them in pages. */

let api: Api
beforeEach(() => {
  api = new Api(files.lake, { database: raw.database }, rejectRoutes)
  describe()
})

const key = 'bronze/p/t/a.csv'

function describe(sluice: object = {}): void {
  const schema = 'load' in sluice ? {} : { primaryKey: 'id' }
  const parent = { fields: 't', reference: { resource: 't', fields: 'id' } }
  files.describe(
    'p',
    resource('t', ['id:integer', 'name'], schema, sluice),
    resource('child', ['n:integer', 'The t:integer'], {
      ...('load' in sluice ? {} : { foreignKeys: [{ ...parent, fields: 'The t' }] }),
    }),
  )
}

async function load(text: string | Buffer, of = key): Promise<void> {
  files.put(of, text)
  await raw.run(of)
}

type Asked = Record<string, string>
const texts = async (asked?: Asked) => (await rows(asked)).map(({ text }) => text)

/** All pages, one after the other: how many rows each has, is a question of time. */
async function rows(asked: Asked = {}): Promise<RejectRow[]> {
  const all: RejectRow[] = []
  for (let cursor = ''; ; ) {
    const page = await api.get<Page<RejectRow>>('/rejects', cursor ? { ...asked, cursor } : asked)
    expect(page.rows.length).toBeLessThanOrEqual(Number(asked.limit ?? 50))
    all.push(...page.rows)
    if (page.next === null) return all
    cursor = page.next
  }
}

test('a reject tells where it stands, its text, its cells and every error', async () => {
  await load('id,name\n1,a\nx,"b, ""B"""\n2\n3,c,d\n')
  const [first, missing, extra] = await rows()
  expect(first).toEqual({
    ...{ object: key, dataset: 'p.t', version: await etagOf(files, key), record: 2, line: 3 },
    text: 'x,"b, ""B"""',
    cells: [
      { label: 'id', value: 'x' },
      { label: 'name', value: 'b, "B"' },
    ],
    errors: [{ rule: 'type-error', field: 'id', value: 'x', message: expect.any(String) }],
    mendable: true,
  })
  expect(missing!.cells).toEqual([
    { label: 'id', value: '2' },
    { label: 'name', value: '' },
  ])
  expect(extra!.cells!.at(-1)).toEqual({ label: '', value: 'd' })
})

test('what cannot be cut into cells is shown as it is, and is mended in a file', async () => {
  await load(Buffer.from('id,name\n1,"a\n2,\xff\n', 'latin1'))
  await load('id,name\n1,a\0b\n', 'bronze/p/t/nul.csv')
  const found = await rows()
  expect(found.length).toBeGreaterThan(1)
  for (const { cells, mendable } of found) {
    expect(cells).toBe(null)
    expect(mendable).toContain('CSV file')
  }
  expect(found[0]!.text).toBe('1,a\ufffdb')
})

test('a text that is very long is cut, and is mended in a file', async () => {
  await load(`id,name\nx,${'😀'.repeat(9_998)}\ny,${'😀'.repeat(9_999)}\n`)
  const [whole, cut] = await rows()
  expect(whole).toMatchObject({ mendable: true, cells: [{ value: 'x' }, {}] })
  expect([...cut!.text]).toHaveLength(10_000)
  expect(cut).toMatchObject({ cells: null, mendable: expect.stringContaining('10000') })
})

test('texts of any kind come as they are, and are found', async () => {
  const strange = [
    '<script>alert(1)</script>',
    `'; DROP TABLE x; --`,
    '50%',
    'a_b',
    '"',
    'É\\',
    '$1',
  ]
  await load(`id,name\n${strange.map((name) => `x,"${name.replaceAll('"', '""')}"`).join('\n')}\n`)
  const found = await rows()
  expect(found.map(({ cells }) => cells![1]!.value)).toEqual(strange)
  const search = async (text: string) =>
    (await rows({ search: text })).map(({ cells }) => cells![1]!.value)
  for (const text of strange.filter((one) => one !== '"'))
    expect(await search(text)).toEqual([text])
  expect(await search('ALERT')).toEqual([strange[0]])
  expect(await search('%')).toEqual(['50%'])
  expect(await search('_b')).toEqual(['a_b'])
})

test('page by page every record comes once, the newest object first', async () => {
  await load('id,name\nx,a\n1,a\ny,b\nz,c\n')
  await load('id,name\n2,a\n', 'bronze/p/t/b.csv')
  await load('id,name\nu,a\nv,b\n', 'bronze/p/t/c.csv')
  const expected = ['u,a', 'v,b', 'x,a', 'y,b', 'z,c']
  expect(await texts()).toEqual(expected)
  for (const limit of ['1', '2', '3', '5']) {
    expect((await rows({ limit })).map(({ text }) => text)).toEqual(expected)
  }
})

test('so they do of thousands, in one object and in many', async () => {
  const many = Array.from({ length: 2_500 }, (_, i) => `x${i},${i === 2_300 ? 'Needle' : 'a'}`)
  await load(`id,name\n${many.join('\n')}\n`)
  await raw.query(`INSERT INTO sluice.objects
      (lake, key, dataset, status, loaded_etag, records, rejected)
    SELECT lake, 'bronze/p/t/small-' || n, dataset, status, 'e', 1, 1
    FROM sluice.objects, generate_series(1, 450) AS n`)
  await raw.query(`INSERT INTO sluice.rejects (object_id, record, line, raw, text, errors)
    SELECT id, 1, 2, '', CASE WHEN key ~ '-7$' THEN 'needle' ELSE 'b' END,
      jsonb_build_array(jsonb_build_object('rule', CASE WHEN key ~ '-7$' THEN 'rare' ELSE 'r' END))
    FROM sluice.objects WHERE key ~ 'small-'`)
  const all = await rows({ limit: '200' })
  expect(new Set(all.map(({ object, record }) => `${object} ${record}`)).size).toBe(2_950)
  expect(all).toHaveLength(2_950)
  const places = (found: RejectRow[]) => found.map(({ object, record }) => [object, record])
  const needles = [
    ['bronze/p/t/small-7', 1],
    [key, 2_301],
  ]
  expect(places(await rows({ limit: '50', search: 'needle' }))).toEqual(needles)
  expect(places(await rows({ limit: '1', search: 'needle' }))).toEqual(needles)
  expect(places(await rows({ limit: '50', rule: 'rare' }))).toEqual([needles[0]])
  expect(await rows({ limit: '50', search: 'nowhere' })).toEqual([])
})

test('each filter leaves out what is not asked for', async () => {
  await load('id,name\nx,a\n5,a,b\n1,a\n,d\n1,c\n')
  await load('n,The t\ny,1\n', 'bronze/p/child/c.csv')
  const [child, ...own] = ['y,1', 'x,a', '5,a,b', ',d', '1,c']
  expect(await texts()).toEqual([child, ...own])
  expect(await texts({ dataset: 'p.t' })).toEqual(own)
  expect(await texts({ dataset: 'p.none' })).toEqual([])
  expect(await texts({ object: key })).toEqual(own)
  expect(await texts({ object: 'bronze/p/t/none.csv' })).toEqual([])
  expect(await texts({ rule: 'type-error' })).toEqual([child, 'x,a'])
  expect(await texts({ rule: 'type-error', field: 'id' })).toEqual(['x,a'])
  expect(await texts({ field: 'n' })).toEqual([child])
  expect(await texts({ rule: 'primary-key' })).toEqual([',d', '1,c'])
  expect(await texts({ rule: 'type-error', field: 'name' })).toEqual([])
  expect(await texts({ field: '' })).toEqual(['5,a,b'])
  expect(await texts({ rule: 'extra-cell', field: '' })).toEqual(['5,a,b'])
  expect(await texts({ rule: 'type-error', field: '' })).toEqual([])
  expect(await texts({ search: ',C', dataset: 'p.t' })).toEqual(['1,c'])
  // Of what an earlier Sluice has loaded, no rules are noted.
  await raw.query('UPDATE sluice.objects SET rules = NULL')
  expect(await texts({ rule: 'type-error', field: 'id' })).toEqual(['x,a'])
})

test('rows that wait are shown as they will be, with what they wait for', async () => {
  await load('n,The t\n1,7\n2,12345678901234567890\n', 'bronze/p/child/c.csv')
  await load('n,The t\n3,8\n', 'bronze/p/child/d.csv')
  const waiting = await rows({ state: 'waiting', object: 'bronze/p/child/c.csv' })
  expect(waiting).toHaveLength(1)
  expect(waiting[0]).toMatchObject({
    ...{ dataset: 'p.child', record: 1, line: 2, mendable: expect.stringContaining('parent') },
    cells: [
      { label: 'n', value: '1' },
      { label: 'The t', value: '7' },
    ],
    errors: [{ rule: 'foreign-key', field: 'The t', value: '7', message: 'waits for p.t id = 7' }],
  })
  const records = async (asked: Asked) =>
    (await rows({ limit: '1', state: 'waiting', ...asked })).map(({ object }) => object!.slice(-5))
  expect(await records({})).toEqual(['d.csv', 'c.csv'])
  expect(await records({ rule: 'foreign-key' })).toEqual(['d.csv', 'c.csv'])
  expect(await records({ rule: 'type-error' })).toEqual([])
  expect(await records({ search: '8' })).toEqual(['d.csv'])
})

test('what is mended is no longer rejected', async () => {
  await load('id,name\n1,a\nx,b\ny,c\n')
  const replay = putReplay(files, key, await etagOf(files, key), 'id,name', { 2: '2,b' })
  await raw.run(replay)
  expect(await texts()).toEqual(['y,c'])
  expect(await rows({ state: 'mended' })).toMatchObject([{ record: 2, text: 'x,b', object: key }])
})

test('why a reject cannot be mended here is told with it', async () => {
  const why = async () => (await rows())[0]!.mendable
  await load('id,name\nx,a\n')
  expect(await why()).toBe(true)
  describe({ load: 'replace' })
  expect(await why()).toContain('load: replace')
  files.put('bronze/p/datapackage.json', '{')
  expect(await why()).toContain('bronze/p/datapackage.json')
  files.remove('bronze/p/datapackage.json')
  expect(await rows()).toMatchObject([{ mendable: 'no contract names it any more', cells: null }])
})

test('a reject of a replay object is mended in its source', async () => {
  await load('id,name\nx,b\ny,c\n')
  const replay = putReplay(files, key, await etagOf(files, key), 'id,name', { 1: 'still,b' })
  await raw.run(replay)
  const [own] = await rows({ object: replayOf(key) })
  expect(own).toMatchObject({ text: expect.stringContaining('still,b') })
  expect(own!.mendable).toContain('mend the object that its rows are of')
})

test('an object of another lake in the same database is not of this one', async () => {
  await load('id,name\nx,b\n')
  await raw.query(`UPDATE sluice.objects SET lake = 's3://other'`)
  expect(await rows()).toEqual([])
})

test('what was asked wrongly is told with what is allowed', async () => {
  const wrong = async (asked: string) => {
    const { status, body } = await api.ask(`/rejects?${asked}`)
    return `${status} ${(body as Failure).error}`
  }
  expect(await wrong('state=gone')).toMatch(/^400 state: /)
  expect(await wrong('limit=1000')).toMatch(/^400 limit: /)
  expect(await wrong('cursor=eyJpZCI6MX0')).toMatch(/^400 cursor: /)
  expect(await wrong('rule=a%00')).toMatch(/^400 rule: found a NUL/)
})
