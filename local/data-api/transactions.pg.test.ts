import { RDSData } from '@aws-sdk/client-rds-data'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'
import { DataApiEndpoint } from './endpoint.ts'

const notFound = { name: 'TransactionNotFoundException', $metadata: { httpStatusCode: 404 } }
const ended = /^Transaction .+ is not found\. One previous call resulted in a termination/
const expired = /^Transaction .+ is not found\. Transaction may be expired\.$/
const aborted = /^Transaction .+ is not found\. Transaction has been aborted due to an error/

let api: Awaited<ReturnType<typeof openEndpoint>>

beforeAll(async () => {
  api = await openEndpoint()
  await api.run('CREATE TABLE t (a integer PRIMARY KEY)')
})
beforeEach(async () => {
  await api.run('TRUNCATE t')
})
afterAll(() => api.close())

test('what a transaction does is seen by others once it is committed', async () => {
  const transactionId = await api.begin()
  expect(transactionId.length).toBeLessThanOrEqual(192)
  expect(api.endpoint.open).toBe(1)
  await api.run('INSERT INTO t VALUES (1)', { transactionId })
  expect(await rows()).toBe(0)
  expect(await api.commit(transactionId)).toMatchObject({
    transactionStatus: 'Transaction Committed',
  })
  expect([await rows(), api.endpoint.open]).toEqual([1, 0])
})

test('what is rolled back is gone', async () => {
  const transactionId = await api.begin()
  await api.run('INSERT INTO t VALUES (1)', { transactionId })
  expect(await api.rollBack(transactionId)).toMatchObject({
    transactionStatus: 'Rollback Complete',
  })
  expect([await rows(), api.endpoint.open]).toEqual([0, 0])
})

test('a transaction that has ended is not found, nor is one that never was', async () => {
  const transactionId = await api.begin()
  await api.commit(transactionId)
  for (const use of [api.commit, api.rollBack, inside])
    await expect(use(transactionId)).rejects.toMatchObject({
      ...notFound,
      message: expect.stringMatching(ended),
    })
  const message = expect.stringMatching(expired)
  await expect(inside('made-up')).rejects.toMatchObject({ ...notFound, message })
})

test('two calls at once in one transaction: the second is refused, the first goes on', async () => {
  const transactionId = await api.begin()
  const first = api.run('INSERT INTO t SELECT 1 FROM pg_sleep(0.3)', { transactionId })
  await until(async () => (await activity('active')) === 1)
  const busy = { name: 'DatabaseErrorException', message: 'Transaction is still running a query' }
  for (const use of [inside, api.commit, api.rollBack])
    await expect(use(transactionId)).rejects.toMatchObject(busy)
  await first
  await api.commit(transactionId)
  expect(await rows()).toBe(1)
})

test('after an error Postgres takes nothing more, and what is committed is nothing', async () => {
  const transactionId = await api.begin()
  await api.run('INSERT INTO t VALUES (1)', { transactionId })
  await expect(api.run('SELECT nothing', { transactionId })).rejects.toThrow('SQLState: 42703')
  await expect(inside(transactionId)).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(/^ERROR: current transaction is aborted.*; SQLState: 25P02$/),
  })
  await expect(api.commit(transactionId)).rejects.toMatchObject({
    ...notFound,
    message: expect.stringMatching(aborted),
  })
  expect([await rows(), api.endpoint.open]).toEqual([0, 0])
})

test('a savepoint saves what came before the error', async () => {
  const transactionId = await api.begin()
  await api.run('INSERT INTO t VALUES (1)', { transactionId })
  await api.run('SAVEPOINT s', { transactionId })
  await expect(api.run('INSERT INTO t VALUES (1)', { transactionId })).rejects.toThrow('23505')
  await api.run('ROLLBACK TO SAVEPOINT s', { transactionId })
  await api.commit(transactionId)
  expect(await rows()).toBe(1)
})

