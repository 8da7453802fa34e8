import { beforeEach, expect, test } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource, runSilver } from '../functions/stages.fixture.ts'
import { linesOf, sluice } from './run.fixture.ts'

/** `plan` judges by the descriptor that lies there now, and says what would really be done. */

const key = 'bronze/p/t/a.csv'
const place = () => ['--lake', files.folder, '--database', database.url]

async function plan(of = key) {
  const { out, code } = await sluice('plan', of, '--json', ...place())
  return { ...linesOf(out)[0], code }
}

/** What loading it ends in, by the stages themselves. */
async function load(of = key) {
  const [end] = await raw.run(of)
  await runSilver(files.lake, of)
  return end
}

beforeEach(() => files.describe('p', resource('t', ['id:integer', 'name'])))

test('of a loaded file, what the contract of today would make of it', async () => {
  files.put(key, 'id,name\n1,a\n2,3\n')
  await load()
  const same = { would: 'change nothing', reason: 'this very version of it is loaded', code: 0 }
  expect(await plan()).toMatchObject({ ...same, records: 0 })
  files.describe('p', resource('t', ['id:integer', 'name:integer']))
  const today = await plan()
  expect(today).toMatchObject({
    ...{ would: 'change nothing', code: 0, records: 2, accepted: 1, rejected: 1 },
    rules: [{ rule: 'type-error', field: 'name', records: 1 }],
    table: {
      exists: true,
      statements: [expect.stringMatching(/sluice\.due .* RENAME TO "t_before"/)],
    },
  })
  const cures = /the contract was changed since, .*`sluice replay --all p\.t` .*`touch .*a\.csv`/
  expect(today.reason).toMatch(cures)
  const { out } = await sluice('plan', key, ...place())
  expect(out).toContain('By the contract of today it would be loaded as follows\n')
  expect(out).toContain('records    2: 1 accepted, 1 rejected, 0 waiting\n')
  // And nothing is what is done.
  expect(await raw.status(key)).toBe('unchanged')
})

test('of a loaded file that it would refuse, or name no more', async () => {
  files.put(key, 'id,name\n1,a\n')
  await load()
  files.describe('p', resource('t', ['id:integer', 'other']))
  const refused = await plan()
  expect(refused).toMatchObject({ would: 'change nothing', code: 0, records: 0 })
  expect(refused.reason).toMatch(
    /By the contract of today it would be refused: .*label 2 is "name"/,
  )
  files.describe('p', resource('else', ['id:integer']))
  const held = await plan()
  expect(held.reason).toMatch(
    /it would be held: no contract names it; raw-ingestion proposes one in bronze\/p\/t\/data/,
  )
  expect(held.reason).not.toContain('replay --all')
})

test('of a held file, and of a refused one, once the descriptor lets it through', async () => {
  files.put(key, 'id,title\n1,a\n')
  files.put('bronze/p/u/a.csv', 'id\n1\n')
  await load()
  await load('bronze/p/u/a.csv')
  expect(await plan()).toMatchObject({ would: 'refuse', code: 3 })
  expect(await plan('bronze/p/u/a.csv')).toMatchObject({ would: 'hold', code: 3 })
  files.describe('p', resource('t', ['id:integer', 'title']), resource('u', ['id:integer']))
  for (const one of [key, 'bronze/p/u/a.csv']) {
    expect(await plan(one)).toMatchObject({ would: 'load', accepted: 1, code: 0 })
    expect(await load(one)).toMatchObject({ status: 'loaded', accepted: 1 })
  }
})

test('what Postgres has and Silver has not would be loaded', async () => {
  files.put(key, 'id,name\n1,a\n')
  await raw.run(key)
  const reason = 'Postgres has this very version of it, and Silver has not'
  expect(await plan()).toMatchObject({ would: 'load', reason, accepted: 1, code: 0 })
  await runSilver(files.lake, key)
  expect(await plan()).toMatchObject({ would: 'change nothing' })
})

test('a dataset that is another folder’s is refused, as loading it is', async () => {
  files.put(key, 'id,name\n1,a\n')
  await load()
  files.describe('P', resource('t', ['id:integer', 'name']))
  files.put('bronze/P/t/a.csv', 'id,name\n1,a\n')
  const planned = await plan('bronze/P/t/a.csv')
  expect(planned).toMatchObject({ would: 'refuse', code: 3 })
  expect(planned.reason).toContain('dataset p.t is that of bronze/p; rename folder or resource')
  expect(planned.table).toBe(undefined)
  expect((await load('bronze/P/t/a.csv'))?.reason).toBe(planned.reason)
})

test('a table that does not fit is no load that goes well', async () => {
  files.put(key, 'id,name\n1,2\n')
  await load()
  files.describe('p', resource('t', ['id:integer', 'name:integer']))
  files.put('bronze/p/t/b.csv', 'id,name\n2,3\n')
  expect(await plan('bronze/p/t/b.csv')).toMatchObject({ would: 'load', rejected: 0, code: 3 })
  const { out } = await sluice('plan', 'bronze/p/t/b.csv', ...place())
  expect(out).toContain('b.csv: would be loaded into p.t, once its table fits\n')
  await raw.query('ALTER TABLE p.t ALTER COLUMN name TYPE bigint USING name::bigint')
  expect(await plan('bronze/p/t/b.csv')).toMatchObject({ would: 'load', code: 0 })
})
