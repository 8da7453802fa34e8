import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import { manifestKey, parseManifest } from '../../core/commit/manifest.ts'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { resource, runSilver, TestLake } from '../stages.fixture.ts'

let files: TestLake
let duck: Duck

beforeEach(async () => {
  files = new TestLake()
  duck = await openDuck()
})
afterEach(() => {
  duck.close()
  files.close()
})

const object = 'bronze/p/t/a.csv'

/** What a plain glob over the dataset sees. */
function glob(columns = '*', dataset = 'silver/p/t', order = columns): Promise<unknown[][]> {
  const path = join(files.folder, dataset, '**/*.parquet')
  return duck.all(
    `SELECT ${columns} FROM read_parquet('${path}', hive_partitioning = true) ORDER BY ${order}`,
  )
}

async function parquetKeys(prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of files.lake.store.list(prefix)) keys.push(key)
  return keys.filter((key) => key.endsWith('.parquet'))
}

async function manifest(key = object) {
  const found = await readRecord(files.lake.store, manifestKey('p.t', key), parseManifest)
  return found?.record
}

const run = async (key = object) => (await runSilver(files.lake, key))[0]

describe('partitions', () => {
  test('by parts of a date, and by value, in folders that a plain glob reads', async () => {
    const partitionBy = [{ year: 'day' }, { month: 'day' }, 'kind']
    files.describe('p', resource('t', ['id:integer', 'day:date', 'kind'], {}, { partitionBy }))
    const kinds = ['a/b', '..', ' x y', 'é=1', "it's", '%2e', '']
    files.put(
      object,
      `id,day,kind\n${kinds.map((kind, i) => `${i},2026-0${i + 1}-05,${kind}`).join('\n')}\n8,,z\n`,
    )
    expect(await run()).toMatchObject({ status: 'loaded', accepted: 8 })
    const keys = await parquetKeys('silver/p/t/')
    expect(keys.length).toBe(8)
    expect(keys[0]).toMatch(
      /^silver\/p\/t\/year=2026\/month=01\/kind=a%2Fb\/[0-9a-f]{16}-[0-9a-f]{16}-1-\d\.parquet$/,
    )
    expect(keys.some((key) => key.includes('/kind=__HIVE_DEFAULT_PARTITION__/'))).toBe(true)
    expect(keys.some((key) => key.includes('/year=__HIVE_DEFAULT_PARTITION__/'))).toBe(true)
    const rows = await glob('id::INT, kind, year::INT, month::INT', 'silver/p/t', 'id')
    expect(rows.map((row) => row[1])).toEqual([...kinds.slice(0, -1), null, 'z'])
    expect(rows[3]).toEqual([3, 'é=1', 2026, 4])
    expect(rows[7]).toEqual([8, 'z', null, null])
  })

  test('a value too long for a folder refuses the object, and leaves nothing behind', async () => {
    files.describe('p', resource('t', ['id:integer', 'kind'], {}, { partitionBy: ['kind'] }))
    for (const length of [245, 300]) {
      files.put(object, `id,kind\n1,a\n2,${'x'.repeat(length)}\n`)
      expect(await run()).toMatchObject({ status: 'refused', records: 0 })
      expect(await parquetKeys('silver/')).toEqual([])
    }
    files.put(object, 'id,kind\n1,a\n')
    expect(await run()).toMatchObject({ status: 'loaded' })
    const name = 'n'.repeat(250)
    files.describe('p', resource('t', [name], {}, { partitionBy: [name] }))
    files.put(object, `${name}\nlonger\n`)
    expect(await run()).toMatchObject({ status: 'refused', records: 0 })
  })
})

const types = {
  integer: ['i:integer', '-9007199254740993', 'INT64', 'INT_64', -9007199254740993n],
  number: ['n:number', '0.1', 'DOUBLE', '', 0.1],
  boolean: ['b:boolean', 'true', 'BOOLEAN', '', true],
  date: ['d:date', '2024-02-29', 'INT32', 'DATE', new Date('2024-02-29')],
  time: ['c:time', '10:00:00.5', 'BYTE_ARRAY', 'UTF8', '10:00:00.5'],
  text: ['s:string', '007 é🦆', 'BYTE_ARRAY', 'UTF8', '007 é🦆'],
  year: ['y:year', '2026', 'INT64', 'INT_64', 2026n],
  object: ['o:object', '"{""a"": 1.10}"', 'BYTE_ARRAY', 'UTF8', '{"a": 1.10}'],
  array: ['l:array', '"[1, null]"', 'BYTE_ARRAY', 'UTF8', '[1, null]'],
} as const

