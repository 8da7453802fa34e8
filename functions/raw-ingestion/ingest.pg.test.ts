import { beforeEach, describe, expect, test } from 'vitest'
import { files, raw } from '../raw.fixture.ts'
import { resource } from '../stages.fixture.ts'

const keyed = { primaryKey: 'id' }

describe('append', () => {
  beforeEach(() => files.describe('p', resource('t', ['id:integer', 'name'])))

  test('a newer version of an object replaces its rows, and only its own', async () => {
    files.put('bronze/p/t/a.csv', 'id,name\n1,a\n2,a\n')
    files.put('bronze/p/t/b.csv', 'id,name\n1,b\n')
    await raw.run('bronze/p/t/a.csv', 'bronze/p/t/b.csv')
    files.put('bronze/p/t/a.csv', 'id,name\n3,a\n')
    await raw.run('bronze/p/t/a.csv')
    expect(await raw.table('p.t')).toEqual([
      [1, 'b'],
      [3, 'a'],
    ])
  })

  test('a large text that is unusual only near its end is loaded once', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `${i},name of ${i}`)
    files.put('bronze/p/t/a.csv', `id,name\n${lines.join('\n')}\n\n`)
    const [end] = await raw.run('bronze/p/t/a.csv')
    expect(end).toMatchObject({ records: 100_001, accepted: 100_000, rejected: 1 })
    expect(await raw.table('p.t')).toHaveLength(100_000)
  })

  test('a version older than the one before is the current one all the same', async () => {
    files.put('bronze/p/t/a.csv', 'id,name\n1,a\n')
    await raw.run('bronze/p/t/a.csv')
    files.put('bronze/p/t/a.csv', 'id,name\n2,a\n', 1000)
    expect(await raw.status('bronze/p/t/a.csv')).toBe('loaded')
    expect(await raw.table('p.t')).toEqual([[2, 'a']])
  })

  test('an object that is there already is unchanged, and so is the table', async () => {
    files.put('bronze/p/t/a.csv', 'id,name\n1,a\nx,b\n')
    const [first] = await raw.run('bronze/p/t/a.csv')
    const again = await raw.run('bronze/p/t/a.csv', 'bronze/p/t/a.csv')
    expect(again.map(({ status }) => status)).toEqual(['unchanged', 'unchanged'])
    expect(again[0]).toMatchObject({ records: 2, accepted: 1, rejected: 1 })
    expect(first).toMatchObject({ status: 'loaded', records: 2, accepted: 1, rejected: 1 })
    expect(await raw.table('p.t')).toEqual([[1, 'a']])
  })

  test('a deleted object changes nothing; one that never was leaves no trace', async () => {
    files.put('bronze/p/t/a.csv', 'id,name\n1,a\n')
    await raw.run('bronze/p/t/a.csv')
    files.remove('bronze/p/t/a.csv')
    expect(await raw.run('bronze/p/t/a.csv', 'bronze/p/t/never.csv')).toEqual([])
    expect(await raw.table('p.t')).toEqual([[1, 'a']])
    const keys = await raw.query('SELECT key FROM sluice.objects WHERE status = $1', ['new'])
    expect(keys).toEqual([])
  })
})

describe('replace', () => {
  beforeEach(() => {
    files.describe('p', resource('t', ['id:integer', 'name'], {}, { load: 'replace' }))
    files.put('bronze/p/t/a.csv', 'id,name\n1,a\n', 100)
    files.put('bronze/p/t/b.csv', 'id,name\n2,b\n', 200)
    files.put('bronze/p/t/c.csv', 'id,name\n3,c\n', 300)
  })

  test.each([['abc'], ['cba'], ['bca'], ['acb']])(
    'the newest object is all (%s)',
    async (order) => {
      for (const name of order) await raw.run(`bronze/p/t/${name}.csv`)
      expect(await raw.table('p.t')).toEqual([[3, 'c']])
    },
  )

  test('when the newest becomes the older one, the next newest is all', async () => {
    await raw.run('bronze/p/t/a.csv', 'bronze/p/t/b.csv', 'bronze/p/t/c.csv')
    files.put('bronze/p/t/c.csv', 'id,name\n4,c\n', 50)
    await raw.run('bronze/p/t/c.csv')
    expect(await raw.table('p.t')).toEqual([[2, 'b']])
  })
})

