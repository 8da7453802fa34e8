import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommanderError } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { Refused, UnsafeKey } from '../core/errors.ts'
import { endOf } from './end.ts'
import { linesOf, sluice } from './run.fixture.ts'

/** How a command that failed ends: its exit code, and what to do about it. */

afterEach(() => vi.unstubAllEnvs())

test.each([
  [new CommanderError(1, 'commander.unknownOption', 'told before'), 2, undefined],
  [new CommanderError(0, 'commander.help', '(outputHelp)'), 0, undefined],
  [new Refused('a: b is allowed'), 2, 'a: b is allowed'],
  [new UnsafeKey('../a', 'has a part of dots'), 2, 'key "../a" has a part of dots; keys are'],
  [new Error('away'), 1, 'away'],
  ['a text', 1, 'a text'],
  [new Error('a\u001b[2J\nb'), 1, 'a·[2J\nb'],
  [new Error('a\u2028b\u2029'), 1, 'a·b·'],
])('%j: exit code %j, and %j is told', async (error, exitCode, told) => {
  const end = await endOf(error, {})
  expect(end.exitCode).toBe(exitCode)
  if (told === undefined) expect(end.told).toBeUndefined()
  else expect(end.told).toContain(told)
})

const fault = (message: string, fields: object = {}) => Object.assign(new Error(message), fields)

test.each([
  ['no region', fault('Region is missing'), 'set AWS_REGION'],
  ['no login', fault('x', { name: 'CredentialsProviderError' }), 'aws sso login'],
  ['no bucket', fault('no', { name: 'NoSuchBucket' }), 'mend the name in --lake'],
  ['no LocalStack', fault('connect', { code: 'ECONNREFUSED' }), 'nothing answers at AWS_ENDPOINT'],
  ['none of its services', fault('x', { $metadata: { httpStatusCode: 501 } }), 'no such service'],
  [
    'no right',
    fault('no', { code: 'EACCES', path: '/lake' }),
    'chown or chmod it, .* another lake',
  ],
  ['a wrong password', fault('no', { code: '28P01' }), 'mend user and password'],
])('%s: the cure is told', async (_, error, cure) => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566')
  expect((await endOf(error, {})).told).toMatch(RegExp(`^${error.message}; .*${cure}`))
})

test('doctor tells those cures, too', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x')
  for (const name of ['AWS_REGION', 'AWS_PROFILE', 'AWS_CONFIG_FILE']) vi.stubEnv(name, undefined)
  expect(await found()).toMatchObject({ level: 'unknown', cure: 'set AWS_REGION, or AWS_PROFILE' })
  vi.stubEnv('AWS_REGION', 'eu-west-1')
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
  expect(await found()).toMatchObject({ cure: expect.stringContaining('start LocalStack there') })
  const server = createServer((_, response) => {
    response.writeHead(501, { 'content-type': 'text/xml' })
    response.end('<ErrorResponse><Error><Code>InternalFailure</Code></Error></ErrorResponse>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`)
  expect(await found()).toMatchObject({ cure: expect.stringContaining('no such service') })
  server.close()
})

async function found() {
  const { out, code } = await sluice('doctor', '--stack', 'sluice-dev', '--json')
  expect(code).toBe(1)
  return linesOf(out)[0]
}