test('a deferred constraint speaks up at the commit, and all is rolled back', async () => {
  const transactionId = await api.begin()
  await api.run('CREATE TABLE d (a integer UNIQUE DEFERRABLE INITIALLY DEFERRED)', {
    transactionId,
  })
  await api.run('INSERT INTO d VALUES (1), (1)', { transactionId })
  await expect(api.commit(transactionId)).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringContaining('SQLState: 23505'),
  })
  await expect(api.run('SELECT FROM d')).rejects.toThrow('SQLState: 42P01')
  expect(api.endpoint.open).toBe(0)
})

test('a temporary table and a setting live as long as the transaction, and no longer', async () => {
  const transactionId = await api.begin()
  await api.run('CREATE TEMPORARY TABLE mine (a integer)', { transactionId })
  await api.run("SET application_name = 'mine'", { transactionId })
  await api.run('PREPARE p AS SELECT 1', { transactionId })
  await api.run('INSERT INTO mine VALUES (1)', { transactionId })
  await expect(api.run('SELECT FROM mine')).rejects.toThrow('SQLState: 42P01')
  await api.commit(transactionId)
  // The connection that is taken now is the one that was given back.
  await expect(api.run('SELECT FROM mine')).rejects.toThrow('SQLState: 42P01')
  await expect(api.run('EXECUTE p')).rejects.toThrow('SQLState: 26000')
  const { records } = await api.run("SELECT current_setting('application_name')")
  expect(records).toEqual([[{ stringValue: '' }]])
})

test('a setting of a call of its own does not reach the next one', async () => {
  await api.run("SET application_name = 'mine'")
  const { records } = await api.run("SELECT current_setting('application_name')")
  expect(records).toEqual([[{ stringValue: '' }]])
})

test('a transaction is of one database', async () => {
  const transactionId = await api.begin()
  const database = 'postgres'
  await expect(api.run('SELECT 1', { transactionId, database })).rejects.toMatchObject({
    name: 'BadRequestException',
    message: 'Database name is not the same as transaction',
  })
  const { database: _, ...place } = api.where
  await api.client.executeStatement({ ...place, sql: 'SELECT 1', transactionId })
  await api.rollBack(transactionId)
})

test('closing the endpoint rolls back what is open, a statement that runs too', async () => {
  const endpoint = await DataApiEndpoint.start(api.url, { limits: { callMs: 600_000 } })
  const other = clientOf(endpoint)
  const { transactionId } = await other.beginTransaction(whereOf(endpoint))
  await other.executeStatement({
    ...whereOf(endpoint),
    sql: 'INSERT INTO t VALUES (1)',
    transactionId: transactionId!,
  })
  const running = other
    .executeStatement({
      ...whereOf(endpoint),
      sql: 'INSERT INTO t SELECT 2 FROM pg_sleep(600)',
      transactionId: transactionId!,
    })
    .catch((error: Error) => error)
  await until(async () => (await activity('active')) === 1)
  await endpoint.close()
  expect(await running).toBeInstanceOf(Error)
  expect([await rows(), endpoint.open, await activity('idle in transaction')]).toEqual([0, 0, 0])
})

function inside(transactionId: string) {
  return api.run('SELECT 1', { transactionId })
}

async function rows(): Promise<number> {
  const { records } = await api.run('SELECT count(*) FROM t')
  return records![0]![0]!.longValue!
}

/** Other sessions of this database in that state. */
async function activity(state: string): Promise<number> {
  const { records } = await api.run(
    `SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND state = :state AND pid <> pg_backend_pid()`,
    { parameters: [{ name: 'state', value: { stringValue: state } }] },
  )
  return records![0]![0]!.longValue!
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

function clientOf(endpoint: DataApiEndpoint): RDSData {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return new RDSData({ endpoint: endpoint.url, region: 'us-east-1', credentials, maxAttempts: 1 })
}

function whereOf({ cluster, secret }: DataApiEndpoint) {
  return { ...api.where, resourceArn: cluster, secretArn: secret }
}
