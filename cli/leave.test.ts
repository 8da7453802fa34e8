import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resource, TestLake } from '../functions/stages.fixture.ts'
import { removeLocalPostgres } from '../local/postgres.ts'

/** Commands that end early leave nothing behind: the lake's own Postgres goes with them. */

let files: TestLake
beforeAll(() => {
  files = new TestLake()
  files.describe('p', resource('a', ['id:integer'], {}, { files: '*.csv' }))
})
afterAll(async () => {
  await removeLocalPostgres(join(files.folder, '.sluice'))
  files.close()
})

function start(...words: string[]): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env
  const script = join(import.meta.dirname, 'sluice.ts')
  const args = [script, ...words, '--lake', files.folder]
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Whether somebody listens where the lake's own Postgres is. */
async function isRunning(): Promise<boolean> {
  const url = join(files.folder, '.sluice/url')
  if (!existsSync(url)) return false
  const socket = connect(Number(new URL(readFileSync(url, 'utf8')).port), '127.0.0.1')
  const ends = ['connect', 'error'].map((name) => once(socket, name).then(() => name))
  const end = await Promise.race(ends).catch(() => 'error')
  socket.destroy()
  return end === 'connect'
}

/** Its rows are on the way, and not there yet. */
async function untilBusy(): Promise<void> {
  await expect.poll(isRunning).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
}

test.each(['SIGINT', 'SIGTERM'] as const)('by %s', { timeout: 60_000 }, async (signal) => {
  const lines = Array.from({ length: 3_000_000 }, (_, i) => `${i}\n`)
  files.put('bronze/p/a.csv', `id\n${lines.join('')}`)
  const child = start('ingest', 'bronze/p/a.csv')
  child.stdout?.resume()
  await untilBusy()
  child.kill(signal)
  expect(await once(child, 'exit')).toEqual([null, signal])
  expect(await isRunning()).toBe(false)
})

test('as nobody reads on', async () => {
  files.put('bronze/p/a.csv', `id\n${'x\n'.repeat(5_000)}`)
  const loading = start('ingest', 'bronze/p/a.csv')
  loading.stdout?.resume()
  expect(await once(loading, 'exit')).toEqual([3, null])
  const child = start('rejects', '--json')
  const [first] = await once(child.stdout!, 'data')
  child.stdout?.destroy()
  expect(String(first)).toMatch(/^{"object":"bronze\/p\/a.csv"/)
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(await isRunning()).toBe(false)
})
