import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-worker-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('one that waits for its database is not healthy yet, and stops without a fault', async () => {
  const healthy = join(folder, 'healthy')
  writeFileSync(healthy, 'of a process before')
  // Nobody listens at port 1.
  const { child, said } = start('raw-ingestion', {
    FOLDER_LAKE: folder,
    DATABASE_URL: 'postgres://sluice@127.0.0.1:1/sluice',
  })
  await vi.waitFor(() => expect(existsSync(healthy)).toBe(false), 20_000)
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
  expect(said()).not.toContain('cannot go on')
}, 60_000)

test.each([
  ['none', { FOLDER_LAKE: '/nowhere' }, 'the argument must be one of raw-ingestion | silver'],
  ['silver', {}, 'neither FOLDER_LAKE nor S3_LAKE is set'],
  ['silver', { FOLDER_LAKE: '/nowhere', WORKER_WIDTH: '0' }, 'WORKER_WIDTH'],
])('what it cannot be started with is told: %s %o', async (service, settings, why) => {
  const { child, said } = start(service, settings)
  expect(await once(child, 'close')).toEqual([1, null])
  expect(said()).toContain(why)
})

function start(service: string, settings: Record<string, string>) {
  const script = join(import.meta.dirname, 'worker.ts')
  const env = { PATH: process.env.PATH, TMPDIR: folder, ...settings }
  const child = spawn(process.execPath, [script, service], { env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  return { child, said: () => said }
}
