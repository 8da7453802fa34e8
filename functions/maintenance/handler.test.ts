import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryStream } from '../../local/stream.fixture.ts'
import { maintenance } from './handler.ts'
import { SmallFiles } from './small-files.fixture.ts'

let files: SmallFiles

beforeEach(() => {
  files = new SmallFiles(new MemoryStream('s', 1))
})
afterEach(() => files.close())

test('each job is done, and told in one line', async () => {
  await files.publish(17, { rows: 4 })
  await files.drain()
  const told: [string, object][] = []
  const handle = maintenance(files.lake, (job, done) => told.push([job, done]))
  for (const job of ['tick', 'compact', 'vacuum']) await handle({ job })
  expect(told).toEqual([
    ['tick', expect.any(Object)],
    ['compact', { before: 12, after: 2, rows: 48, skipped: [], left: 0 }],
    ['vacuum', { fences: 0, orphans: 0, unknown: 0, checkpoints: 0, left: 0 }],
  ])
})

test.each([[{}], [{ job: 'rest' }], ['tick'], [undefined]])('%j is no job', async (event) => {
  const handle = maintenance(files.lake, () => {})
  await expect(handle(event)).rejects.toThrow(/must be \{"job": "tick"\} \|/)
})
