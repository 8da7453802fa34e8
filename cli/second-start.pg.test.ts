import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'
import { sluice } from './run.fixture.ts'

/** Two of `sluice start` on one folder. */

interface Ran {
  child: ChildProcess
  told: string
  ended: Promise<number | null>
}

const running: Ran[] = []
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
})

function start(...args: string[]): Ran {
  const words = ['start', '--lake', files.folder, '--port', '0', ...args]
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sluice.ts'), ...words], {
    cwd: files.folder,
    env: { ...process.env, DATABASE_URL: database.url, TMPDIR: files.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran: Ran = { child, told: '', ended: once(child, 'close').then(([code]) => code as number) }
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      ran.told += text
    })
  }
  running.push(ran)
  return ran
}

const served = (ran: Ran) => expect.poll(() => ran.told, { timeout: 60_000 }).toContain('Watching ')

test('the second is told at once who serves the lake, and the first goes on', async () => {
  files.describe('p', resource('t', ['id:integer']))
  files.put('bronze/p/t/a.csv', 'id\n1\n')
  const first = start()
  await served(first)
  const [, address] = /Console: +(\S+)/.exec(first.told) ?? []
  for (const second of [start(), start('--once')]) {
    expect(await second.ended).toBe(2)
    expect(second.told.trimEnd().split('\n')).toHaveLength(1)
    expect(second.told).toContain(`already (process ${first.child.pid}, since `)
    expect(second.told).toContain(`its console: ${address})`)
  }
  expect((await sluice('status', '--lake', files.folder, '--database', database.url)).code).toBe(0)
  files.put('bronze/p/t/b.csv', 'id\n2\n')
  await expect.poll(() => raw.query('SELECT id FROM p.t'), { timeout: 60_000 }).toHaveLength(2)
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
})

test('one that was killed hard is in nobody’s way', { timeout: 120_000 }, async () => {
  const receipts = resource('receipts', ['id:integer'], {}, { stream: {} })
  files.put('streaming/till/datapackage.json', JSON.stringify({ name: 't', resources: [receipts] }))
  files.put('streaming/till/receipts/a.csv', 'id\n1\n')
  const first = start()
  await served(first)
  first.child.kill('SIGKILL')
  await first.ended
  files.put('streaming/till/receipts/b.csv', 'id\n2\n')
  const next = start()
  await served(next)
  expect(next.told).toMatch(/receipts\/b\.csv .*│ loaded/)
  expect(next.told).not.toContain('waiting for another')
})
