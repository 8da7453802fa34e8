import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { runSilver } from '../functions/stages.fixture.ts'
import { Api } from './api.fixture.ts'
import type { AcceptAnswer, Failure, ProposalRow } from './shapes.ts'

let api: Api
beforeEach(() => {
  api = new Api(files.lake, { database: raw.database })
})

const proposal = 'bronze/shop/datapackage.proposed.yaml'
const orders = 'bronze/shop/orders.csv'
const proposals = () => api.get<ProposalRow[]>('/proposals')
const textOf = (key: string) => readFileSync(join(files.folder, key), 'utf8')
const lines = ({ diff }: ProposalRow) => diff.map(({ mark, text }) => mark + text)

test('held, looked at, accepted, and loaded by the event of the descriptor', async () => {
  files.put(orders, 'id,zip\n1,01234\n')
  expect(await raw.status(orders)).toBe('held')
  const [row, ...others] = await proposals()
  expect(others).toEqual([])
  expect(row).toMatchObject({
    ...{ package: 'shop', key: proposal, descriptor: 'bronze/shop/datapackage.yaml' },
    ...{ files: [orders], broken: null },
    etag: (await files.lake.store.head(proposal))!.etag,
  })
  expect(lines(row!).slice(0, 3)).toEqual(['+name: shop', '+resources:', '+  - name: orders'])
  const shown = row!.diff.map(({ text }) => text).join('\n')
  const answer = await api.post<AcceptAnswer>('/accept', { package: 'shop', etag: row!.etag })
  expect(answer).toEqual({ file: row!.descriptor, resources: ['orders'], keys: [orders] })
  expect(textOf(row!.descriptor)).toBe(`${shown}\n`)
  expect(api.told).toEqual([
    { event: 'changed', data: { what: 'proposal' } },
    { event: 'changed', data: { what: 'contract' } },
  ])
  expect(await proposals()).toEqual([])
  // What a watcher, or S3, tells of the descriptor: nobody has to name the files.
  expect((await raw.run(row!.descriptor)).map(({ object, status }) => [object, status])).toEqual([
    [orders, 'loaded'],
  ])
  expect((await runSilver(files.lake, row!.descriptor))[0]).toMatchObject({ status: 'loaded' })
  expect(await raw.table('shop.orders')).toEqual([[1, '01234']])
})

test('what was found in each file, until somebody has edited it', async () => {
  files.put(orders, 'id,zip\n1,01234\n2\n')
  files.put('bronze/shop/none.csv', '')
  for (const key of [orders, 'bronze/shop/none.csv']) await raw.run(key)
  const [row] = await proposals()
  const texts = [
    '2 records: 1 would be accepted, 1 rejected',
    'missing-cell: 1 record, in line 3: 1 cells; the header has 2',
  ]
  expect(row!.remarks).toEqual(texts.map((text) => ({ key: orders, text })))
  const [held] = await raw.query("SELECT reason FROM sluice.objects WHERE key LIKE '%none.csv'")
  expect(row!.without).toEqual([{ key: 'bronze/shop/none.csv', why: held!.reason }])
  files.put(proposal, textOf(proposal).replace('type: string', 'type: any'))
  const [edited] = await new Api(files.lake).get<ProposalRow[]>('/proposals')
  expect(edited).toMatchObject({ files: [orders], remarks: null, without: [] })
})

test('where nothing can be proposed, there is nothing to accept, and why is told', async () => {
  files.put('bronze/shop/none.csv', '')
  await raw.run('bronze/shop/none.csv')
  const [row] = await proposals()
  expect(row).toMatchObject({ files: [], diff: [], broken: null })
  expect(row!.without[0]!.why).toContain('none is proposed: source-error: the object is empty')
})

test('what it would add to a descriptor that stands, whose lines stay', async () => {
  const own =
    '# Mine\nresources:\n  - {name: a, path: a.csv, schema: {fields: [{name: id}]}}\n# End\n'
  files.put('bronze/shop/datapackage.yaml', own)
  files.put(orders, 'id\n1\n')
  await raw.run(orders)
  const [row] = await proposals()
  const found = lines(row!)
  const kept = found.filter((line) => line.startsWith(' '))
  expect(kept.map((line) => `${line.slice(1)}\n`).join('')).toBe(own)
  expect(found[3]).toBe('+  - name: orders')
  expect(found.at(-1)).toBe(' # End')
})