describe('refused', () => {
  test('a newer version that is refused leaves the rows of the earlier one', async () => {
    files.describe('p', resource('t', ['id:integer', 'name'], keyed))
    files.put('bronze/p/t/a.csv', 'id,name\n1,a\n')
    await raw.run('bronze/p/t/a.csv')
    files.put('bronze/p/t/a.csv', 'id,nome\n2,b\n')
    const [outcome] = await raw.run('bronze/p/t/a.csv')
    expect(outcome).toMatchObject({ status: 'refused', records: 0 })
    expect(outcome?.reason).toContain('nome')
    expect(await raw.table('p.t')).toEqual([[1, 'a']])
    const rows = await raw.query('SELECT status, reason, accepted FROM sluice.objects')
    expect(rows).toEqual([{ status: 'refused', reason: outcome?.reason, accepted: 1 }])
    files.put('bronze/p/t/a.csv', 'id,name\n3,c\n')
    expect(await raw.status('bronze/p/t/a.csv')).toBe('loaded')
    expect(await raw.table('p.t')).toEqual([[3, 'c']])
  })

  test('an object above maxRejectRatio is refused whole', async () => {
    files.describe('p', resource('t', ['id:integer'], {}, { maxRejectRatio: 0.4 }))
    files.put('bronze/p/t/few.csv', 'id\n1\n2\nx\n')
    files.put('bronze/p/t/many.csv', 'id\n5\nx\n')
    const outcomes = await raw.run('bronze/p/t/few.csv', 'bronze/p/t/many.csv')
    expect(outcomes.map(({ status }) => status)).toEqual(['loaded', 'refused'])
    expect(outcomes[1]?.reason).toContain('maxRejectRatio')
    expect(await raw.table('p.t')).toEqual([[1], [2]])
  })

  test('of two folders whose names fall together, the second is refused', async () => {
    for (const folder of ['p', '-p']) {
      files.describe(folder, resource('t', ['id:integer']))
      files.put(`bronze/${folder}/t/a.csv`, 'id\n1\n')
    }
    expect(await raw.status('bronze/p/t/a.csv')).toBe('loaded')
    const [second] = await raw.run('bronze/-p/t/a.csv')
    expect(second).toMatchObject({ status: 'refused' })
    expect(second?.reason).toContain('is that of bronze/p')
  })

  test.each(['sluice', 'pg_catalog', 'information-schema'])('the schema %s', async (folder) => {
    files.describe(folder, resource('objects', ['id:integer']))
    files.put(`bronze/${folder}/objects/a.csv`, 'id\n1\n')
    const [outcome] = await raw.run(`bronze/${folder}/objects/a.csv`)
    expect(outcome?.status).toBe('refused')
    expect(outcome?.reason).toContain('rename the folder')
  })
})

describe('contracts', () => {
  const descriptor = 'bronze/p/datapackage.json'

  test('what is held is loaded when its contract arrives', async () => {
    files.put('bronze/p/t/a.csv', 'id\n1\n')
    const [held] = await raw.run('bronze/p/t/a.csv')
    expect(held).toMatchObject({ status: 'held', dataset: undefined })
    expect(held?.reason).toContain('bronze/p/t/datapackage.yaml')
    files.describe('p', resource('t', ['id:integer']))
    const outcomes = await raw.run(descriptor)
    expect(outcomes).toMatchObject([{ object: 'bronze/p/t/a.csv', status: 'loaded' }])
    expect(await raw.run(descriptor)).toEqual([])
  })

  test('a broken contract refuses; mended, it lets through', async () => {
    files.describe('p', resource('t', ['id:nonsense']))
    files.put('bronze/p/t/a.csv', 'id\n1\n')
    const [refused] = await raw.run('bronze/p/t/a.csv')
    expect(refused).toMatchObject({ status: 'refused', dataset: 'p.t' })
    expect(refused?.reason).toContain('resources[0].schema.fields[0].type: found "nonsense"')
    files.put(descriptor, '{')
    const [unread] = await raw.run(descriptor)
    expect(unread?.reason).toContain('not JSON')
    files.describe('p', resource('t', ['id:integer']))
    expect(await raw.run(descriptor)).toMatchObject([{ status: 'loaded', accepted: 1 }])
  })

  test('what is loaded is not run again by a contract that changes', async () => {
    files.describe('p', resource('t', ['id:integer']))
    files.put('bronze/p/t/a.csv', 'id\n1\n-1\n')
    await raw.run('bronze/p/t/a.csv')
    files.describe('p', resource('t', ['id:string']))
    expect(await raw.run(descriptor)).toEqual([])
    expect(await raw.status('bronze/p/t/a.csv')).toBe('unchanged')
  })

  test('what is no CSV and has no contract is none of our business', async () => {
    files.put('bronze/p/README.md', '# hello\n')
    expect(await raw.run('bronze/p/README.md')).toEqual([])
    expect(
      await raw.query('SELECT 1 FROM sluice.objects WHERE key = $1', ['bronze/p/README.md']),
    ).toEqual([])
  })
})

test('a reject is kept with its bytes, line, record and every error', async () => {
  files.describe('p', resource('t', ['id:integer', 'name', 'day:date'], keyed))
  const bad = Buffer.from('"x","two\nlines \\ ""q"" caf\xe9",2026-02-30', 'latin1')
  const rest = Buffer.from('\n1,again,2026-01-01\n,,\n9,a\0b,2026-01-01\n')
  files.put(
    'bronze/p/t/a.csv',
    Buffer.concat([Buffer.from('id,name,day\n1,"a\nb",2026-01-01\n'), bad, rest]),
  )
  const [outcome] = await raw.run('bronze/p/t/a.csv')
  expect(outcome).toMatchObject({ status: 'loaded', records: 5, accepted: 1, rejected: 4 })
  const rejects = await raw.query(
    `SELECT record, line, encode(raw, 'hex') AS raw, text, errors FROM sluice.rejects ORDER BY 1`,
  )
  expect(rejects.map(({ record, line }) => [record, line])).toEqual([
    [2, 4],
    [3, 6],
    [4, 7],
    [5, 8],
  ])
  expect(rejects[0]?.raw).toBe(bad.toString('hex'))
  expect(rejects[0]?.text).toContain('caf\ufffd')
  const rules = rejects.map(({ errors }) => (errors as { rule: string }[]).map(({ rule }) => rule))
  expect(rules.slice(0, 3)).toEqual([['encoding-error'], ['primary-key'], ['blank-row']])
})
