import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { database, files, raw } from '../functions/raw.fixture.ts'
import { resource } from '../functions/stages.fixture.ts'

const root = dirname(import.meta.dirname)

interface Ran {
  child: ChildProcess
  out: string
  told: string
  ended: Promise<number | null>
}

let running: Ran[] = []
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  running = []
})

/** A command of ours, on the lake and the database of the test. */
function run(command: string, ...args: string[]): Ran {
  const program = join(root, 'cli/sluice.ts')
  const child = spawn(process.execPath, [program, command, '--lake', files.folder, ...args], {
    cwd: files.folder,
    env: { ...process.env, DATABASE_URL: database.url, TMPDIR: files.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const ran: Ran = { child, out: '', told: '', ended }
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    ran.told += text
  })
  running.push(ran)
  return ran
}

const PATIENCE = { timeout: 60_000 }

/** The address that it tells, once it does. */
async function addressOf(ran: Ran): Promise<string> {
  const url = () => /console: (http:\S+)|"url":"([^"]+)"/.exec(ran.told + ran.out)
  await expect.poll(url, PATIENCE).not.toBe(null)
  return url()!
    .slice(1)
    .find((one) => one !== undefined)!
}

async function jsonAt(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>
}

/** A port of the loopback that a program has until the test ends. */
async function withTakenPort(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}

const drop = (url: string, name: string, body: string) =>
  fetch(`${url}/api/drop?package=p&name=${name}`, {
    ...{ method: 'POST', body, headers: { 'x-sluice': '1', origin: url } },
  })

describe('sluice start', () => {
  test('serves the console: what is dropped there is loaded, and told', async () => {
    files.describe('p', resource('t', ['id:integer']))
    files.put('bronze/p/t/first.csv', 'id\n1\n')
    const ran = run('start', '--json', '--port', '0')
    const url = await addressOf(ran)
    expect(await jsonAt(`${url}/api/place`)).toMatchObject({ loads: true })

    const page = await fetch(`${url}/api/live`)
    let heard = ''
    const listening = (async () => {
      for await (const text of page.body!.pipeThrough(new TextDecoderStream())) heard += text
    })().catch(() => {})
    await expect.poll(() => ran.out, PATIENCE).toContain('first.csv')
    expect((await drop(url, 't/second.csv', 'id\n1\n2\nx\n')).status).toBe(200)
    for (const stage of ['raw-ingestion', 'silver']) {
      const end = `"stage":"${stage}","object":"bronze/p/t/second.csv"`
      await expect.poll(() => heard, PATIENCE).toContain(end)
    }
    const told = async () => (await jsonAt(`${url}/api/flow`)) as never
    await expect.poll(told, PATIENCE).toMatchObject({
      ...{ objects: { loaded: 2 }, records: { all: 4, rejected: 1 }, arriving: 0 },
      stages: [
        { stage: 'raw-ingestion', waiting: 0, running: [], done: 2, failed: 0 },
        { stage: 'silver', waiting: 0, running: [], done: 2, failed: 0 },
        { stage: 'streaming', waiting: 0, running: [], done: 0, failed: 0 },
      ],
    })

    // A page that leaves is no word on stdout, nor one that stays.
    const left = new AbortController()
    await fetch(`${url}/api/live`, { signal: left.signal })
    left.abort()
    // Whoever listens keeps it from nothing; and what it prints is ends alone.
    ran.child.kill('SIGTERM')
    expect(await ran.ended).toBe(0)
    await listening
    const lines = ran.out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).stage).sort()).toEqual([
      ...['raw-ingestion', 'raw-ingestion', 'silver', 'silver'],
    ])
  })

  test('takes the next port where one is taken, and says so', async () => {
    await withTakenPort(async (port) => {
      const ran = run('start', '--json', '--port', `${port}`)
      const url = await addressOf(ran)
      expect(Number(new URL(url).port)).toBeGreaterThan(port)
      expect(ran.told).toContain(`port ${port} is taken`)
    })
  })

  test('loads although there is no port for the console', async () => {
    files.put('bronze/p/t/first.csv', 'id\n1\n')
    const last = createServer().listen(65_535, '127.0.0.1')
    await Promise.race([once(last, 'listening'), once(last, 'error')])
    try {
      const ran = run('start', '--json', '--port', '65535')
      await expect.poll(() => ran.told, PATIENCE).toContain('no console: ')
      await expect.poll(() => ran.out, PATIENCE).toContain('first.csv')
    } finally {
      last.close()
    }
  })

  test.each(['--no-console', '--once'])('serves none with %s', async (option) => {
    files.put('bronze/p/t/first.csv', 'id\n1\n')
    const ran = run('start', '--json', option)
    await expect.poll(() => ran.out, PATIENCE).toContain('"silver"')
    expect(ran.told).not.toContain('http://')
  })
})

describe('sluice console', () => {
  test('looks at what another process loads, loads nothing, and ends when it is told', async () => {
    files.describe('p', resource('t', ['id:integer']))
    const ran = run('console', '--json', '--port', '0')
    const url = await addressOf(ran)
    expect(ran.out).toBe(`${JSON.stringify({ url })}\n`)
    expect(await jsonAt(`${url}/api/place`)).toMatchObject({ loads: false })
    const page = await fetch(`${url}/api/live`)
    let heard = ''
    const listening = (async () => {
      for await (const text of page.body!.pipeThrough(new TextDecoderStream())) heard += text
    })().catch(() => {})
    expect((await drop(url, 't/a.csv', 'id\n1\n')).status).toBe(200)
    await expect.poll(() => heard, PATIENCE).toContain('"arriving":1')
    expect(await raw.query('SELECT key FROM sluice.objects')).toEqual([])
    await raw.run('bronze/p/t/a.csv')
    await expect.poll(() => heard, PATIENCE).toContain('event: end')
    await expect.poll(() => heard, PATIENCE).toContain('"arriving":0')
    ran.child.kill('SIGTERM')
    expect(await ran.ended).toBe(0)
    await listening
  })

  test('asks others for a token, which the whole address has', async () => {
    const ran = run('console', '--port', '0', '--host', '0.0.0.0')
    await expect.poll(() => ran.out, PATIENCE).toContain('Console: ')
    const [, url] = /Console: (\S+)/.exec(ran.out)!
    const { origin, searchParams } = new URL(url!)
    expect((await fetch(`${origin}/api/place`)).status).toBe(401)
    const headers = { authorization: `Bearer ${searchParams.get('token')}` }
    expect((await fetch(`${origin}/api/place`, { headers })).status).toBe(200)
  })

  test('refuses what it does not understand', async () => {
    for (const args of [
      ['--port', '99999'],
      ['--port', 'http'],
      ['--upload-limit', '0'],
      ['--host', '192.0.2.1'],
    ]) {
      const ran = run('console', ...args)
      expect(await ran.ended).toBe(2)
    }
  })
})
