import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEndpoint } from './endpoint.fixture.ts'

let api: Awaited<ReturnType<typeof openEndpoint>>

beforeAll(async () => {
  api = await openEndpoint()
})
afterAll(() => api.close())

test('the ARNs have the form of ARNs, and no others are served', async () => {
  const { cluster, secret } = api.endpoint
  expect(cluster).toMatch(/^arn:aws:rds:us-east-1:\d{12}:cluster:[a-z-]+$/)
  expect(secret).toMatch(/^arn:aws:secretsmanager:us-east-1:\d{12}:secret:\S+-\w{6}$/)
  await expect(api.run('SELECT 1', { resourceArn: cluster.toUpperCase() })).rejects.toMatchObject({
    name: 'HttpEndpointNotEnabledException',
    message: `HttpEndpoint is not enabled for resource ${cluster.toUpperCase()}`,
    $metadata: { httpStatusCode: 400 },
  })
  await expect(api.run('SELECT 1', { secretArn: `${secret}x` })).rejects.toMatchObject({
    name: 'SecretsErrorException',
    $metadata: { httpStatusCode: 400 },
  })
})

test('a database that is not there is an error of the database', async () => {
  const database = 'nowhere'
  const begin = () => api.client.beginTransaction({ ...api.place, database })
  for (const call of [() => api.run('SELECT 1', { database }), begin])
    await expect(call()).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: 'FATAL: database "nowhere" does not exist; SQLState: 3D000',
    })
})

test.each([
  [{ schema: 'public' }, "The schema parameter isn't supported"],
  [{ sql: 'x'.repeat(65_537) }, 'less than or equal to 65536'],
  [{ resourceArn: 'x'.repeat(101) }, 'less than or equal to 100'],
  [{ database: 'x'.repeat(65) }, 'less than or equal to 64'],
  [{ transactionId: 'x'.repeat(193) }, 'less than or equal to 192'],
  [{ formatRecordsAs: 'XML' as never }, 'enum value set: [NONE, JSON]'],
])('%j is refused', async (more, message) => {
  await expect(api.run('SELECT 1', more)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(message),
    $metadata: { httpStatusCode: 400 },
  })
})

test('a statement of 65,536 characters is taken', async () => {
  await api.run(`SELECT 1${' '.repeat(65_528)}`)
})

const signature = 'AWS4-HMAC-SHA256 Credential=a/b/us-east-1/rds-data/aws4_request'

test.each([
  ['/Execute', '{"sql', 400, 'SerializationException'],
  ['/Execute', '[]', 400, 'SerializationException'],
  ['/Execute', '{"sql":1}', 400, 'SerializationException'],
  ['/Execute', '{"sql":"\\ud800"}', 400, 'SerializationException'],
  ['/Execute', Buffer.from('{"sql":"\xff"}', 'latin1'), 400, 'SerializationException'],
  ['/Execute', '{"sql":"SELECT 1"}', 400, 'ValidationException'],
  ['/CommitTransaction', '{"resourceArn":"arn:aws:rds"}', 400, 'ValidationException'],
  ['/ExecuteSql', '{}', 404, 'UnknownOperationException'],
  ['/', '{}', 404, 'UnknownOperationException'],
])('%s of %s is refused', async (path, body, status, type) => {
  const headers = { authorization: signature }
  const answer = await fetch(`${api.endpoint.url}${path}`, { method: 'POST', headers, body })
  expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([status, type])
})

test('a request without a signature for this service is refused', async () => {
  const body = JSON.stringify({ ...api.where, sql: 'SELECT 1' })
  const post = (headers: Record<string, string>) =>
    fetch(`${api.endpoint.url}/Execute`, { method: 'POST', headers, body })
  expect((await post({})).status).toBe(403)
  expect((await post({ authorization: signature.replace('rds-data', 's3') })).status).toBe(403)
  expect((await post({ authorization: signature })).status).toBe(200)
})

test('every call is listed', async () => {
  api.endpoint.calls.length = 0
  const transactionId = await api.begin()
  const parameters = [{ name: 'a', value: { longValue: 1 } }]
  await api.run('SELECT :a', { transactionId, parameters })
  await expect(api.run('SELECT nothing')).rejects.toThrow()
  await api.rollBack(transactionId)
  const sizes = {
    requestBytes: expect.any(Number),
    answerBytes: expect.any(Number),
    ms: expect.any(Number),
  }
  const transaction = transactionId
  expect(api.endpoint.calls).toEqual([
    { operation: 'BeginTransaction', ...sizes },
    { operation: 'ExecuteStatement', sql: 'SELECT :a', parameters: 1, transaction, ...sizes },
    {
      operation: 'ExecuteStatement',
      sql: 'SELECT nothing',
      parameters: 0,
      error: 'DatabaseErrorException',
      ...sizes,
    },
    { operation: 'RollbackTransaction', transaction, ...sizes },
  ])
  const [, select] = api.endpoint.calls
  expect(select!.answerBytes).toBe(
    '{"numberOfRecordsUpdated":0,"records":[[{"longValue":1}]]}'.length,
  )
  expect(select!.requestBytes).toBeGreaterThan(300)
})
