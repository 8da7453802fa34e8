import { globSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('instants are UTC-adjusted in Parquet, and in the folders of their hour in UTC', async () => {
  const fields = [
    { name: 'id', type: 'integer' },
    { name: 'at', type: 'datetime', format: '%Y-%m-%d %H:%M%z' },
    { name: 'local', type: 'datetime', format: '%d.%m.%Y %H:%M' },
  ]
  const partitionBy = [{ day: 'at' }, { hour: 'at' }]
  files.describe('p', resource('t', [], { fields }, { partitionBy }))
  files.put(
    'bronze/p/t/a.csv',
    'id,at,local\n1,2020-01-05 23:30-02:00,5.1.2020 1:02\n2,2020-01-05 01:30Z,\n',
  )
  const [done] = await runSilver(files.lake, 'bronze/p/t/a.csv')
  expect(done).toMatchObject({ status: 'loaded', accepted: 2 })
  const folder = join(files.folder, 'silver/p/t')
  const folders = globSync('**/*.parquet', { cwd: folder }).map((path) => path.slice(0, 14))
  expect(folders.toSorted()).toEqual(['day=05/hour=01', 'day=06/hour=01'])
  const path = `'${folder}/**/*.parquet'`
  expect(
    await duck.all(`SELECT id::INT, "at"::VARCHAR, local::VARCHAR FROM ${path} ORDER BY 1`),
  ).toEqual([
    [1, '2020-01-06 01:30:00+00', '2020-01-05 01:02:00'],
    [2, '2020-01-05 01:30:00+00', null],
  ])
  const adjusted = await duck.all(`SELECT DISTINCT name, logical_type LIKE '%isAdjustedToUTC=1%'
    FROM parquet_schema(${path}) WHERE name IN ('at', 'local') ORDER BY 1`)
  expect(adjusted).toEqual([
    ['at', true],
    ['local', false],
  ])
})
