import type { Field } from '@aws-sdk/client-rds-data'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>

beforeAll(async () => {
  api = await openEndpoint()
  await api.run("CREATE TYPE mood AS ENUM ('sad', 'ok')")
  await api.run('CREATE DOMAIN positive AS integer CHECK (VALUE > 0)')
  await api.run('CREATE TYPE pair AS (a integer, b integer)')
})
afterAll(() => api.close())

const uuid = '8c3f7f3a-2f5d-4c2e-9a39-3f1bb2c7e0a1'
const values: [string, Field][] = [
  ['true', { booleanValue: true }],
  ['false', { booleanValue: false }],
  ['1::int2', { longValue: 1 }],
  ['-2::int4', { longValue: -2 }],
  ['3::int8', { longValue: 3 }],
  ['4::positive', { longValue: 4 }],
  ['1.5::float4', { doubleValue: 1.5 }],
  ['1e300::float8', { doubleValue: 1e300 }],
  ["'NaN'::float8", { doubleValue: Number.NaN }],
  ['1.10::numeric', { stringValue: '1.10' }],
  ["'a'::text", { stringValue: 'a' }],
  ["'a'::varchar(3)", { stringValue: 'a' }],
  ["'a'::char(3)", { stringValue: 'a  ' }],
  ["'a'::name", { stringValue: 'a' }],
  ["'ok'::mood", { stringValue: 'ok' }],
  ["'2026-01-02'::date", { stringValue: '2026-01-02' }],
  ["'10:11:12'::time", { stringValue: '10:11:12' }],
  ["'10:11:12.5'::time", { stringValue: '10:11:12.500' }],
  ["'2026-01-02 10:11:12.3456'::timestamp", { stringValue: '2026-01-02 10:11:12.345600' }],
  ["'2026-01-02 23:11:12.1-03'::timestamptz", { stringValue: '2026-01-03 02:11:12.100' }],
  [`'${uuid}'::uuid`, { stringValue: uuid }],
  [`'{"a":1.10}'::json`, { stringValue: '{"a":1.10}' }],
  [`'{"a":1}'::jsonb`, { stringValue: '{"a": 1}' }],
  ["'10.0.0.0/8'::cidr", { stringValue: '10.0.0.0/8' }],
  ["'10.0.0.1'::inet", { stringValue: '10.0.0.1' }],
  ["'\\x00ff'::bytea", { blobValue: new Uint8Array([0, 255]) }],
  ['NULL', { isNull: true }],
  ['NULL::int4', { isNull: true }],
  ["'{t,NULL}'::bool[]", { arrayValue: { booleanValues: [true, null] } } as unknown as Field],
  ["'{1,NULL}'::int4[]", { arrayValue: { longValues: [1, null] } } as unknown as Field],
  ["'[2:3]={1,2}'::int8[]", { arrayValue: { longValues: [1, 2] } }],
  ["'{}'::int2[]", { arrayValue: { longValues: [] } }],
  ["'{1.5}'::float8[]", { arrayValue: { doubleValues: [1.5] } }],
  ["'{1.10}'::numeric[]", { arrayValue: { stringValues: ['1.10'] } }],
  [
    `'{a,"b c",NULL,"NULL","","d\\"e","f,g","{h}"}'::text[]`,
    {
      arrayValue: { stringValues: ['a', 'b c', null, 'NULL', '', 'd"e', 'f,g', '{h}'] },
    } as unknown as Field,
  ],
  ["'{2026-01-02}'::date[]", { arrayValue: { stringValues: ['2026-01-02'] } }],
  ["'{10:11:12.5}'::time[]", { arrayValue: { stringValues: ['10:11:12.500'] } }],
]

test.each(values)('%s', async (sql, field) => {
  const { records } = await api.run(`SELECT ${sql}`)
  expect(records).toEqual([[field]])
})

test('timestamptz is in UTC whatever the session thinks', async () => {
  const transactionId = await api.begin()
  await api.run("SET LOCAL TIME ZONE 'Asia/Kolkata'", { transactionId })
  const sql = "SELECT '2026-01-01 00:00:00.25+05:30'::timestamptz, '0999-01-01+00'::timestamptz"
  const { records } = await api.run(sql, { transactionId })
  const texts = records![0]!.map(({ stringValue }) => stringValue)
  expect(texts).toEqual(['2025-12-31 18:30:00.250', '0999-01-01 00:00:00'])
  await api.rollBack(transactionId)
})

