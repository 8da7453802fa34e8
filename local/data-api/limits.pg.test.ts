import { afterEach, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'
import type { Limits } from './endpoint.ts'
import { awsLimits } from './limits.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>

afterEach(() => api.close())

async function open(limits: Partial<Limits> = {}) {
  api = await openEndpoint({ limits })
}

const timeout = { name: 'StatementTimeoutException', $metadata: { httpStatusCode: 400 } }
const tooLarge = {
  name: 'UnsupportedResultException',
  message: 'The result exceeds the size limit 1 MB.',
}

test('the limits are those that AWS documents, and hold where nothing else is said', async () => {
  expect(awsLimits).toEqual({
    callMs: 45_000,
    idleMs: 3 * 60_000,
    lifeMs: 24 * 60 * 60_000,
    answerBytes: 1024 * 1024,
    requestBytes: 4 * 1024 * 1024,
    rowBytes: 64 * 1024,
  })
  await open()
  // 2 for the row, 4 for its column, and the text.
  const row = (bytes: number) => api.run(`SELECT repeat('x', ${bytes - 6})`)
  await row(64 * 1024)
  await expect(row(64 * 1024 + 1)).rejects.toMatchObject({
    name: 'UnsupportedResultException',
    message: expect.stringContaining('Packet for query is too large'),
  })
  const rows = (count: number) =>
    api.run(`SELECT repeat('x', 10000) FROM generate_series(1, ${count})`)
  expect((await rows(104)).records).toHaveLength(104)
  await expect(rows(105)).rejects.toMatchObject(tooLarge)
})

test('the answer is measured as it is sent, too', async () => {
  await open({ answerBytes: 1000 })
  // Sixty rows of a digit are 420 bytes of Postgres', 1,100 of Fields, 700 of one JSON text.
  const sixty = 'SELECT 1 AS a FROM generate_series(1, 60)'
  expect((await api.run(`${sixty} LIMIT 50`)).records).toHaveLength(50)
  await expect(api.run(sixty)).rejects.toMatchObject(tooLarge)
  await api.run(sixty, { formatRecordsAs: 'JSON' })
})

test('what gives too much back has been done, in its transaction', async () => {
  await open({ answerBytes: 1000 })
  await api.run('CREATE TABLE t (a integer)')
  const sql = 'INSERT INTO t SELECT generate_series(1, 100) RETURNING a'
  await expect(api.run(sql)).rejects.toMatchObject(tooLarge)
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 100 }]])
  const transactionId = await api.begin()
  await expect(api.run(sql, { transactionId })).rejects.toMatchObject(tooLarge)
  await api.rollBack(transactionId)
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 100 }]])
})

test('a request that is too large is not executed', async () => {
  await open({ requestBytes: 10_000 })
  await api.run('CREATE TABLE t (a text)')
  const insert = (length: number) =>
    api.run('INSERT INTO t VALUES (:a)', {
      parameters: [{ name: 'a', value: { stringValue: 'x'.repeat(length) } }],
    })
  await insert(8_000)
  await expect(insert(10_000)).rejects.toMatchObject({
    name: 'RequestEntityTooLargeException',
    $metadata: { httpStatusCode: 413 },
  })
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 1 }]])
})

test('a request of 4 MiB is taken', async () => {
  await open()
  const value = { stringValue: 'x'.repeat(4 * 1024 * 1024 - 3000) }
  const { records } = await api.run('SELECT length(:a)', { parameters: [{ name: 'a', value }] })
  expect(records).toEqual([[{ longValue: value.stringValue.length }]])
  value.stringValue += 'x'.repeat(3000)
  await expect(
    api.run('SELECT length(:a)', { parameters: [{ name: 'a', value }] }),
  ).rejects.toMatchObject({ name: 'RequestEntityTooLargeException' })
})