test('types and values as DuckDB and hyparquet see them', async () => {
  const cases = Object.values(types)
  const names = cases.map(([field]) => field.split(':')[0]!)
  const fields = cases.map(([field]) => ({ name: field.split(':')[0], type: field.split(':')[1] }))
  const decimal = { name: 'm', type: 'number', sluice: { decimal: [12, 2] } }
  const when = { name: 't', type: 'datetime' }
  const schema = { fields: [...fields, decimal, when] }
  files.describe('p', { name: 't', path: 't.csv', schema, sluice: { files: 't/**' } })
  const cells = [...cases.map(([, cell]) => cell), '-1234567890.10', '2026-01-31T23:59:59.123456']
  files.put(
    object,
    `${[...names, 'm', 't'].join(',')}\n${cells.join(',')}\n,,,,,x${','.repeat(5)}\n`,
  )
  expect(await run()).toMatchObject({ accepted: 2 })

  const [key] = await parquetKeys('silver/')
  const path = join(files.folder, key!)
  const found = await duck.all(
    `SELECT name, type, concat_ws(' ', converted_type, logical_type)
     FROM parquet_schema('${path}') WHERE type IS NOT NULL`,
  )
  expect(found).toEqual([
    ...cases.map(([field, , type, logical]) => [field.split(':')[0], type, logical]),
    ['m', 'INT64', 'DECIMAL DecimalType(scale=2, precision=12)'],
    ['t', 'INT64', expect.stringContaining('isAdjustedToUTC=0')],
  ])
  const codecs = await duck.all(`SELECT DISTINCT compression FROM parquet_metadata('${path}')`)
  expect(codecs).toEqual([['ZSTD']])

  const body = readFileSync(path)
  const file = body.buffer.slice(body.byteOffset, body.byteOffset + body.length) as ArrayBuffer
  const rows = await parquetReadObjects({ file, compressors })
  const row = rows.find(({ i }) => i !== null)!
  for (const [field, , , , value] of cases) expect(row[field.split(':')[0]!]).toEqual(value)
  // hyparquet makes a double of a decimal.
  expect(row.m).toBeCloseTo(-1234567890.1, 5)
  expect(row.t).toEqual(new Date('2026-01-31T23:59:59.123Z'))
  const none = rows.find(({ i }) => i === null)!
  expect(Object.values(none).filter((value) => value !== null)).toEqual(['x'])
})

describe('versions', () => {
  const fields = ['id:integer', 'kind']
  beforeEach(() => files.describe('p', resource('t', fields, {}, { partitionBy: ['kind'] })))

  test('a newer one replaces the files: a plain glob sees its rows and no others', async () => {
    files.put(object, 'id,kind\n1,a\n2,b\n3,b\nx,b\n')
    files.put('bronze/p/t/b.csv', 'id,kind\n9,a\n')
    expect(await run()).toMatchObject({ records: 4, accepted: 3, rejected: 1 })
    await run('bronze/p/t/b.csv')
    files.put(object, 'id,kind\n2,c\n')
    expect(await run()).toMatchObject({ records: 1, accepted: 1, rejected: 0 })
    expect(await glob('id::INT, kind')).toEqual([
      [2, 'c'],
      [9, 'a'],
    ])
    expect(await glob('id', 'quarantine/p/t').catch(() => [])).toEqual([])
    expect(await run()).toMatchObject({ status: 'unchanged', records: 1 })
    const record = await manifest()
    expect(record).toMatchObject({ garbage: [], writing: null, state: { status: 'loaded' } })
  })

  test('one that is refused leaves the rows of the earlier one, and says so', async () => {
    files.put(object, 'id,kind\n1,a\n')
    await run()
    files.put(object, 'id,nope\n2,a\n')
    expect(await run()).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('nope'),
    })
    expect(await run()).toMatchObject({ status: 'refused' })
    expect(await glob('id::INT')).toEqual([[1]])
    expect((await manifest())?.state).toMatchObject({
      status: 'refused',
      reason: expect.anything(),
    })
    files.put(object, 'id,kind\n3,a\n')
    await run()
    expect(await glob('id::INT')).toEqual([[3]])
  })

  test.each([
    ['no record', 'id,kind\n', { records: 0, accepted: 0, rejected: 0 }],
    ['only rejects', 'id,kind\nx,a\ny,a\n', { records: 2, accepted: 0, rejected: 2 }],
  ])('%s: a manifest, and no file of rows', async (_, text, counts) => {
    files.put(object, text)
    expect(await run()).toMatchObject({ status: 'loaded', ...counts })
    expect(await parquetKeys('silver/')).toEqual([])
    expect((await parquetKeys('quarantine/')).length).toBe(counts.rejected > 0 ? 1 : 0)
    expect((await manifest())?.state).toMatchObject(counts)
  })
})

test('quarantine keeps object, place, bytes and every error', async () => {
  files.describe('p', resource('t', ['id:integer', 'day:date']))
  files.put(object, Buffer.from('id,day\n1,2026-01-01\nx,caf\xe9\ny,z\n', 'latin1'))
  await run()
  const rows = await glob(
    'object, record::INT, line::INT, hex(raw), text, errors::JSON::VARCHAR',
    'quarantine/p/t',
    'record',
  )
  expect(rows.map((row) => row.slice(0, 4))).toEqual([
    [object, 2, 3, Buffer.from('x,caf\xe9', 'latin1').toString('hex').toUpperCase()],
    [object, 3, 4, Buffer.from('y,z').toString('hex').toUpperCase()],
  ])
  expect(rows.map((row) => row[4])).toEqual(['x,caf\ufffd', 'y,z'])
  const errors = JSON.parse(rows[1]![5] as string) as { rule: string; field: string }[]
  expect(errors.map(({ rule, field }) => [rule, field])).toEqual([
    ['type-error', 'id'],
    ['type-error', 'day'],
  ])
})

test('a contract that changes re-runs what is refused or held, not what is loaded', async () => {
  const descriptor = 'bronze/p/datapackage.json'
  files.put(object, 'id\n1\n')
  expect(await run()).toMatchObject({ status: 'held', dataset: undefined })
  files.describe('p', resource('t', ['id:nonsense']))
  expect(await runSilver(files.lake, descriptor)).toMatchObject([{ status: 'refused' }])
  files.describe('p', resource('t', ['id:integer']))
  expect(await runSilver(files.lake, descriptor)).toMatchObject([{ status: 'loaded' }])
  files.describe('p', resource('t', ['id:string']))
  expect(await runSilver(files.lake, descriptor)).toMatchObject([{ status: 'unchanged' }])
  files.remove(object)
  expect(await runSilver(files.lake, object)).toEqual([])
  expect(await glob('id::INT')).toEqual([[1]])
})
