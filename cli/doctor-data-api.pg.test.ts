import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { openPostgres } from '../core/database/postgres.ts'
import type { Finding } from '../core/finding.ts'
import { emptied, resource, runSilver, TestLake, TestRaw } from '../functions/stages.fixture.ts'
import { installAwsS3 } from '../local/data-api/aws-s3.ts'
import { DataApiEndpoint } from '../local/data-api/endpoint.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { execute } from '../local/one-statement.ts'
import { openContext } from './context.ts'
import { doctorCommand } from './doctor.ts'
import { planCommand } from './plan.ts'
import { rejectsCommand } from './rejects.ts'
import { statusCommand } from './status.ts'

/** The commands over a database that is reached by the RDS Data API. */

const role = `role_${randomUUID().slice(0, 8)}`
const object = 'bronze/p/orders/1.csv'
let server: Awaited<ReturnType<typeof freshDatabase>>
let endpoint: DataApiEndpoint
let files: TestLake

beforeAll(async () => {
  server = await freshDatabase()
  endpoint = await DataApiEndpoint.start(server.url)
})
afterAll(async () => {
  await endpoint.close()
  await server.drop()
})
beforeEach(async () => {
  await emptied(server.url)
  await execute(server.url, 'DROP SCHEMA IF EXISTS aws_s3, aws_commons CASCADE')
  files = new TestLake()
  files.describe('p', resource('orders', ['id:integer', 'note'], { primaryKey: 'id' }))
  files.put(object, 'id,note\n1,a\nx,b\n')
  // The client takes those of whoever asks.
  for (const name of ['DATABASE_URL', 'AWS_ENDPOINT_URL']) vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
})
afterEach(() => {
  endpoint.faults.length = 0
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  files.close()
  process.exitCode = undefined
})

interface Named {
  at?: DataApiEndpoint
  cluster?: string
  secret?: string
  database?: string
}

function urlOf({ at = endpoint, ...of }: Named = {}): string {
  const { cluster = at.cluster, secret = at.secret } = of
  const { database = new URL(server.url).pathname.slice(1) } = of
  return `rds-data:${cluster}?${new URLSearchParams({ secret, database, endpoint: at.url })}`
}

/** What a command prints, line by line, and its exit code. */
async function run(command: typeof doctorCommand, ...args: string[]) {
  let out = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += chunk
    return true
  })
  await command().parseAsync([...args, '--lake', files.folder, '--json'], { from: 'user' })
  spy.mockRestore()
  const lines = out.trim().split('\n')
  return { lines: lines.map((line) => JSON.parse(line)), code: process.exitCode }
}

async function doctor(url = urlOf()) {
  const { lines, code } = await run(doctorCommand, '--database', url)
  const all = lines as Finding[]
  return { all, bad: all.filter(({ level }) => level !== 'ok'), code }
}

async function load(): Promise<void> {
  await installAwsS3(server.url, endpoint)
  const raw = await TestRaw.open(files.lake, urlOf())
  expect(await raw.status(object)).toBe('loaded')
  await raw.database.end()
}

test('a set-up that works is well, also while its database wakes', async () => {
  await load()
  endpoint.faults.push({ kind: 'resuming', when: () => true, times: 3 })
  const { bad, all, code } = await doctor()
  expect([bad, code]).toEqual([[], 0])
  expect(all.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['database', 'ledger', 'tables', 'rights', 'import']),
  )
})

test('a set-up that was never used is well, and stays as it is', async () => {
  await installAwsS3(server.url, endpoint)
  expect(await doctor()).toMatchObject({ bad: [], code: 0 })
  const database = openPostgres(server.url)
  const sql = `SELECT count(*) FROM pg_namespace WHERE nspname IN ('sluice', 'p')`
  expect(await database.query(sql)).toEqual([{ count: 0 }])
  await database.end()
})

test('a Postgres without aws_s3 is told, with what to take', async () => {
  const { bad } = await doctor()
  expect(bad).toMatchObject([{ check: 'import', level: 'wrong' }])
  expect(bad[0]?.cure).toMatch(/^take an Aurora PostgreSQL/)
})

