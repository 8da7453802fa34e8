import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../../local/fresh-database.ts'
import { emptied, resource, TestLake, TestRaw } from '../stages.fixture.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
let raw: TestRaw

beforeAll(async () => {
  database = await freshDatabase()
})
beforeEach(async () => {
  files = new TestLake()
  raw = await TestRaw.open(files.lake, await emptied(database.url))
  await raw.query('CREATE SCHEMA p')
})
afterEach(async () => {
  expect(await raw.wrongCounts()).toEqual([])
  await raw.database.end()
  files.close()
})
afterAll(() => database.drop())

const object = 'bronze/p/t/a.csv'

describe('a table that does not fit is a fault, and its message the cure', () => {
  beforeEach(() => {
    const fields = ['id:integer', 'day:date', 'name']
    files.describe('p', resource('t', fields, { primaryKey: 'id' }))
    files.put(object, 'id,day,name\n1,2026-01-31,x\n')
  })

  test.each([
    ['a type', 'id bigint PRIMARY KEY, day text, name text, _object_id bigint'],
    ['a type that is too narrow', 'id integer PRIMARY KEY, day date, name text, _object_id bigint'],
    ['a limit', 'id bigint PRIMARY KEY, day date, name varchar(3), _object_id bigint'],
    ['a missing column', 'id bigint PRIMARY KEY, day date, _object_id bigint'],
    ['no _object_id', 'id bigint PRIMARY KEY, day date, name text'],
    ['no key', 'id bigint, day date, name text, _object_id bigint'],
    ['another key', 'id bigint, day date, name text PRIMARY KEY, _object_id bigint'],
    [
      'a column that must be filled',
      'id bigint PRIMARY KEY, day date, name text, _object_id bigint, more text NOT NULL',
    ],
    ['several', '"other Name" int NOT NULL, id text, day timestamp'],
  ])('%s', async (_, columns) => {
    await raw.query(`CREATE TABLE p.t (${columns})`)
    const fault = await raw.run(object).catch((error: Error) => error)
    expect(fault).toBeInstanceOf(Error)
    const [, cure] = /run: (ALTER TABLE .*;)$/s.exec((fault as Error).message) ?? []
    expect(cure).toContain('"p"."t"')
    await raw.query(cure!)
    expect(await raw.status(object)).toBe('loaded')
    const [row] = await raw.query('SELECT id, day::text, name FROM p.t')
    expect(row).toEqual({ id: 1, day: '2026-01-31', name: 'x' })
  })

  test.each([
    ['a wider type', 'id numeric PRIMARY KEY, day date, name varchar, _object_id bigint'],
    [
      'columns of others',
      'more text DEFAULT 1, n serial, id bigint UNIQUE, name text, day date, _object_id bigint',
    ],
  ])('%s fits', async (_, columns) => {
    await raw.query(`CREATE TABLE p.t (${columns})`)
    expect(await raw.status(object)).toBe('loaded')
  })
})

describe('where a cast would not read the rows as the contract does', () => {
  const named = (type: string, more = {}) => ({ name: 'v', type, ...more })
  test.each<[string, object, object, string[], string[]]>([
    [
      'days first, written as text before',
      named('string'),
      named('date', { format: '%d/%m/%Y' }),
      ['05/03/2026', '06/03/2026'],
      ['2026-03-05', '2026-03-06'],
    ],
    [
      'thousands behind a point',
      named('string'),
      named('integer', { groupChar: '.' }),
      ['1.234', '2'],
      ['1234', '2'],
    ],
    ['what a cast rounds', named('number'), named('integer'), ['1.5', '2'], ['2']],
    [
      'a scale that is cut',
      named('number', { sluice: { decimal: [9, 3] } }),
      named('number', { sluice: { decimal: [9, 2] } }),
      ['1.005', '2.50'],
      ['2.50'],
    ],
  ])('%s: all objects are loaded anew', async (_, before, after, [one, other], wanted) => {
    const contract = (field: object) => {
      const fields = [{ name: 'id', type: 'integer' }, field]
      return { name: 't', path: 't.csv', schema: { fields }, sluice: { files: 't/**' } }
    }
    files.describe('p', contract(before))
    files.put('bronze/p/t/a.csv', `id,v\n1,${one}\n`)
    files.put('bronze/p/t/b.csv', `id,v\n2,${other}\n`)
    await raw.run('bronze/p/t/a.csv')
    await raw.run('bronze/p/t/b.csv')
    files.describe('p', contract(after))
    files.put('bronze/p/t/c.csv', 'id,v\n')
    const fault = await raw.run('bronze/p/t/c.csv').catch((error: Error) => error)
    const { message } = fault as Error
    expect(message).toMatch(/"v" is .*, not .*, and a cast would not read its rows/)
    const [, mark, rename] = /; run: (INSERT .*;) (ALTER TABLE .*;)$/.exec(message) ?? []
    await raw.query(mark!)
    // In between nothing is lost: all of them wait.
    await expect(raw.run('bronze/p/t/c.csv')).rejects.toThrow('does not fit')
    await raw.query(rename!)
    expect(await raw.status('bronze/p/t/c.csv')).toBe('loaded')
    const rows = await raw.query('SELECT v::text FROM p.t ORDER BY id')
    expect(rows.map(({ v }) => v)).toEqual(wanted)
    expect((await raw.query('SELECT * FROM p.t_before')).length).toBe(2)
  })
})

