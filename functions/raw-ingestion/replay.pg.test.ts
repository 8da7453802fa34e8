import { beforeEach, describe, expect, test } from 'vitest'
import { files, raw } from '../raw.fixture.ts'
import { etagOf, putReplay, replayOf } from '../replay.fixture.ts'
import { resource } from '../stages.fixture.ts'

/** Replay objects in Postgres: rows and marks stand and fall with the version that they mend. */

const source = 'bronze/p/t/a.csv'
const header = 'id,name'

function describeTable(load: string, schema: object = {}): void {
  const keys = load === 'upsert' ? { primaryKey: 'id' } : {}
  files.describe('p', resource('t', ['id:integer', 'name'], { ...keys, ...schema }, { load }))
}

async function counts(key = source): Promise<unknown> {
  const sql = `SELECT records, accepted, rejected, waiting, mended FROM sluice.objects
    WHERE key = $1`
  return Object.values((await raw.query(sql, [key]))[0] ?? {})
}

const reasonOf = async (key: string) =>
  (await raw.query('SELECT reason FROM sluice.objects WHERE key = $1', [key]))[0]?.reason

/** The source of three records, two of them wrong; and its replay object with these rows. */
async function dropAndMend(rows: Record<number, string>): Promise<string> {
  files.put(source, `${header}\n1,Ana\nx,Bia\ny,Caio\n`)
  await raw.run(source)
  return putReplay(files, source, await etagOf(files, source), header, rows)
}

describe.each(['append', 'upsert'])('%s', (load) => {
  beforeEach(() => describeTable(load))

  test('mended rows join those of their source, and its rejects are marked', async () => {
    const replay = await dropAndMend({ 2: '2,Bia', 3: '3,Caio' })
    expect(await raw.run(replay)).toMatchObject([{ status: 'loaded', accepted: 2 }])
    expect(await raw.table('p.t')).toEqual([
      [1, 'Ana'],
      [2, 'Bia'],
      [3, 'Caio'],
    ])
    expect(await counts()).toEqual([3, 1, 0, 0, 2])
    expect(await raw.status(replay)).toBe('unchanged')
    // So that what is told adds up, also where nothing was to be done.
    const again = { status: 'unchanged', records: 3, accepted: 1, rejected: 0, mended: 2 }
    expect(await raw.run(source)).toMatchObject([again])
    expect((await raw.table('p.t')).length).toBe(3)
  })

  test('what is rejected again mends nothing, nor does what a newer replay lacks', async () => {
    const replay = await dropAndMend({ 2: 'z,Bia', 3: '3,Caio' })
    expect(await raw.run(replay)).toMatchObject([{ accepted: 1, rejected: 1 }])
    expect(await counts()).toEqual([3, 1, 1, 0, 1])
    putReplay(files, source, await etagOf(files, source), header, { 2: '2,Bia' })
    await raw.run(replay)
    expect(await counts()).toEqual([3, 1, 1, 0, 1])
    expect(await raw.table('p.t')).toEqual([
      [1, 'Ana'],
      [2, 'Bia'],
    ])
  })

  test('a newer version of the source takes the mended rows with it', async () => {
    const replay = await dropAndMend({ 2: '2,Bia' })
    await raw.run(replay)
    files.put(source, `${header}\n1,Ana\n2,Bia herself\nw,Davi\n`)
    await raw.run(source)
    expect(await raw.table('p.t')).toEqual([
      [1, 'Ana'],
      [2, 'Bia herself'],
    ])
    expect(await counts()).toEqual([3, 2, 1, 0, 0])
    expect(await counts(replay)).toEqual([0, 0, 0, 0, 0])
    expect(await reasonOf(replay)).toMatch(/^superseded: another version of bronze\/p\/t\/a\.csv/)
    putReplay(files, source, await etagOf(files, source), header, { 3: '4,Davi' })
    await raw.run(replay)
    expect(await raw.table('p.t')).toContainEqual([4, 'Davi'])
  })

  test('the mended rows go with that version also where the replay object is gone', async () => {
    const replay = await dropAndMend({ 2: '2,Bia' })
    await raw.run(replay)
    files.remove(replay)
    files.put(source, `${header}\n1,Ana\n`)
    await raw.run(source)
    expect(await raw.table('p.t')).toEqual([[1, 'Ana']])
  })

  test('a replay object of another version than the one that stands has no rows', async () => {
    await dropAndMend({})
    const replay = putReplay(files, source, 'an earlier one', header, { 2: '2,Bia' })
    expect(await raw.run(replay)).toMatchObject([
      { status: 'loaded', records: 0, reason: expect.stringMatching(/^superseded: /) },
    ])
    expect(await raw.table('p.t')).toEqual([[1, 'Ana']])
  })

  test('a refused version of the source leaves the mends as they are', async () => {
    const replay = await dropAndMend({ 2: '2,Bia' })
    await raw.run(replay)
    files.put(source, 'other,header\n')
    expect(await raw.status(source)).toBe('refused')
    await raw.run(replay)
    expect((await raw.table('p.t')).length).toBe(2)
    expect(await counts()).toEqual([3, 1, 1, 0, 1])
  })

  test('the source comes first, whoever is told first: a database that is made anew', async () => {
    files.put(source, `${header}\n1,Ana\nx,Bia\n`)
    const version = await etagOf(files, source)
    await raw.run(putReplay(files, source, version, header, { 2: '2,Bia' }))
    expect((await raw.table('p.t')).length).toBe(2)
    expect(await counts()).toEqual([2, 1, 0, 0, 1])
  })
})