test('a user who may not fetch rows is told the GRANT, which cures it', async () => {
  await load()
  await execute(server.url, `CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
  await execute(server.url, `GRANT ALL ON SCHEMA sluice, p TO ${role}`)
  await execute(server.url, `GRANT ALL ON ALL TABLES IN SCHEMA sluice, p TO ${role}`)
  const url = Object.assign(new URL(server.url), { username: role, password: 'x' })
  const at = await DataApiEndpoint.start(url.href)
  try {
    const { bad } = await doctor(urlOf({ at }))
    expect(bad).toMatchObject([{ check: 'import', level: 'wrong' }])
    await execute(server.url, bad[0]?.cure ?? '')
    expect(await doctor(urlOf({ at }))).toMatchObject({ bad: [], code: 0 })
  } finally {
    await at.close()
    await execute(server.url, `DROP OWNED BY ${role}`)
    await execute(server.url, `DROP ROLE ${role}`)
  }
})

test.each<[string, Named, RegExp]>([
  ['cluster', { cluster: 'arn:aws:rds:us-east-1:123456789012:cluster:no' }, /enable-http-endpoint/],
  ['secret', { secret: 'arn:aws:secretsmanager:us-east-1:1:secret:no' }, /mend the secret's ARN/],
  ['database', { database: 'no_such_database' }, /CREATE DATABASE.*DATABASE_NAME/],
])('another %s than there is: its cure is told', async (_, of, cure) => {
  const { bad, code } = await doctor(urlOf(of))
  expect(bad).toMatchObject([{ check: 'database', level: 'wrong' }])
  expect(bad[0]?.cure).toMatch(cure)
  expect(code).toBe(3)
})

test('who is not logged in to AWS is told so: the database was not asked', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined)
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) {
    vi.stubEnv(name, '/dev/null')
  }
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  const { bad, code } = await doctor(urlOf().replace(/&endpoint=.*/, ''))
  const cure = 'log in to AWS (aws sso login), or set AWS_PROFILE'
  expect(bad).toMatchObject([{ check: 'database', level: 'unknown', cure }])
  expect(code).toBe(1)
})

test('the variables of a function name it, too', async () => {
  await load()
  vi.stubEnv('DATABASE_CLUSTER_ARN', endpoint.cluster)
  vi.stubEnv('DATABASE_SECRET_ARN', endpoint.secret)
  vi.stubEnv('DATABASE_NAME', new URL(server.url).pathname.slice(1))
  vi.stubEnv('AWS_ENDPOINT_URL_RDS_DATA', endpoint.url)
  const calls = endpoint.calls.length
  expect((await run(doctorCommand)).code).toBe(0)
  expect(endpoint.calls.length).toBeGreaterThan(calls)
})

test('who only looks runs no setup.sql', async () => {
  await load()
  const direct = openPostgres(server.url)
  const ran = 'SELECT count(*) AS scripts FROM sluice.scripts'
  await run(statusCommand, '--database', urlOf())
  await run(rejectsCommand, '--database', urlOf())
  expect(await direct.query(ran)).toEqual([{ scripts: 0 }])
  // Whoever loads brings it along.
  await (await openContext({ lake: files.folder, database: urlOf() })).close()
  expect(await direct.query(ran)).toEqual([{ scripts: 1 }])
  await direct.end()
})

test('a fault is told with its cure', async () => {
  const named = ['--lake', files.folder, '--database', urlOf({ database: 'nope' })]
  const script = join(import.meta.dirname, 'sluice.ts')
  const said = promisify(execFile)(process.execPath, [script, 'status', ...named])
  await expect(said).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/database "nope" does not exist.*; make the database \(CREATE/),
  })
})

test('status, rejects and plan tell what they tell of any database', async () => {
  await load()
  const named = ['--database', urlOf()]
  const counts = { records: 2, accepted: 1, rejected: 1, waiting: 0 }
  const ledger = { stage: 'raw-ingestion', object, status: 'loaded', ...counts }
  const unseen = { object, unseen: ['silver'] }
  expect((await run(statusCommand, ...named)).lines).toMatchObject([ledger, unseen])
  const reject = { object, line: 3, rule: 'type-error', field: 'id', value: 'x' }
  expect((await run(rejectsCommand, ...named)).lines).toMatchObject([reject])
  await runSilver(files.lake, object)
  const settled = { object, would: 'change nothing' }
  expect((await run(planCommand, object, ...named)).lines).toMatchObject([settled])
  files.put('bronze/p/orders/2.csv', 'id,note\n2,a\n')
  const [planned] = (await run(planCommand, 'bronze/p/orders/2.csv', ...named)).lines
  expect(planned).toMatchObject({ would: 'load', accepted: 1, table: { exists: true } })
})