test('a call that lasts too long is cancelled, and its transaction is gone', async () => {
  await open({ callMs: 1000 })
  await api.run('CREATE TABLE t (a integer)')
  const transactionId = await api.begin()
  await api.run('INSERT INTO t VALUES (1)', { transactionId })
  const late = api.run('SELECT pg_sleep(60)::text', { transactionId })
  await expect(late).rejects.toMatchObject({ ...timeout, dbConnectionId: expect.any(Number) })
  const gone = { name: 'TransactionNotFoundException' }
  await expect(api.run('SELECT 1', { transactionId })).rejects.toMatchObject(gone)
  await expect(api.commit(transactionId)).rejects.toMatchObject(gone)
  await expect(api.rollBack(transactionId)).rejects.toMatchObject(gone)
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 0 }]])
  expect([await running(), api.endpoint.open]).toEqual([0, 0])
})

test('a call of its own that lasts too long is cancelled', async () => {
  await open({ callMs: 1000 })
  await api.run('CREATE TABLE t (a integer)')
  await expect(api.run('INSERT INTO t SELECT 1 FROM pg_sleep(60)')).rejects.toMatchObject(timeout)
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 0 }]])
  expect(await running()).toBe(0)
})

test('all sets of a batch share the time of a call', async () => {
  await open({ callMs: 1000 })
  await api.run('CREATE TABLE t (a double precision)')
  const sql = 'INSERT INTO t SELECT :s FROM pg_sleep(:s)'
  const parameterSets = Array.from({ length: 100 }, () => [
    { name: 's', value: { doubleValue: 0.25 } },
  ])
  await expect(
    api.client.batchExecuteStatement({ ...api.where, sql, parameterSets }),
  ).rejects.toMatchObject(timeout)
  const { records } = await api.run('SELECT count(*) FROM t')
  expect(records![0]![0]!.longValue).toBeLessThan(5)
})

test('a call that may go on is answered, and goes on', async () => {
  await open({ callMs: 1000 })
  await api.run('CREATE TABLE t (a integer)')
  const sql = 'INSERT INTO t SELECT 1 FROM pg_sleep(2.5)'
  await expect(api.run(sql, { continueAfterTimeout: true })).rejects.toMatchObject(timeout)
  expect(await running()).toBe(1)
  while ((await running()) > 0);
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 1 }]])
})

test('a call within a transaction may not ask to go on', async () => {
  await open()
  const transactionId = await api.begin()
  const call = api.run('SELECT 1', { transactionId, continueAfterTimeout: true })
  await expect(call).rejects.toMatchObject({ name: 'BadRequestException' })
})

test('a transaction without calls is rolled back', async () => {
  await open({ idleMs: 1000 })
  await api.run('CREATE TABLE t (a integer)')
  const transactionId = await api.begin()
  await api.run('INSERT INTO t VALUES (1)', { transactionId })
  while (api.endpoint.open > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  await expect(api.commit(transactionId)).rejects.toMatchObject({
    name: 'TransactionNotFoundException',
    message: `Transaction ${transactionId} is not found. Transaction may be expired.`,
  })
  expect((await api.run('SELECT count(*) FROM t')).records).toEqual([[{ longValue: 0 }]])
})

test('a transaction does not expire during a call, and each call gives it more time', async () => {
  await open({ idleMs: 1500 })
  const transactionId = await api.begin()
  await api.run('SELECT pg_sleep(2)::text', { transactionId })
  for (let calls = 0; calls < 4; calls++) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    await api.run('SELECT 1', { transactionId })
  }
  await api.commit(transactionId)
})

test('a transaction ends after its time, whatever is called', async () => {
  await open({ lifeMs: 500 })
  const transactionId = await api.begin()
  const calls = async () => {
    for (;;) await api.run('SELECT 1', { transactionId })
  }
  await expect(calls()).rejects.toMatchObject({
    name: 'TransactionNotFoundException',
    message: expect.stringContaining('expired'),
  })
})

/** Statements that others are running in this database. */
async function running(): Promise<number> {
  const { records } = await api.run(
    `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
      AND state = 'active' AND pid <> pg_backend_pid()`,
  )
  return records![0]![0]!.longValue!
}