test('of two rows of a key the mended one wins, as the one that came later', async () => {
  describeTable('upsert')
  const replay = await dropAndMend({ 2: '1,Bia' })
  await raw.run(replay)
  expect(await raw.table('p.t')).toEqual([[1, 'Bia']])
  putReplay(files, source, await etagOf(files, source), header, { 2: '5,Bia' })
  await raw.run(replay)
  expect(await raw.table('p.t')).toEqual([
    [1, 'Ana'],
    [5, 'Bia'],
  ])
  expect(await counts()).toEqual([3, 1, 1, 0, 1])
})

test('a mended orphan waits, is mended all the same, and goes when its parent comes', async () => {
  const key = { fields: 'id', reference: { resource: 'parents', fields: 'id' } }
  files.describe(
    'p',
    resource('parents', ['id:integer'], { primaryKey: 'id' }),
    resource('t', ['id:integer', 'name'], { foreignKeys: [key] }),
  )
  const replay = await dropAndMend({ 2: '7,Bia' })
  await raw.run(replay)
  expect(await counts(replay)).toEqual([1, 0, 0, 1, 0])
  expect(await counts()).toEqual([3, 0, 1, 1, 1])
  files.put('bronze/p/parents/1.csv', 'id\n7\n')
  await raw.run('bronze/p/parents/1.csv')
  expect(await raw.table('p.t')).toEqual([[7, 'Bia']])
  expect(await counts(replay)).toEqual([1, 1, 0, 0, 0])
})

const strange: [string, string, RegExp][] = [
  [
    'of two versions',
    `${source},v,2,3,2,B\n${source},w,3,4,3,C\n`,
    /not as `sluice replay` writes/,
  ],
  ['of another source', 'bronze/p/t/b.csv,v,2,3,2,B\n', /not as `sluice replay` writes/],
  ['a record twice', `${source},v,2,3,2,B\n${source},v,2,3,3,C\n`, /not as `sluice replay` writes/],
  ['without a row', '', /not as `sluice replay` writes/],
  ['a broken quote', `${source},v,2,3,"2,B\n`, /broken: it is never closed/],
]

test.each(strange)('a replay object made by hand is refused: %s', async (_, rows, reason) => {
  describeTable('append')
  await dropAndMend({})
  files.put(replayOf(source), `_object,_version,_record,_line,${header}\n${rows}`)
  expect(await raw.run(replayOf(source))).toMatchObject([
    { status: 'refused', reason: expect.stringMatching(reason) },
  ])
  expect(await raw.table('p.t')).toEqual([[1, 'Ana']])
})

test('rejects that nobody knows the source of are refused, until it is there', async () => {
  describeTable('append')
  const replay = putReplay(files, source, 'v', header, { 2: '2,Bia' })
  expect(await raw.run(replay)).toMatchObject([{ status: 'refused' }])
  files.put(source, `${header}\n1,Ana\nx,Bia\n`)
  putReplay(files, source, await etagOf(files, source), header, { 2: '2,Bia' })
  expect(await raw.status(replay)).toBe('loaded')
})

test('what else lies below _replay/ is no object, whatever a glob says', async () => {
  files.describe('p', resource('t', ['id:integer', 'name'], {}, { files: '**' }))
  for (const key of ['bronze/p/_replay/t/x.csv', 'bronze/p/_replay/u/0123456789abcdef.csv']) {
    files.put(key, `${header}\n1,Ana\n`)
    expect(await raw.run(key)).toEqual([])
  }
  expect(await raw.query('SELECT * FROM sluice.objects')).toEqual([])
})

test('a replaced dataset has no replay objects', async () => {
  describeTable('replace')
  const replay = await dropAndMend({ 2: '2,Bia' })
  expect(await raw.run(replay)).toMatchObject([
    { status: 'refused', reason: expect.stringContaining('newest object alone') },
  ])
  expect(await raw.table('p.t')).toEqual([[1, 'Ana']])
})
