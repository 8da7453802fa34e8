import { expect, test } from 'vitest'
import { files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { Ends } from './ends.ts'
import { totalsOf } from './totals.ts'

const totals = () => totalsOf(raw.database, files.lake.store.url)

test('of an empty ledger all is nothing', async () => {
  expect(await totals()).toEqual({
    objects: { loaded: 0, published: 0, refused: 0, held: 0 },
    records: { accepted: 0, rejected: 0, waiting: 0, mended: 0, all: 0 },
    ...{ at: null, fresh: 0 },
  })
})

test('sums are of all objects of this lake, and of no other', async () => {
  files.describe(
    'p',
    resource('parent', ['id:integer'], { primaryKey: 'id' }),
    resource('child', ['of:integer'], {
      foreignKeys: [{ fields: 'of', reference: { resource: 'parent', fields: 'id' } }],
    }),
  )
  files.put('bronze/p/parent/a.csv', 'id\n1\n2\nx\n')
  files.put('bronze/p/child/a.csv', 'of\n1\n7\n')
  files.put('bronze/p/parent/wrong.csv', 'other\n1\n')
  files.put('bronze/q/held.csv', 'id\n1\n')
  const keys = ['p/parent/a.csv', 'p/child/a.csv', 'p/parent/wrong.csv', 'q/held.csv']
  await raw.run(...keys.map((key) => `bronze/${key}`))
  await raw.query(`INSERT INTO sluice.objects (lake, key, status, records, accepted)
    VALUES ('s3://other', 'bronze/p/a.csv', 'loaded', 100, 100) RETURNING id`)
  const { at, ...sums } = await totals()
  expect(sums).toEqual({
    objects: { loaded: 2, published: 0, refused: 1, held: 1 },
    records: { accepted: 3, rejected: 1, waiting: 1, mended: 0, all: 5 },
    fresh: 5,
  })
  const [newest] = await raw.query(`SELECT max(at) AS at FROM sluice.objects WHERE lake LIKE 'f%'`)
  expect(at).toBe((newest!.at as Date).toISOString())
})

test('what took long is fresh when it ends, not when it began', async () => {
  const put = (key: string, ago: string, seconds: number) =>
    raw.query(
      `INSERT INTO sluice.objects (lake, key, status, records, accepted, at, seconds)
       VALUES ($1, $2, 'loaded', 10, 10, now() - $3::interval, $4) RETURNING id`,
      [files.lake.store.url, key, ago, seconds],
    )
  await put('bronze/p/long.csv', '5 minutes', 299)
  await put('bronze/p/over.csv', '5 minutes', 10)
  expect((await totals()).fresh).toBe(10)
})

test('ends are those since the last look, each once', async () => {
  files.describe('p', resource('t', ['id:integer']))
  const ends = new Ends(raw.database, files.lake.store.url)
  const fresh = async () => (await ends.fresh()).map(({ object, status }) => `${object} ${status}`)
  files.put('bronze/p/t/a.csv', 'id\n1\n')
  await raw.run('bronze/p/t/a.csv')
  expect(await fresh()).toEqual([])
  files.put('bronze/p/t/b.csv', 'id\n1\n')
  files.put('bronze/p/t/a.csv', 'id\n2\n')
  await raw.run('bronze/p/t/b.csv')
  await raw.run('bronze/p/t/a.csv')
  expect(await fresh()).toEqual(['bronze/p/t/b.csv loaded', 'bronze/p/t/a.csv loaded'])
  expect(await fresh()).toEqual([])
})
