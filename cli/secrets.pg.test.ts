import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { resource, TestLake } from '../functions/stages.fixture.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { execute } from '../local/one-statement.ts'
import { sluice } from './run.fixture.ts'

/** What is secret is told nowhere, however it ends: by no command or log, and in no file. */

const role = `app_${randomBytes(6).toString('hex')}`
/** With all that a URL, JSON, SQL or a shell treats in a way of its own. */
const password = `pw_/@:?#%&= '"\\$é_${randomBytes(6).toString('hex')}`
const known = {
  AWS_SECRET_ACCESS_KEY: `aws+/${randomBytes(12).toString('hex')}`,
  AWS_SESSION_TOKEN: `session+/=${randomBytes(12).toString('hex')}`,
  SLUICE_CONSOLE_TOKEN: `token_${randomBytes(12).toString('hex')}`,
  PGPASSWORD: `libpq_${randomBytes(12).toString('hex')}`,
}
/** The random end of each: however it is quoted, that is left as it is. */
const secrets = [password, ...Object.values(known)].map((secret) => secret.slice(-12))

/** Denies whatever is asked, or tells the secret that is asked for. */
const aws = createServer((request, response) => {
  const isSecret = String(request.headers['x-amz-target']).startsWith('secretsmanager')
  response.writeHead(isSecret ? 200 : 403, { 'content-type': 'application/json' })
  response.end(isSecret ? JSON.stringify({ SecretString: secretString }) : '')
})
let secretString = ''
let files: TestLake
let database: Awaited<ReturnType<typeof freshDatabase>>
let right: string

beforeAll(async () => {
  database = await freshDatabase()
  await execute(database.url, `CREATE ROLE ${role} LOGIN PASSWORD '${password.replace("'", "''")}'`)
  const name = new URL(database.url).pathname.slice(1)
  await execute(database.url, `GRANT CREATE ON DATABASE ${name} TO ${role}`)
  right = withLogin(database.url, password)
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve))
})
beforeEach(() => {
  files = new TestLake()
  files.describe('vault', resource('things', ['id:integer']))
  files.put('bronze/vault/things/1.csv', 'id\n1\nx\n')
  for (const [name, value] of Object.entries(known)) vi.stubEnv(name, value)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE')
  vi.stubEnv('AWS_REGION', 'eu-west-1')
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
})
afterEach(() => {
  vi.unstubAllEnvs()
  files.close()
})
afterAll(async () => {
  aws.close()
  await database.drop()
  await execute(database.url.replace(/\/[^/]+$/, '/postgres'), `DROP ROLE ${role}`)
})

function withLogin(url: string, as: string): string {
  const changed = new URL(url)
  changed.username = role
  return changed.href.replace(/(\/\/[^:@]+)(:[^@]*)?@/, `$1:${encodeURIComponent(as)}@`)
}

function expectNone(told: string, where: string): void {
  expect(
    secrets.filter((secret) => told.includes(secret)),
    `${where} tells a secret:\n${told}`,
  ).toEqual([])
}

const endpoint = () => `http://127.0.0.1:${(aws.address() as AddressInfo).port}`

/** Each command that opens the database, as it is called. */
const commands = [
  ['start', '--once'],
  ['ingest', 'bronze/vault/things/1.csv'],
  ['status'],
  ['rejects', 'vault.things'],
  ['rejects', 'vault.things', '--csv'],
  ['plan', 'bronze/vault/things/1.csv'],
  ['accept', 'vault'],
  ['replay', '--all', 'vault.things'],
  ['query', 'SELECT nothing FROM vault.things'],
  ['doctor'],
  ['compact'],
  ['vacuum'],
]

/** All that comes of all commands, as text and as JSON. */
async function tellAll(lake: string, asked = commands): Promise<string> {
  const all: string[] = []
  for (const words of asked) {
    for (const form of [[], ['--json']]) {
      const { out, err } = await sluice(...words, ...form, '--lake', lake)
      all.push(out, err)
    }
  }
  return all.join('\n')
}

test('where all is well: what is told, the ledger, and every file of the lake', async () => {
  vi.stubEnv('DATABASE_URL', right)
  const told = await tellAll(files.folder)
  expect(told).toContain('bronze/vault/things/1.csv')
  expectNone(told, 'a command')
  const dump = spawnSync(process.execPath, ['--input-type=module', '-e', dumping, right], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  })
  expect(dump.stdout).toContain('bronze/vault/things/1.csv')
  expectNone(dump.stdout, 'the ledger')
  const paths = readdirSync(files.folder, { recursive: true, withFileTypes: true })
  const kept = paths.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  expect(kept.some((path) => path.includes('/silver/'))).toBe(true)
  for (const path of kept) expectNone(readFileSync(path, 'latin1'), path)
})

