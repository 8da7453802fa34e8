import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { linesOf, sluice } from './run.fixture.ts'

/** What somebody is told who is new here: what was found, and what to do next. */

const at = (path: string) => join(files.folder, path)
const place = () => ['--lake', files.folder, '--database', database.url]

test.each([
  ['status'],
  ['rejects'],
  ['console'],
  ['query', 'SELECT 1'],
  ['plan', 'a.csv'],
  ['accept', 'shop'],
  ['replay', '--all', 'shop.orders'],
  ['publish', '--stream', 'till'],
  ['compact'],
  ['vacuum'],
])('%s of a lake that is mistyped: it is no lake, and does not become one', async (...words) => {
  const { err, out, code } = await sluice(...words, '--lake', at('none'))
  expect([out, code]).toEqual(['', 2])
  const start = `sluice start --lake ${at('none')}`
  const cure = `name one by --lake; \`${start}\` makes a new one`
  expect(err).toBe(`sluice: there is no lake ${at('none')}: ${cure}\n`)
  expect(existsSync(at('none'))).toBe(false)
})

describe('a lake that cannot be', () => {
  test.each([
    ['a file', () => at('a.csv'), /^sluice: --lake: .*a\.csv is a file: name a folder\n$/],
    ['no name', () => '', /^sluice: --lake: found nothing; allowed: a folder, /],
    ['a slash too few', () => 's3:/lake', /^sluice: --lake: found s3:\/lake; allowed: .*s3:\/\//],
    ['another store', () => 'gs://lake', /^sluice: --lake: found gs:\/\/lake; allowed: a folder/],
    ['a host', () => 'file://lake', /^sluice: --lake: found file:\/\/lake; allowed: file:\/\/\/p/],
  ])('%s', async (_, lake, told) => {
    files.put('a.csv', 'id\n')
    for (const words of [['status'], ['start', '--once'], ['query', 'SELECT 1'], ['vacuum']]) {
      const { out, err, code } = await sluice(...words, '--lake', lake())
      expect(err).toMatch(told)
      expect([out, code]).toEqual(['', 2])
    }
    expect(existsSync('s3:')).toBe(false)
  })
})

describe('of a lake where nothing is', () => {
  test.each<[string[], string, number]>([
    [['start', '--once'], 'No object was to be loaded.', 0],
    [['status'], 'No object was taken yet: put files into bronze/<package>/ of the lake, and', 0],
    [['rejects'], 'Nothing was rejected.', 0],
    [['rejects', '--waiting'], 'Nothing waits.', 0],
    [['rejects', '--mended'], 'Nothing was mended.', 0],
    [['replay', '--all', 'p.t'], 'no object of dataset p.t was taken; datasets here: none', 2],
    [['accept', 'p'], 'there is no proposal to accept; one is made for each file without', 2],
  ])('%j', async (words, told, wanted) => {
    const { out, err, code } = await sluice(...words, ...place())
    expect(out + err).toContain(told)
    expect(code).toBe(wanted)
  })

  test.each<[string[], string]>([
    [['publish', '--stream', 's'], 'No object of a streamed dataset is to be published.'],
    [['compact'], 'No partition has small files to be merged.'],
    [['vacuum'], 'Deleted 0 fences, 0 orphans, 0 checkpoints.'],
  ])('%j', async (words, told) => {
    const { out, code } = await sluice(...words, '--lake', files.folder)
    expect([out, code]).toEqual([`${told}\n`, 0])
  })
})

describe('a file that is named', () => {
  test.each<[string, string[], string]>([
    ['nowhere', ['none.csv'], 'there is no file none.csv in file://'],
    ['gone from Bronze', ['bronze/p/none.csv'], 'there is no object bronze/p/none.csv in file://'],
    ['a folder', ['bronze/p'], 'is a folder: name files; `sluice start --once --lake'],
    ['elsewhere', ['elsewhere.csv'], '--package <folder>'],
    ['of a stream', ['streaming/p/a.csv'], 'does it, or `sluice publish streaming/p/a.csv --lake'],
  ])('%s', async (_, [path = ''], told) => {
    files.put('bronze/p/a.csv', 'id\n1\n')
    files.put('streaming/p/a.csv', 'id\n1\n')
    files.put('elsewhere.csv', 'id\n1\n')
    for (const command of ['ingest', 'plan']) {
      const { err, code } = await sluice(command, path === 'none.csv' ? path : at(path), ...place())
      expect(err).toContain(told)
      expect(code).toBe(2)
    }
  })

  test('for replay or init, where there is none', async () => {
    for (const path of [at('none.csv'), files.folder]) {
      const replay = await sluice('replay', path, ...place())
      expect(replay).toMatchObject({ code: 2, err: expect.stringContaining('fix.csv` writes one') })
    }
    const init = await sluice('init', files.folder)
    expect(init.err).toMatch(/is no file: give the path of a CSV file/)
  })
})

test('a file from elsewhere becomes an object, whole, and is loaded', async () => {
  files.describe('p', resource('all', ['id:integer'], {}, { files: '*.csv' }))
  files.put('elsewhere.csv', 'id\n1\n')
  const words = ['ingest', at('elsewhere.csv'), '--package', 'p', '--json']
  const { out, code } = await sluice(...words, ...place())
  expect(linesOf(out)).toMatchObject([{ status: 'loaded' }, { object: 'bronze/p/elsewhere.csv' }])
  expect(code).toBe(0)
  expect(await raw.table('p.all')).toEqual([[1]])
})

test('a dataset that is mistyped is told with the one that is near', async () => {
  files.describe('stall', resource('orders', ['id:integer']), resource('products', ['id:integer']))
  const { err, code } = await sluice('rejects', 'stall.ordres', ...place())
  const [meant, all] = ['did you mean stall.orders?', 'datasets here: stall.orders, stall.products']
  expect(err).toBe(`sluice: no object of dataset stall.ordres was taken; ${meant} ${all}\n`)
  expect(code).toBe(2)
  expect((await sluice('rejects', 'stall.orders', ...place())).code).toBe(0)
})

test('of other packages, that they have a proposal', async () => {
  files.put('bronze/cafe/datapackage.proposed.yaml', 'resources: []\n')
  const { err } = await sluice('accept', 'coffee', ...place())
  expect(err).toMatch(/there is no proposal to accept; there is one for cafe\n$/)
})

test('a database that is away is named, without its password, and how to mend it', async () => {
  const away = 'postgres://me:p4ss@127.0.0.1:1/shop'
  const { err, code } = await sluice('status', '--lake', files.folder, '--database', away)
  expect(err).toMatch(/the database at 127\.0\.0\.1:1\/shop is away: .*; start Postgres there, or/)
  expect(err).not.toContain('p4ss')
  expect(code).toBe(1)
})

describe('a user who may only read', () => {
  const role = `reader_${process.pid}`
  afterEach(async () => {
    await raw.query(`DROP OWNED BY ${role}`)
    await raw.query(`DROP ROLE ${role}`)
  })

  test('looks, and is told at once what loading wants', async () => {
    await raw.query(`CREATE ROLE ${role} LOGIN PASSWORD 'r'`)
    await raw.query(`GRANT USAGE ON SCHEMA sluice TO ${role}`)
    await raw.query(`GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO ${role}`)
    mkdirSync(at('bronze'), { recursive: true })
    files.put('bronze/p/a.csv', 'id\n1\n')
    const url = Object.assign(new URL(database.url), { username: role, password: 'r' }).href
    const reader = ['--lake', files.folder, '--database', url]
    const { out, code } = await sluice('status', ...reader)
    expect(out).toContain('bronze/p/a.csv: not taken yet')
    expect(code).toBe(3)
    for (const words of [
      ['ingest', 'bronze/p/a.csv'],
      ['start', '--once'],
      ['accept', 'p'],
    ]) {
      const { err, code } = await sluice(...words, ...reader)
      expect(err).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sluice`)
      expect(err).toContain(`TO "${role}"`)
      expect(code).toBe(2)
    }
  })
})
