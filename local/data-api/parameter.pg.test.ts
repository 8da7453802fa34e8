import type { Field, TypeHint } from '@aws-sdk/client-rds-data'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>

beforeAll(async () => {
  api = await openEndpoint()
})
afterAll(() => api.close())

const typed: [Field, TypeHint | undefined, string, string][] = [
  [{ stringValue: "it's" }, undefined, 'text', "it's"],
  [{ longValue: -7 }, undefined, 'bigint', '-7'],
  [{ doubleValue: 1.5 }, undefined, 'double precision', '1.5'],
  [{ booleanValue: true }, undefined, 'boolean', 'true'],
  [{ blobValue: new Uint8Array([0, 255]) }, undefined, 'bytea', '\\x00ff'],
  [{ stringValue: '2026-01-02' }, 'DATE', 'date', '2026-01-02'],
  [{ stringValue: '1.10' }, 'DECIMAL', 'numeric', '1.10'],
  [{ stringValue: '{"a": 1}' }, 'JSON', 'json', '{"a": 1}'],
  [{ stringValue: '10:11:12.5' }, 'TIME', 'time without time zone', '10:11:12.5'],
  [
    { stringValue: '2026-01-02 10:11:12.123' },
    'TIMESTAMP',
    'timestamp without time zone',
    '2026-01-02 10:11:12.123',
  ],
  [
    { stringValue: '8c3f7f3a-2f5d-4c2e-9a39-3f1bb2c7e0a1' },
    'UUID',
    'uuid',
    '8c3f7f3a-2f5d-4c2e-9a39-3f1bb2c7e0a1',
  ],
]

test.each(typed)('%j with hint %s is %s', async (value, typeHint, type, text) => {
  const given = { name: 'p', value, ...(typeHint ? { typeHint } : {}) }
  const { records } = await api.run('SELECT pg_typeof(:p)::text, (:p)::text', {
    parameters: [given],
  })
  expect(records).toEqual([[{ stringValue: type }, { stringValue: text }]])
})

test('a null has the type that its place asks for', async () => {
  await api.run('CREATE TABLE nulls (a date, b integer)')
  const parameters = [{ name: 'p', value: { isNull: true } }]
  await api.run('INSERT INTO nulls VALUES (:p, :p)', { parameters })
  const { records } = await api.run('SELECT * FROM nulls')
  expect(records).toEqual([[{ isNull: true }, { isNull: true }]])
})

test.each([
  ['SELECT now() = :p', 42883, 'operator does not exist: timestamp with time zone = text; Hint: '],
  ['SELECT 1 = :p', 42883, 'operator does not exist: integer = text; Hint: '],
  ['INSERT INTO typed VALUES (:p)', 42804, 'column "a" is of type date but expression is of type'],
])('a string is text and nothing else: %s', async (sql, code, message) => {
  await api.run('CREATE TABLE IF NOT EXISTS typed (a date)')
  const parameters = [{ name: 'p', value: { stringValue: '2026-01-02' } }]
  await expect(api.run(sql, { parameters })).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(
      new RegExp(`^ERROR: ${message}.*; Position: \\d+; SQLState: ${code}$`),
    ),
  })
})

test('what is cast in the statement is what it is cast to', async () => {
  const parameters = [{ name: 'p', value: { stringValue: '2026-01-02T03:04:05Z' } }]
  const { records } = await api.run(
    "SELECT :p::timestamptz = '2026-01-02 03:04:05+00', :p::text::date",
    { parameters },
  )
  expect(records).toEqual([[{ booleanValue: true }, { stringValue: '2026-01-02' }]])
})

test('each place is a parameter of its own', async () => {
  const parameters = [{ name: 'p', value: { stringValue: 'day' } }]
  const sql = 'SELECT date_trunc(:p, a) FROM (SELECT now() AS a) AS t GROUP BY date_trunc(:p, a)'
  await expect(api.run(sql, { parameters })).rejects.toThrow('SQLState: 42803')
})

const refused: [Field | undefined, TypeHint | undefined, string, string][] = [
  [undefined, undefined, 'BadRequestException', 'Parameter "p" has value with no field set'],
  [{ isNull: false }, undefined, 'BadRequestException', 'has value with no field set'],
  [
    { arrayValue: { longValues: [1] } },
    undefined,
    'ValidationException',
    'Array parameters are not supported.',
  ],
  [{ stringValue: '2026-1-2' }, 'DATE', 'BadRequestException', 'format'],
  [{ stringValue: '2026-01-02T10:11:12' }, 'TIMESTAMP', 'BadRequestException', 'format'],
  [{ stringValue: '10:11:12.123456' }, 'TIME', 'BadRequestException', 'format'],
  [{ longValue: 1 }, 'DECIMAL', 'BadRequestException', 'typeHint'],
  [{ stringValue: '1' }, 'INTEGER' as TypeHint, 'ValidationException', 'typeHint'],
  [{ longValue: 1e30 }, undefined, 'SerializationException', '64 bits'],
  [{ stringValue: 'a\0b' }, undefined, 'DatabaseErrorException', 'SQLState: 22021'],
  [{ stringValue: 'x' }, 'UUID', 'DatabaseErrorException', 'SQLState: 22P02'],
]

test.each(refused)('%j with hint %s is refused: %s', async (value, typeHint, name, message) => {
  const given = { name: 'p', ...(value ? { value } : {}), ...(typeHint ? { typeHint } : {}) }
  const call = api.run('SELECT :p', { parameters: [given] })
  await expect(call).rejects.toMatchObject({ name, message: expect.stringContaining(message) })
})

test('a place without a parameter is refused by Postgres', async () => {
  await expect(api.run('SELECT :p')).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(/^ERROR: bind message supplies 0 parameters.*SQLState: 08P01$/),
  })
})

test('a number of 64 bits keeps its digits', async () => {
  const parameters = [{ name: 'p', value: { longValue: 2n ** 63n - 1n } }]
  // The SDK writes a bigint as JSON has it, though its types know numbers only.
  const { records } = await api.run('SELECT (:p)::text', { parameters: parameters as never })
  expect(records).toEqual([[{ stringValue: '9223372036854775807' }]])
})

test('infinities and NaN come as strings, which restJson1 has for them', async () => {
  for (const doubleValue of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const parameters = [{ name: 'p', value: { doubleValue } }]
    const { records } = await api.run('SELECT (:p)::text, :p', { parameters })
    expect(records).toEqual([[{ stringValue: String(doubleValue) }, { doubleValue }]])
  }
})
