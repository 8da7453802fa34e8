import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openPostgres } from '../../core/database/postgres.ts'
import { freshDatabase } from '../../local/fresh-database.ts'
import { resource, TestLake } from '../stages.fixture.ts'
import { handler } from './handler.ts'

/** What an invocation opens, the next one uses: the very function that Lambda calls. */

let database: Awaited<ReturnType<typeof freshDatabase>>
let files: TestLake
const temporary = mkdtempSync(join(tmpdir(), 'sluice-reuse-'))

beforeAll(async () => {
  database = await freshDatabase()
  files = new TestLake()
  files.describe('p', resource('t', ['id:integer', 'name']))
  vi.stubEnv('TMPDIR', temporary)
  vi.stubEnv('LAKE_URL', files.lake.store.url)
  vi.stubEnv('DATABASE_URL', database.url)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  files.close()
  rmSync(temporary, { recursive: true })
})

/** One invocation: a message of SQS with an event of S3. */
async function invoke(name: string): Promise<void> {
  const key = `bronze/p/t/${name}.csv`
  files.put(key, `id,name\n1,${name}\n`)
  const detail = { bucket: { name: 'lake' }, object: { key } }
  const message = { eventSource: 'aws:sqs', messageId: key }
  const body = JSON.stringify({ source: 'aws.s3', detail })
  const answer = await handler({ Records: [{ ...message, body }] })
  expect(answer).toEqual({ batchItemFailures: [] })
}

const connections = `SELECT pid FROM pg_stat_activity
  WHERE application_name = 'sluice' AND datname = current_database() AND pid <> pg_backend_pid()`

/** The backends of the function, as another connection sees them. */
async function backends(): Promise<unknown[]> {
  const looker = openPostgres(database.url)
  try {
    return (await looker.query(connections)).map(({ pid }) => pid)
  } finally {
    await looker.end()
  }
}

const engines = () => readdirSync(temporary).filter((name) => name.startsWith('sluice-spill-'))

test('invocations share one DuckDB and one connection', async () => {
  await invoke('a')
  const before = { engines: engines(), backends: await backends() }
  expect([before.engines.length, before.backends.length]).toEqual([1, 1])
  for (const name of ['b', 'c', 'd']) await invoke(name)
  expect({ engines: engines(), backends: await backends() }).toEqual(before)
})

/** Ends the function's connections while nothing of this process can run, as Lambda freezes it. */
function freezeWhileTheServerEndsConnections(): void {
  const script = `const client = new (require('pg').Client)(process.argv[1])
    client.connect()
      .then(() => client.query(\`SELECT pg_terminate_backend(pid) FROM (${connections}) s\`))
      .then(() => new Promise((resolve) => setTimeout(resolve, 100)))
      .then(() => client.end())`
  execFileSync(process.execPath, ['-e', script, database.url])
}

test.each(['e', 'f', 'g'])(
  'a connection that ends while all is frozen fails nothing',
  async (name) => {
    await invoke(name)
    const before = await backends()
    freezeWhileTheServerEndsConnections()
    await invoke(`${name}2`)
    const after = await backends()
    expect(after).toHaveLength(1)
    expect(after).not.toEqual(before)
  },
)