test.each([
  ["'1 day'::interval", 'INTERVAL'],
  ["'10:11+00'::timetz", 'TIMETZ'],
  [`'a'::"char"`, '"CHAR"'],
  ["'pg_class'::regclass", 'regclass'],
  ['1::oid', 'oid'],
  ["'1'::xid8", 'xid8'],
  ["'(0,1)'::tid", 'tid'],
  ["'<a/>'::xml", 'xml'],
  ["'1'::money", 'money'],
  ["'(1,2)'::point", 'point'],
  ["'[1,2)'::int4range", 'int4range'],
  ["B'1'", 'bit'],
  ['(1, 2)::pair', 'pair'],
  ["'{ok}'::mood[]", '_mood'],
  ["'{1 day}'::interval[]", '_interval'],
  ['pg_sleep(0)', 'void'],
])('%s is of no type that is given back', async (sql, name) => {
  await expect(api.run(`SELECT 1, ${sql}`)).rejects.toMatchObject({
    name: 'UnsupportedResultException',
    message: `The result contains the unsupported data type ${name}.`,
    $metadata: { httpStatusCode: 400 },
  })
  await api.run(`SELECT (${sql})::text`)
  // Where there is no row there is nothing to give back.
  expect((await api.run(`SELECT ${sql} LIMIT 0`)).records).toEqual([])
})

test('what is refused for its type has been done', async () => {
  await api.run('CREATE TABLE done (a oid)')
  await expect(api.run('INSERT INTO done VALUES (1) RETURNING a')).rejects.toThrow('oid')
  expect((await api.run('SELECT count(*) FROM done')).records).toEqual([[{ longValue: 1 }]])
})

test('an array of arrays is not given back', async () => {
  await expect(api.run("SELECT '{{1,2},{3,4}}'::int4[]")).rejects.toMatchObject({
    name: 'UnsupportedResultException',
    message: 'The result contains a multidimensional array.',
  })
})

test.each(['date', 'timestamp', 'timestamptz'])('an infinite %s fails the call', async (type) => {
  await expect(api.run(`SELECT '-infinity'::${type}`)).rejects.toMatchObject({
    name: 'InternalFailure',
    $metadata: { httpStatusCode: 500 },
  })
})

test('numbers may be asked for otherwise', async () => {
  const sql = 'SELECT 9007199254740993, 1.10, 12::numeric'
  const { records } = await api.run(sql, {
    resultSetOptions: { longReturnType: 'STRING', decimalReturnType: 'DOUBLE_OR_LONG' },
  })
  expect(records).toEqual([
    [{ stringValue: '9007199254740993' }, { doubleValue: 1.1 }, { longValue: 12 }],
  ])
})

test('the digits of a long are all in the answer, whatever JavaScript makes of them', async () => {
  const answer = await fetch(`${api.endpoint.url}/Execute`, {
    method: 'POST',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=a/b/us-east-1/rds-data/aws4_request' },
    body: JSON.stringify({ ...api.where, sql: 'SELECT 9007199254740993' }),
  })
  expect(await answer.text()).toBe(
    '{"numberOfRecordsUpdated":0,"records":[[{"longValue":9007199254740993}]]}',
  )
})

test('columns are told of only when asked for', async () => {
  const sql = "SELECT 1 AS a, 1.10::numeric(10, 2) AS b, 'x'::text AS c, '{1}'::int4[] AS d"
  expect((await api.run(sql)).columnMetadata).toBeUndefined()
  const { columnMetadata } = await api.run(sql, { includeResultMetadata: true })
  expect(columnMetadata).toMatchObject([
    { name: 'a', label: 'a', typeName: 'int4', type: 4, isSigned: true },
    { name: 'b', typeName: 'numeric', type: 2, precision: 10, scale: 2 },
    { name: 'c', typeName: 'text', type: 12, isCaseSensitive: true },
    { name: 'd', typeName: '_int4', type: 2003 },
  ])
})

test('a result may come as one JSON text', async () => {
  const sql = `SELECT 9007199254740993 AS a, 1.10 AS b, true AS c, 'x"y' AS d, NULL AS e,
    '{1,NULL}'::int4[] AS f, '\\x00ff'::bytea AS g`
  const answer = await api.run(sql, { formatRecordsAs: 'JSON', includeResultMetadata: true })
  expect(answer.formattedRecords).toBe(
    '[{"a":9007199254740993,"b":1.10,"c":true,"d":"x\\"y","e":null,"f":[1,null],"g":"AP8="}]',
  )
  expect([answer.records, answer.columnMetadata]).toEqual([undefined, undefined])
})

test.each([
  ['CREATE TABLE counted (a integer)', 0],
  ['INSERT INTO counted VALUES (1), (2)', 2],
  ['UPDATE counted SET a = 3', 2],
  ['DELETE FROM counted', 2],
  ['', 0],
])('%s tells how many rows it changed', async (sql, numberOfRecordsUpdated) => {
  const { $metadata, ...answer } = await api.run(sql)
  expect(answer).toEqual({ generatedFields: [], numberOfRecordsUpdated })
})

test('what returns rows has records, and no count', async () => {
  await api.run('CREATE TABLE returned (a integer)')
  const { $metadata, ...answer } = await api.run('INSERT INTO returned VALUES (1) RETURNING a')
  expect(answer).toEqual({ numberOfRecordsUpdated: 0, records: [[{ longValue: 1 }]] })
})
