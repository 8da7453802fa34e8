import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { installAwsS3 } from './aws-s3.ts'
import { openEndpoint } from './endpoint.fixture.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>
let lake: string
let bucket: string

beforeAll(async () => {
  api = await openEndpoint()
  await installAwsS3(api.url, api.endpoint)
  // Nobody but its owner may enter it: Postgres may run as another user.
  lake = await mkdtemp(join(tmpdir(), 'sluice-lake-'))
  bucket = pathToFileURL(lake).href
  await api.run('CREATE TABLE t1 (a integer, b text)')
  await api.run('CREATE SCHEMA "my shop"')
  await api.run('CREATE TABLE "my shop"."Or ders" (a integer, b text)')
  await writeFile(join(lake, 'two.csv'), '1,one\n2,"two, too"\n')
})
beforeEach(async () => {
  await api.run('TRUNCATE t1, "my shop"."Or ders"')
})
afterAll(async () => {
  await api.close()
  await rm(lake, { recursive: true })
})

const two = [
  [{ longValue: 1 }, { stringValue: 'one' }],
  [{ longValue: 2 }, { stringValue: 'two, too' }],
]

test('the rows of a file are imported, and counted as AWS says it', async () => {
  expect(await importInto('t1', '', '(format csv)', 'two.csv')).toBe(
    '2 rows imported into relation "t1" from file two.csv of 19 bytes',
  )
  expect(await rowsOf('t1')).toEqual(two)
})

test('a key may hold whatever a key holds', async () => {
  const key = `a folder/it's "$HOME" \`x\` %2e é ;&|<>.csv`
  await mkdir(join(lake, 'a folder'))
  await copyFile(join(lake, 'two.csv'), join(lake, key))
  expect(await importInto('t1', '', '(format csv)', key)).toContain(`from file ${key} of 19 bytes`)
  expect(await rowsOf('t1')).toEqual(two)
})

test('a table may be of another schema, and quoted; its columns may be chosen', async () => {
  const table = '"my shop"."Or ders"'
  await importInto(table, '', '(format csv)', 'two.csv')
  expect(await rowsOf(table)).toEqual(two)
  await importInto('t1', 'b, a', "DELIMITER '|' CSV HEADER", await file('b|a\none|1\n'))
  expect(await rowsOf('t1')).toEqual([two[0]])
})

test('a temporary table of the transaction is imported into', async () => {
  const transactionId = await api.begin()
  await api.run('CREATE TEMP TABLE staged (LIKE t1)', { transactionId })
  const sql = `SELECT aws_s3.table_import_from_s3('pg_temp.staged', '', 'csv',
    aws_commons.create_s3_uri(:bucket, 'two.csv', 'us-east-1'))`
  const parameters = [{ name: 'bucket', value: { stringValue: bucket } }]
  const { records } = await api.run(sql, { transactionId, parameters })
  expect(records![0]![0]!.stringValue).toContain('2 rows imported into relation "pg_temp.staged"')
  await api.run('INSERT INTO t1 SELECT * FROM staged', { transactionId })
  await api.commit(transactionId)
  expect(await rowsOf('t1')).toEqual(two)
})

test('what is imported is rolled back with its transaction', async () => {
  const transactionId = await api.begin()
  await importInto('t1', '', '(format csv)', 'two.csv', transactionId)
  expect((await api.run('SELECT FROM t1', { transactionId })).records).toHaveLength(2)
  await api.rollBack(transactionId)
  expect(await rowsOf('t1')).toEqual([])
})

test('an empty file has no rows', async () => {
  expect(await importInto('t1', '', '(format csv)', await file(''))).toMatch(/^0 rows .* 0 bytes$/)
})

test.each([
  ['t1', '', '(format csv)', '1,one\nx,two\n', '22P02'],
  ['t1', '', '(format csv)', '1,one\n2\n', '22P04'],
  ['t1', '', '(format csv)', '1,"one\n', '22P04'],
  ['t1', 'a, c', '(format csv)', '1,one\n', '42703'],
  ['t2', '', '(format csv)', '1,one\n', '42P01'],
  ['t1', '', '(format cvs)', '1,one\n', '22023'],
])('%s (%s) %s of %j imports nothing: %s', async (table, columns, options, text, code) => {
  await expect(importInto(table, columns, options, await file(text))).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(new RegExp(`SQLState: ${code}$`)),
  })
  expect(await rowsOf('t1')).toEqual([])
})

test('a file that is not there is an error, and so is a folder', async () => {
  await expect(importInto('t1', '', '(format csv)', 'none.csv')).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(/^ERROR: HTTP 404\. .*SQLState: XX000$/),
  })
  await mkdir(join(lake, 'folder.csv'))
  await expect(importInto('t1', '', '(format csv)', 'folder.csv')).rejects.toThrow(
    'SQLState: 38000',
  )
})

test('a file that ends before its time imports nothing', async () => {
  const key = 'big.csv'
  await writeFile(join(lake, key), '1,one\n'.repeat(4_000_000))
  let isOver = false
  const outcome = importInto('t1', '', '(format csv)', key)
    .catch((error: Error) => error.message)
    .finally(() => {
      isOver = true
    })
  while ((await importing()) === 0 && !isOver);
  await truncate(join(lake, key), 6_000_000)
  expect(await outcome).toBe('ERROR: big.csv could not be read to its end; SQLState: 38000')
  expect(await rowsOf('t1')).toEqual([])
})

test('nobody reads without the token', async () => {
  const address = { bucket, key: 'two.csv' }
  const hex = Buffer.from(JSON.stringify(address)).toString('hex')
  const read = (token: string) =>
    fetch(`${api.endpoint.url}/objects/${token}/body/${hex}`).then(({ status }) => status)
  expect(await read('')).toBe(403)
  expect(await read('0'.repeat(32))).toBe(403)
  expect(await read(api.endpoint.objects.token)).toBe(200)
})

let files = 0

async function file(text: string): Promise<string> {
  const key = `file-${++files}.csv`
  await writeFile(join(lake, key), text)
  return key
}

async function importInto(
  table: string,
  columns: string,
  options: string,
  key: string,
  transactionId?: string,
): Promise<string | undefined> {
  const values = [table, columns, options, bucket, key, 'us-east-1']
  const parameters = values.map((stringValue, n) => ({ name: `${n}`, value: { stringValue } }))
  const within = transactionId ? { transactionId } : {}
  const sql = 'SELECT aws_s3.table_import_from_s3(:0, :1, :2, :3, :4, :5)'
  const { records } = await api.run(sql, { parameters, ...within })
  return records?.[0]?.[0]?.stringValue
}

async function rowsOf(table: string) {
  return (await api.run(`SELECT * FROM ${table} ORDER BY a`)).records
}

/** Imports that have begun. */
async function importing(): Promise<number> {
  const { records } = await api.run(
    `SELECT count(*) FROM pg_stat_progress_copy
      WHERE datname = current_database() AND bytes_processed > 0`,
  )
  return records![0]![0]!.longValue!
}
