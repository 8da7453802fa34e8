import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestLake } from '../functions/stages.fixture.ts'
import { jsonOf, served } from './served.fixture.ts'

/** As they are before any console is served. */
const before = [globalThis.Request, globalThis.Response]

let files: TestLake
let open: { close(): Promise<void> }[]
beforeEach(() => {
  files = new TestLake()
  open = []
})
afterEach(async () => {
  for (const one of open) await one.close()
  files.close()
})

async function start(
  ...[own, options]: [Parameters<typeof served>[1]?, Parameters<typeof served>[2]?]
) {
  const console = await served(files.lake, own, options)
  open.push(console)
  return console
}

/** A program that has the port already. */
async function taken(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) })
  return (server.address() as AddressInfo).port
}

describe('where a console is', () => {
  it('is on the loopback alone, without a token', async () => {
    const { url, port, ask } = await start()
    expect(url).toBe(`http://127.0.0.1:${port}`)
    expect((await ask('/')).status).toBe(200)
    expect(await jsonOf(await ask('/api/place'))).toMatchObject({ loads: false })
  })

  it('is the next free port where one is taken', async () => {
    const port = await taken()
    const console = await start({}, { port })
    expect(console.port).toBeGreaterThan(port)
    expect((await console.ask('/')).status).toBe(200)
  })

  it('is nowhere where the address is none of this machine', async () => {
    await expect(start({}, { host: '192.0.2.1' })).rejects.toThrow('192.0.2.1')
  })

  it('is for others only with a token, which is part of what is printed', async () => {
    const { url, ask } = await start({}, { host: '0.0.0.0' })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/)
    expect((await ask('/')).status).toBe(401)
    const token = new URL(url).searchParams.get('token')
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask('/api/place', { headers })).status).toBe(200)
    const named = await start({}, { allowHosts: ['lab.lan'] })
    expect((await named.ask('/')).status).toBe(401)
  })

  it('is told as people ask it, where that is another address', async () => {
    const { url } = await start({}, { host: '0.0.0.0', address: 'http://127.0.0.1:9999' })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:9999\/\?token=/)
  })
})

it('what is asked nowhere is not the page', async () => {
  const { ask, post } = await start()
  for (const answer of [await ask('/api/none'), await post('/api/none', '{}')]) {
    expect(answer.status).toBe(404)
    expect((await jsonOf(answer)).error).toContain('/api/none')
  }
})

it('a database that is away is told, and nothing of this machine', async () => {
  const { ask } = await start()
  const answer = await ask('/api/flow')
  expect(answer.status).toBe(500)
  expect(await jsonOf(answer)).toEqual({ error: 'it is away' })
})

it('ends although pages listen', async () => {
  const console = await served(files.lake)
  const answer = await console.ask('/api/live')
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  await console.close()
  await expect(answer.text()).rejects.toThrow()
  await expect(console.ask('/')).rejects.toThrow()
})

it('the globals of the process that serves stay as they are', async () => {
  const { ask } = await start()
  await ask('/')
  expect([globalThis.Request, globalThis.Response]).toEqual(before)
})