const dumping = `
import pg from 'pg'
const client = new pg.Client(process.argv[1])
await client.connect()
const { rows } = await client.query(
  "SELECT query_to_xml('SELECT * FROM sluice.' || quote_ident(tablename), true, false, '')::text " +
  "AS dump FROM pg_tables WHERE schemaname = 'sluice'")
console.log(rows.map(({ dump }) => dump).join(''))
await client.end()`

test('a person is told where the database is that start has named', async () => {
  vi.stubEnv('DATABASE_URL', right)
  const { openContext } = await import('./context.ts')
  const context = await openContext({ lake: files.folder })
  await context.close()
  expect(context.url).toContain(`//${role}:…@`)
  expectNone(context.url, 'the context')
})

const faults: [string, () => string][] = [
  ['a wrong port', () => right.replace(/:\d+\//, ':1/')],
  ['a wrong host', () => right.replace(/@[^:/]+/, '@nowhere.invalid')],
  ['a wrong user', () => right.replace(role, 'nobody')],
  ['no such database', () => right.replace(/\/[^/]+$/, '/nothing')],
  ['what is not encoded', () => right.replace(/:[^:@]+@/, `:${password}@`)],
  ['a wrong percent sign', () => right.replace('%2F', '%zz')],
  ['another kind of URL', () => right.replace('postgres', 'mysql')],
  ['the words of libpq', () => `host=127.0.0.1 user=u password='${password}'`],
  ['the password alone', () => password],
  ['a cluster with a password', () => `rds-data:arn:x?secret=y&password=${password}`],
]

test.each(faults)('with %s, no command tells it', async (fault, url) => {
  vi.stubEnv('DATABASE_URL', url())
  // What is away is waited for by the others, for seconds each.
  const asked = /port|host/.test(fault) ? [['doctor']] : commands
  expectNone(await tellAll(files.folder, asked), 'a command')
})

test('nor where S3 denies it', async () => {
  vi.stubEnv('DATABASE_URL', right)
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint().replace('//', `//u:${password.slice(-12)}@`))
  expectNone(await tellAll('s3://nobodys-lake'), 'a command')
})

describe('a function', () => {
  /** As the runtime of Lambda does it: what is thrown is told with all that hangs on it. */
  const invoke = `
import { inspect } from 'node:util'
const { handler } = await import(process.argv[1])
const s3 = { bucket: { name: 'x' }, object: { key: 'bronze/vault/things/1.csv' } }
const event = { Records: [{ s3,
  eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', eventVersion: '2.1' }] }
for (const asked of [event, { check: true }]) {
  try { console.log(inspect(await handler(asked), { depth: 9 })) }
  catch (error) { console.log(inspect(error, { depth: 9 }), JSON.stringify({ ...error })) }
}
process.exit()`

  function logOf(env: Record<string, string>): string {
    const program = pathToFileURL(
      join(import.meta.dirname, '../functions/raw-ingestion/handler.ts'),
    )
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', invoke, program.href],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          ...{ LAKE_URL: pathToFileURL(files.folder).href, POWERTOOLS_LOG_LEVEL: 'DEBUG' },
          ...{ POWERTOOLS_DEV: 'true', AWS_LAMBDA_LOG_LEVEL: 'DEBUG', ...env },
        },
      },
    )
    return stdout + stderr
  }

  test.each(faults)('with %s logs none', (_, url) => {
    const log = logOf({ DATABASE_URL: url() })
    expect(log).toMatch(/rror|efused/)
    expectNone(log, 'the log')
  })

  test.each<[string, () => string]>([
    ['that has what is no URL', () => password],
    ['that lacks a part', () => JSON.stringify({ username: 'u', password, host: '' })],
    ['that is half a JSON', () => `{"password": ${JSON.stringify(password)}`],
    [
      'that has a login which is refused',
      () => JSON.stringify({ ...rds(), password: `${password}x` }),
    ],
    ['that is right', () => JSON.stringify({ ...rds(), password })],
  ])('with a secret of Secrets Manager %s logs none', (_, value) => {
    secretString = value()
    const env = { DATABASE_URL: '', DATABASE_SECRET_ARN: 'arn:aws:secretsmanager:x' }
    const log = logOf({ ...env, AWS_ENDPOINT_URL: endpoint() })
    expect(log).not.toBe('')
    expectNone(log, 'the log')
  })

  function rds() {
    const { hostname: host, port, pathname } = new URL(right)
    return { username: role, host, port, dbname: pathname.slice(1) }
  }
})
