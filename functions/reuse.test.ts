import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MemoryStream } from '../local/stream.fixture.ts'
import { handler as maintenance } from './maintenance/handler.ts'
import { SmallFiles } from './maintenance/small-files.fixture.ts'
import { handler as silver } from './silver/handler.ts'
import { resource } from './stages.fixture.ts'

/** What an invocation opens, the next one uses: the very functions that Lambda calls. */

const temporary = mkdtempSync(join(tmpdir(), 'sluice-reuse-'))
let files: SmallFiles

beforeAll(async () => {
  files = new SmallFiles(new MemoryStream('s', 1))
  vi.stubEnv('TMPDIR', temporary)
  vi.stubEnv('LAKE_URL', files.lake.store.url)
})
afterAll(() => {
  vi.unstubAllEnvs()
  files.close()
  rmSync(temporary, { recursive: true })
})

/** Each DuckDB has a folder of its own for what it spills. */
const engines = () => readdirSync(temporary).filter((name) => name.startsWith('sluice-spill-'))
const scratch = () => readdirSync(files.lake.store.scratch).filter((name) => /^work-/.test(name))

test('invocations share one DuckDB, and the folders for their work', async () => {
  const described = { name: 'p', resources: [resource('t', ['id:integer'])] }
  files.put('bronze/p/datapackage.json', JSON.stringify(described))
  const before: unknown[] = []
  for (const n of [1, 2, 3]) {
    files.put(`bronze/p/t/${n}.csv`, `id\n${n}\n`)
    const key = `bronze/p/t/${n}.csv`
    const detail = { bucket: { name: 'lake' }, object: { key } }
    const message = { eventSource: 'aws:sqs', messageId: key }
    const body = JSON.stringify({ source: 'aws.s3', detail })
    const answer = await silver({ Records: [{ ...message, body }] })
    expect(answer).toEqual({ batchItemFailures: [] })
    for (const job of ['tick', 'compact', 'vacuum']) await maintenance({ job })
    before.push({ engines: engines(), scratch: scratch() })
  }
  // Silver has one for the files of its commit, and within it one for what the object needs.
  expect([engines().length, scratch().length]).toEqual([1, 2])
  expect(before).toEqual([before[0], before[0], before[0]])
})
