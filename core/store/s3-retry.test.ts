import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { S3Store } from './s3-store.ts'

/** What S3 answers to the attempts at one request, one after the other; at last 404. */
let statuses: number[] = []
/** The request is taken, and nothing comes back. */
const SILENCE = 0
let requests = 0
const server = createServer(({ headers }, response) => {
  requests++
  const attempt = Number(/attempt=(\d+)/.exec(`${headers['amz-sdk-request']}`)?.[1])
  const status = statuses[attempt - 1] ?? 404
  if (status !== SILENCE) response.writeHead(status).end()
})
let endpoint: string
let store: S3Store

beforeAll(async () => {
  vi.stubEnv('AWS_S3_FORCE_PATH_STYLE', '1')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  store = new S3Store('s3://bucket', { endpoint })
})

afterAll(() => {
  vi.unstubAllEnvs()
  server.close()
  server.closeAllConnections()
})

function answers(...given: number[]): void {
  statuses = given
  requests = 0
}

test('what is not there is found out however often S3 was busy before', async () => {
  answers(503)
  const looks = Array.from({ length: 150 }, () => store.head('none'))
  expect(new Set(await Promise.all(looks))).toEqual(new Set([undefined]))
  expect(requests).toBe(300)
})

test('the fifth fault of one request is the end of it', async () => {
  answers(500, 503, 500, 503)
  expect(await store.head('none')).toBeUndefined()
  answers(500, 503, 500, 503, 500)
  await expect(store.head('none')).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } })
  expect(requests).toBe(5)
})

test('a refusal is final', async () => {
  answers(403)
  await expect(store.head('none')).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
  expect(requests).toBe(1)
})

test('a server that says nothing is asked again', async () => {
  answers(SILENCE, SILENCE)
  const impatient = new S3Store('s3://bucket', { endpoint, silence: 200 })
  expect(await impatient.head('none')).toBeUndefined()
  expect(requests).toBe(3)
})