test('another proposal than the one that was looked at is not accepted', async () => {
  files.put(orders, 'id\n1\n')
  await raw.run(orders)
  const [row] = await proposals()
  files.put('bronze/shop/more.csv', 'n,m\n1,2\n')
  await raw.run('bronze/shop/more.csv')
  const late = await api.send('/accept', { package: 'shop', etag: row!.etag })
  expect([late.status, (late.body as Failure).error]).toEqual([
    ...[409, `${proposal}: it is another by now, or was accepted: look at it again`],
  ])
  expect(await files.lake.store.head('bronze/shop/datapackage.yaml')).toBeUndefined()
  const again = (await new Api(files.lake).get<ProposalRow[]>('/proposals'))[0]!
  expect(again.files).toEqual([orders, 'bronze/shop/more.csv'])
  await api.post('/accept', { package: 'shop', etag: again.etag })
  const twice = await api.send('/accept', { package: 'shop', etag: again.etag })
  expect(twice.status).toBe(409)
})

test('what comes into the proposal while it is accepted waits for another look', async () => {
  files.put(orders, 'id\n1\n')
  await raw.run(orders)
  const [row] = await proposals()
  const { store } = files.lake
  const put = store.put.bind(store)
  store.put = async (key, body, when) => {
    const done = await put(key, body, when)
    files.put(proposal, `${textOf(proposal)}# edited\n`)
    return done
  }
  const answer = await api.post<AcceptAnswer>('/accept', { package: 'shop', etag: row!.etag })
  expect(answer.resources).toEqual(['orders'])
  expect(textOf(proposal)).toContain('# edited')
  store.put = put
  const [left] = await new Api(files.lake).get<ProposalRow[]>('/proposals')
  expect(lines(left!).filter((line) => !line.startsWith(' '))).toEqual([])
})

const clash = 'resources: [{name: Orders, path: o.csv, schema: {fields: [{name: id}]}}]\n'
const bomb = [
  'a: &a [x, x]',
  ...[...'bcdefghijk'].map((name, i) => {
    return `${name}: &${name} [${`*${'abcdefghij'[i]}, `.repeat(9)}]`
  }),
  'resources: *k',
].join('\n')

test.each<[string, string, string]>([
  ['a clash', 'resources: [{name: orders, path: o.csv}]', 'resource "Orders" is there by now'],
  ['no YAML', 'resources: [', 'not YAML'],
  ['tabs', '\t- x:\n\t\ty', 'not YAML'],
  ['nothing', '', 'it proposes nothing'],
  ['a list', '- a\n- b\n', 'it proposes nothing'],
  ['no resources', 'resources: []', 'it proposes nothing'],
  ['resources that are none', 'resources: [1, null, [x]]', 'allowed: object'],
  ['an alias of nothing', 'resources: *a\n', ''],
  ['aliases beyond measure', bomb, 'it proposes nothing'],
  ['names of every object', 'resources: [{name: __proto__, constructor: 1}]', ''],
  [
    'a path that leads out',
    'resources: [{name: o, path: ../../x.csv, schema: {fields: [{name: a}]}}]',
    'allowed: a file at or below',
  ],
  ['markup', '<script>alert(1)</script>: "</td>"', 'it proposes nothing'],
  [
    'a type that is none',
    'resources: [{name: o, path: o.csv, schema: {fields: [{name: a, type: <b>}]}}]',
    'found "<b>"',
  ],
])('a proposal of %s is told as it stands, and why it cannot be', async (_, text, why) => {
  files.put('bronze/shop/datapackage.yaml', clash)
  files.put(proposal, text)
  const [row] = await proposals()
  expect(row!.broken).toContain(why)
  expect(row!.diff).toEqual(
    text === ''
      ? []
      : text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => ({ mark: '+', text: line })),
  )
  expect(row!.descriptor).toBe('bronze/shop/datapackage.yaml')
  const { status } = await api.send('/accept', { package: 'shop', etag: row!.etag })
  expect(status).toBe(400)
  expect(textOf('bronze/shop/datapackage.yaml')).toBe(clash)
})

test('a proposal that nobody could read is not read', async () => {
  files.put(proposal, `# ${'x'.repeat(5 << 20)}`)
  expect(await proposals()).toMatchObject([
    { diff: [], broken: expect.stringContaining('it has 5242882 bytes') },
  ])
})

test('a proposal in Bronze itself is of no package', async () => {
  const text = 'resources: [{name: o, path: o.csv, schema: {fields: [{name: a}]}}]'
  files.put('bronze/datapackage.proposed.yaml', text)
  const broken = expect.stringContaining('a package is a folder of its own')
  expect(await proposals()).toMatchObject([{ package: '', broken }])
})

test.each(['', '..', '../streaming/x', 'shop/../../x', '/etc', 'none'])(
  'of package %j there is nothing to accept',
  async (name) => {
    const { status } = await api.send('/accept', { package: name, etag: 'x' })
    expect(status).toBe(name === 'none' ? 409 : 400)
  },
)

test.each(['{}', '{"package": "shop"}', '[]', 'null'])('%s asks for nothing', async (body) => {
  expect((await api.send('/accept', body)).status).toBe(400)
})
