import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'
import type { Fault } from './endpoint.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>

beforeAll(async () => {
  api = await openEndpoint()
  await api.run('CREATE TABLE t (a integer)')
})
beforeEach(async () => {
  await api.run('TRUNCATE t')
})
afterEach(() => expect(api.endpoint.faults).toEqual([]))
afterAll(() => api.close())

const gone = { name: 'TransactionNotFoundException' }

/** Of the next call that inserts. */
function fault(kind: Fault['kind'], times?: number): void {
  const when: Fault['when'] = ({ sql }) => sql?.startsWith('INSERT') ?? false
  api.endpoint.faults.push({ kind, when, ...(times ? { times } : {}) })
}

function insert(transactionId?: string) {
  return api.run('INSERT INTO t VALUES (1)', transactionId ? { transactionId } : {})
}

async function rows(): Promise<number> {
  return (await api.run('SELECT count(*) FROM t')).records![0]![0]!.longValue!
}

test.each([
  ['throttled', 'ThrottlingException', 400],
  ['resuming', 'DatabaseResumingException', 400],
  ['unavailable', 'ServiceUnavailableError', 503],
  ['internal', 'InternalServerErrorException', 500],
] as const)(
  '%s: nothing is done, and the transaction lives',
  async (kind, name, httpStatusCode) => {
    fault(kind, 2)
    const transactionId = await api.begin()
    const refused = { name, $metadata: { httpStatusCode } }
    await expect(insert()).rejects.toMatchObject(refused)
    await expect(insert(transactionId)).rejects.toMatchObject(refused)
    expect(await rows()).toBe(0)
    await insert(transactionId)
    await api.commit(transactionId)
    expect(await rows()).toBe(1)
    expect(api.endpoint.calls.map(({ error }) => error)).toContain(name)
  },
)

test('a lost request is not done', async () => {
  fault('lost-request')
  await expect(insert()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(await rows()).toBe(0)
})

test('a lost answer is of what has been done', async () => {
  fault('lost-answer')
  await expect(insert()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(await rows()).toBe(1)
})

test('a commit whose answer is lost has been done', async () => {
  const when: Fault['when'] = ({ operation }) => operation === 'CommitTransaction'
  api.endpoint.faults.push({ kind: 'lost-answer', when })
  const transactionId = await api.begin()
  await insert(transactionId)
  await expect(api.commit(transactionId)).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect([await rows(), api.endpoint.open]).toEqual([1, 0])
  await expect(api.commit(transactionId)).rejects.toMatchObject({
    ...gone,
    message: expect.stringContaining('termination of your transaction'),
  })
})

test('expired: the transaction of the call was rolled back before', async () => {
  const transactionId = await api.begin()
  await insert(transactionId)
  fault('expired')
  await expect(insert(transactionId)).rejects.toMatchObject({
    ...gone,
    message: expect.stringContaining('Transaction may be expired.'),
  })
  expect([await rows(), api.endpoint.open]).toEqual([0, 0])
})

test('timeout: the statement was cancelled, and its transaction is gone', async () => {
  const transactionId = await api.begin()
  await insert(transactionId)
  fault('timeout')
  const timeout = { name: 'StatementTimeoutException' }
  await expect(insert(transactionId)).rejects.toMatchObject(timeout)
  await expect(insert(transactionId)).rejects.toMatchObject(gone)
  fault('timeout')
  await expect(insert()).rejects.toMatchObject(timeout)
  expect([await rows(), api.endpoint.open]).toEqual([0, 0])
})

test('timeout: a long statement is cancelled at once', async () => {
  fault('timeout')
  const long = api.run('INSERT INTO t SELECT 1 FROM pg_sleep(600)')
  await expect(long).rejects.toMatchObject({ name: 'StatementTimeoutException' })
})

test('killed: the backend is gone, and what it did in its transaction', async () => {
  const transactionId = await api.begin()
  await insert(transactionId)
  fault('killed')
  const killed = {
    name: 'DatabaseErrorException',
    message: expect.stringMatching(/^FATAL: terminating connection.*SQLState: 57P01$/),
  }
  await expect(insert(transactionId)).rejects.toMatchObject(killed)
  await expect(insert(transactionId)).rejects.toMatchObject(gone)
  fault('killed')
  await expect(insert()).rejects.toMatchObject(killed)
  expect([await rows(), api.endpoint.open]).toEqual([0, 0])
})

test.each(['timeout', 'killed'] as const)('%s of a commit: it was not done', async (kind) => {
  const when: Fault['when'] = ({ operation }) => operation === 'CommitTransaction'
  const transactionId = await api.begin()
  await insert(transactionId)
  api.endpoint.faults.push({ kind, when })
  await expect(api.commit(transactionId)).rejects.toThrow()
  await expect(api.commit(transactionId)).rejects.toMatchObject(gone)
  expect([await rows(), api.endpoint.open]).toEqual([0, 0])
})

test('a backend that somebody ends takes its transaction with it', async () => {
  const transactionId = await api.begin()
  await insert(transactionId)
  const { records } = await api.run('SELECT pg_backend_pid()', { transactionId })
  await api.run(`SELECT pg_terminate_backend(${records![0]![0]!.longValue}, 10000)`)
  await expect(insert(transactionId)).rejects.toMatchObject({ name: 'DatabaseErrorException' })
  await expect(insert(transactionId)).rejects.toMatchObject(gone)
  expect(await rows()).toBe(0)
})
