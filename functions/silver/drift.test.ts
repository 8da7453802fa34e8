import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRecord } from '../../core/commit/commit-record.ts'
import { manifestKey, parseManifest } from '../../core/commit/manifest.ts'
import { type Duck, openDuck } from '../../core/duck/duckdb.ts'
import { resource, runSilver, TestLake } from '../stages.fixture.ts'

/** A header that is not the expected one, and is allowed: what becomes of it in Silver. */

const object = 'bronze/p/t/a.csv'
const fields = ['id:integer', 'seen:datetime', 'name', 'kind']
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

const run = async () => (await runSilver(files.lake, object))[0]

async function manifest() {
  const found = await readRecord(files.lake.store, manifestKey('p.t', object), parseManifest)
  return found?.record.state
}

function rows(columns: string): Promise<unknown[][]> {
  const path = join(files.folder, 'silver/p/t/**/*.parquet')
  return duck.all(
    `SELECT ${columns} FROM read_parquet('${path}', hive_partitioning = true) ORDER BY id`,
  )
}

test('the manifest keeps what was unexpected, until a version is as expected', async () => {
  files.describe('p', resource('t', fields, { fieldsMatch: 'partial' }))
  files.put(object, 'coupon,name,id\nany,a,1\n')
  const told = [
    'extra-label: "coupon" (label 1) is no field; to load it add to the contract: ' +
      '- {name: coupon, type: string}',
    'missing-label: field "seen" is not in the header: its values are null',
    'missing-label: field "kind" is not in the header: its values are null',
    'reordered: the fields are in another order than in the contract',
  ]
  expect(await run()).toMatchObject({ status: 'loaded', accepted: 1, reason: told.join('; ') })
  expect(await manifest()).toMatchObject({ status: 'loaded', reason: told.join('; ') })
  expect(await run()).toMatchObject({ status: 'unchanged', reason: undefined })
  files.put(object, 'id,seen,name,kind\n1,2026-01-01T00:00:00Z,a,b\n')
  expect(await run()).toMatchObject({ status: 'loaded', accepted: 1, reason: undefined })
  expect((await manifest())?.reason).toBe(undefined)
})

test('a field that the header lacks is a column of nulls of its own type', async () => {
  files.describe('p', resource('t', fields, { fieldsMatch: 'superset' }))
  files.put(object, 'id\n1\n2\n')
  expect(await run()).toMatchObject({ status: 'loaded', accepted: 2 })
  const types = 'typeof(id), typeof(seen), typeof(name), typeof(kind)'
  const [[id, seen, name, kind] = []] = await rows(types)
  expect([id, name, kind]).toEqual(['BIGINT', 'VARCHAR', 'VARCHAR'])
  expect(seen).toMatch(/^TIMESTAMP/)
  expect(await rows('id, seen, name, kind')).toEqual([
    [1n, null, null, null],
    [2n, null, null, null],
  ])
})

test('rows whose folder the header does not tell lie in that of missing values', async () => {
  const partitionBy = [{ year: 'seen' }, 'kind']
  files.describe('p', resource('t', fields, { fieldsMatch: 'superset' }, { partitionBy }))
  files.put(object, 'id,name\n1,a\n')
  expect(await run()).toMatchObject({ status: 'loaded', accepted: 1 })
  const folder = '__HIVE_DEFAULT_PARTITION__'
  expect(await rows('id::INT, year, kind')).toEqual([[1, null, null]])
  const keys: string[] = []
  for await (const { key } of files.lake.store.list('silver/p/t/')) keys.push(key)
  expect(keys.some((key) => key.includes(`/year=${folder}/kind=${folder}/`))).toBe(true)
})