describe('a constraint that only the database knows refuses the object, for good', () => {
  test.each([
    ['check', 'CHECK (id < 5)', 'violates check constraint'],
    ['not null', '', 'violates not-null constraint'],
    ['foreign key', 'REFERENCES p.parent', 'violates foreign key constraint'],
    [
      'deferred foreign key',
      'REFERENCES p.parent DEFERRABLE INITIALLY DEFERRED',
      'violates foreign key',
    ],
    ['unique', 'UNIQUE', 'violates unique constraint'],
  ])('%s', async (kind, constraint, why) => {
    files.describe('p', resource('t', ['id:integer', 'name']))
    files.put(object, 'id,name\n7,a\n7,\n')
    const name = kind === 'not null' ? 'text NOT NULL' : 'text'
    await raw.query('CREATE TABLE p.parent (id bigint PRIMARY KEY)')
    await raw.query(`CREATE TABLE p.t (id bigint ${constraint}, name ${name}, _object_id bigint)`)
    const [outcome] = await raw.run(object)
    expect(outcome).toMatchObject({ status: 'refused', records: 0 })
    expect(outcome?.reason).toContain(why)
    expect(await raw.table('p.t')).toEqual([])
    expect(await raw.query('SELECT * FROM sluice.rejects')).toEqual([])
    expect(await raw.status(object)).toBe('refused')
  })
})

const strange = [
  `"; DROP TABLE sluice.objects; --`,
  `it's`,
  'select',
  'ünïcödé 🦆',
  'a\\b',
  '%s $1 {x}',
  'new\nline',
  'x0',
  'v0',
  'record',
  'cells',
  'offset',
  'o',
  's',
  't',
  `${'long_'.repeat(15)}1`,
  `${'long_'.repeat(15)}2`,
]

test.each(['append', 'upsert', 'replace'])('names of any kind are only names: %s', async (load) => {
  const schema = load === 'upsert' ? { primaryKey: [strange[0], strange[3]] } : {}
  const fields = strange.map((name) => ({ name, type: 'string' }))
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`
  const header = strange.map(cell).join(',')
  const row = (n: number) => strange.map((name) => cell(`${name} ${n}`)).join(',')
  files.put(
    'bronze/p p/data package.json'.replace('data package', 'datapackage'),
    JSON.stringify({
      name: 'test',
      resources: [
        {
          name: 'Tést "T"',
          path: '*',
          schema: { fields, ...schema },
          sluice: { load, files: '**' },
        },
      ],
    }),
  )
  const key = `bronze/p p/it's "a"; ü+%20 & 🦆.csv`
  files.put(key, `${header}\n${row(1)}\n${row(2)}\n`)
  expect(await raw.run(key)).toMatchObject([
    { status: 'loaded', accepted: 2, dataset: 'p_p.tést_t' },
  ])
  files.put(key, `${header}\n${row(2)}\n${row(3)}\n`)
  await raw.run(key)
  const rows = await raw.table('p_p."tést_t"')
  expect(rows).toEqual([2, 3].map((n) => strange.map((name) => `${name} ${n}`)))
})

test('text is kept as it is: empty beside missing, markers of COPY, leading zeros', async () => {
  files.describe('p', resource('t', ['name'], { missingValues: ['NA'], primaryKey: 'name' }))
  const texts = ['\\.', '\\N', '007', ' x ', 'null', '""', '"a,""b"""', '"two\nlines"', '"\n\\.\n"']
  files.put(object, `name\n${texts.join('\n')}\n`)
  expect(await raw.run(object)).toMatchObject([{ status: 'loaded', accepted: texts.length }])
  const rows = (await raw.table('p.t')).flat()
  const expected = ['\\.', '\\N', '007', ' x ', 'null', '', 'a,"b"', 'two\nlines', '\n\\.\n']
  expect(rows.toSorted()).toEqual(expected.toSorted())
})

test('two lakes in one database keep their own ledger, and their own rows', async () => {
  const other = new TestLake()
  try {
    const theirs = await TestRaw.open(other.lake, database.url)
    for (const lake of [files, other]) {
      lake.describe('p', resource('t', ['id:integer', 'name'], {}, { load: 'replace' }))
      lake.put(object, `id,name\n1,${lake === files ? 'ours' : 'theirs'}\n`)
    }
    expect([await raw.status(object), await theirs.status(object)]).toEqual(['loaded', 'loaded'])
    expect([await raw.status(object), await theirs.status(object)]).toEqual([
      'unchanged',
      'unchanged',
    ])
    expect(await raw.table('p.t')).toEqual([
      [1, 'ours'],
      [1, 'theirs'],
    ])
    const ledger = await raw.query('SELECT lake, key FROM sluice.objects ORDER BY id')
    expect(ledger).toEqual(
      [files, other].map(({ lake }) => ({ lake: lake.store.url, key: object })),
    )
    await theirs.database.end()
  } finally {
    other.close()
  }
})
