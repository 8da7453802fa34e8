import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>

beforeAll(async () => {
  api = await openEndpoint()
  await api.run('CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL)')
})
afterAll(() => api.close())

const multistatement = {
  name: 'ValidationException',
  message: "Multistatements aren't supported.",
  $metadata: { httpStatusCode: 400 },
}

test.each([
  'SELECT 1; SELECT 2',
  'SELECT 1;; SELECT 2',
  "INSERT INTO t VALUES (1, 'a'); DELETE FROM t",
])('two statements are refused, and neither is done: %s', async (sql) => {
  await expect(api.run(sql)).rejects.toMatchObject(multistatement)
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 0 }]])
})

test.each([
  'SELECT 1;',
  'SELECT 1 ; -- and no more',
  "SELECT 'a;b', $$c;d$$, $x$e;$$;f$x$ /* g;h */",
  'SELECT 1 AS "a;b"',
  'DO $$ BEGIN PERFORM 1; PERFORM 2; END $$',
  'CREATE FUNCTION f() RETURNS integer BEGIN ATOMIC SELECT 1; SELECT 2; END',
])('a semicolon that ends no statement does not matter: %s', async (sql) => {
  await expect(api.run(sql)).resolves.toBeDefined()
})

test.each([
  ['SELEKT 1', 'ERROR: syntax error at or near "SELEKT"; Position: 1; SQLState: 42601'],
  [
    'SELECT FROM nowhere',
    'ERROR: relation "nowhere" does not exist; Position: 13; SQLState: 42P01',
  ],
  [
    "INSERT INTO t VALUES (1, 'a'), (1, 'b')",
    'ERROR: duplicate key value violates unique constraint "t_pkey"; SQLState: 23505',
  ],
  [
    'INSERT INTO t VALUES (1, NULL)',
    'ERROR: null value in column "b" of relation "t" violates not-null constraint; SQLState: 23502',
  ],
  [
    "DO $$ BEGIN RAISE 'no' USING HINT = 'yes', DETAIL = 'secret', ERRCODE = 'P0001'; END $$",
    'ERROR: no; Hint: yes; SQLState: P0001',
  ],
])('%s is an error in the words of AWS', async (sql, message) => {
  await expect(api.run(sql)).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message,
    $metadata: { httpStatusCode: 400 },
  })
})

test.each([
  ['COPY t FROM STDIN', 'execute: unexpected message: CopyInResponse'],
  ['COPY t TO STDOUT', 'execute: unexpected message: CopyOutResponse'],
  ['COPY (SELECT 1) TO STDOUT', 'execute: unexpected message: CopyOutResponse'],
])('%s has nobody to talk to', async (sql, message) => {
  await expect(api.run(sql)).rejects.toMatchObject({ name: 'DatabaseErrorException', message })
  await api.run('SELECT 1')
})

test.each(['BEGIN', 'COMMIT', 'ROLLBACK'])('%s is a call, not a statement', async (sql) => {
  await expect(api.run(sql)).rejects.toMatchObject({ name: 'BadRequestException' })
})

test('a NUL in a statement is refused', async () => {
  await expect(api.run('SELECT 1\0; DROP TABLE t')).rejects.toMatchObject({
    name: 'BadRequestException',
  })
})

test('what may not be in a transaction is in none', async () => {
  await api.run('VACUUM t')
  const transactionId = await api.begin()
  await expect(api.run('VACUUM t', { transactionId })).rejects.toThrow('SQLState: 25001')
  await api.rollBack(transactionId)
})

test('DDL in a transaction is rolled back with it', async () => {
  const transactionId = await api.begin()
  await api.run('CREATE TABLE made (a integer)', { transactionId })
  await api.rollBack(transactionId)
  await expect(api.run('SELECT FROM made')).rejects.toThrow('SQLState: 42P01')
})

test('a batch executes its statement once for each set of parameters', async () => {
  await api.run('CREATE TABLE batched (a integer)')
  const batch = (...values: number[]) =>
    api.client.batchExecuteStatement({
      ...api.where,
      sql: 'INSERT INTO batched VALUES (10 / :a)',
      parameterSets: values.map((longValue) => [{ name: 'a', value: { longValue } }]),
    })
  const { updateResults } = await batch(1, 2)
  expect(updateResults).toEqual([{ generatedFields: [] }, { generatedFields: [] }])
  expect((await batch()).updateResults).toEqual([])
  // The second set is never done; the first was a statement of its own.
  await expect(batch(5, 0, 10)).rejects.toThrow('SQLState: 22012')
  expect((await api.run('SELECT a FROM batched')).records).toEqual(
    [10, 5, 2].map((longValue) => [{ longValue }]),
  )
})
