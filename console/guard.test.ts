import { describe, expect, it } from 'vitest'
import { guard } from './guard.ts'
import { jsonOf } from './served.fixture.ts'

/** Another name of this machine, as an attacker's may be for a moment. */
const REBOUND = 'evil.example:8080'
const OWN = '127.0.0.1:8080'
const TOKEN = 'a token of some length'

/** How an app behind the guard answers; the default is what our page sends. */
function ask(path: string, init: RequestInit & { host?: string } = {}, options = {}) {
  const app = guard({ token: undefined, allowHosts: [], ...options })
  app.all('/api/*', async (c) => c.json({ got: (await c.req.text()).length }))
  app.get('*', (c) => c.html('<p>the page'))
  const { host = OWN, headers, ...rest } = init
  const all = { host, ...(headers as Record<string, string>) }
  return app.request(`http://${OWN}${path}`, { ...rest, headers: all })
}

/** As the page does it. */
const change = { 'x-sluice': '1', origin: `http://${OWN}`, 'content-type': 'application/json' }

function post(headers: Record<string, string>, host?: string, body = '{}') {
  return ask('/api/x', { method: 'POST', headers, body, ...(host && { host }) })
}

describe('the host that is asked', () => {
  const own = ['127.0.0.1:8080', 'localhost:9000', 'LOCALHOST', '[::1]:8080', '127.0.0.1']
  it.each(own)('%s is this machine', async (host) => {
    expect((await ask('/', { host })).status).toBe(200)
  })

  const others = [REBOUND, '10.0.0.7:8080', 'localhost.evil.example', '127.0.0.1.evil.example', '']
  it.each(others)('%j is refused, page and API, and told how to ask', async (host) => {
    for (const path of ['/', '/api/x']) {
      const answer = await ask(path, { host })
      expect(answer.status).toBe(403)
      expect((await jsonOf(answer)).error).toContain('127.0.0.1')
    }
  })

  it('with a token may be an address, or a name that was allowed, and no other name', async () => {
    const options = { token: TOKEN, allowHosts: ['Lab.lan'] }
    const headers = { authorization: `Bearer ${TOKEN}` }
    const status = async (host: string) => (await ask('/', { host, headers }, options)).status
    expect(await status('10.0.0.7:8080')).toBe(200)
    expect(await status('[fe80::1]:8080')).toBe(200)
    expect(await status('lab.lan:8080')).toBe(200)
    expect(await status(REBOUND)).toBe(403)
  })
})

describe('a change', () => {
  it("is made by the console's own page", async () => {
    expect((await post(change)).status).toBe(200)
    expect((await post({ ...change, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    const { origin: _, ...rest } = change
    expect((await post({ ...rest, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    expect((await post({ ...change, origin: 'http://localhost' }, 'localhost:80')).status).toBe(200)
  })

  const { 'x-sluice': _, ...withoutHeader } = change
  const { origin: __, ...withoutOrigin } = change
  it.each([
    ['without the header that a form cannot send', withoutHeader],
    ['without an origin', withoutOrigin],
    ['of another site', { ...change, origin: 'http://evil.example' }],
    ['of another port', { ...change, origin: 'http://127.0.0.1:8081' }],
    ['of another name of this machine', { ...change, origin: 'http://localhost:8080' }],
    ['of a sandboxed page', { ...change, origin: 'null' }],
    ['of another kind of page', { ...change, origin: 'ftp://127.0.0.1:8080' }],
    ['that no page has made', { ...change, 'sec-fetch-site': 'none' }],
    ['that its browser calls cross-site', { ...change, 'sec-fetch-site': 'cross-site' }],
    ['that its browser calls same-site', { ...change, 'sec-fetch-site': 'same-site' }],
    ['of no page', { ...withoutOrigin, 'sec-fetch-site': 'none' }],
  ])('%s is refused', async (_name, headers) => {
    expect((await post(headers)).status).toBe(403)
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('by %s needs the same', async (method) => {
    expect((await ask('/api/x', { method })).status).toBe(403)
    expect((await ask('/', { method })).status).toBe(403)
    expect((await ask('/api/x', { method, headers: change })).status).toBe(200)
  })
})

it('no page of another site so much as looks', async () => {
  for (const site of ['cross-site', 'same-site']) {
    const headers = { 'sec-fetch-site': site }
    expect((await ask('/api/x', { headers })).status).toBe(403)
    // A link that leads here is followed.
    expect((await ask('/', { headers })).status).toBe(200)
  }
  expect((await ask('/api/x', { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200)
})

describe('what is sent', () => {
  const sized = (bytes: number, path = '/api/query') =>
    ask(path, { method: 'POST', headers: change, body: 'x'.repeat(bytes) })

  it('is 1 MB of JSON at most', async () => {
    expect((await sized(1_000_000)).status).toBe(200)
    const answer = await sized(1_000_001)
    expect(answer.status).toBe(413)
    expect((await jsonOf(answer)).error).toContain('1,000,000')
  })

  it('is not taken at its word', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(600_000)))
        if (++pulled === 3) controller.close()
      },
    })
    let pulled = 0
    const init = { method: 'POST', headers: change, body, duplex: 'half' as const }
    expect((await ask('/api/query', init)).status).toBe(413)
  })

  it('is more of mended rows; a dropped file is counted where it is written', async () => {
    const announced = (path: string) =>
      ask(path, {
        ...{ method: 'POST', body: '{}' },
        headers: { ...change, 'content-length': `${65 * 2 ** 20}` },
      })
    expect((await sized(2_000_000, '/api/replay/file')).status).toBe(200)
    expect((await announced('/api/replay/file')).status).toBe(413)
    expect((await announced('/api/drop')).status).toBe(200)
  })
})

describe('every answer', () => {
  const answers = {
    page: () => ask('/'),
    api: () => ask('/api/x'),
    'a refused host': () => ask('/', { host: REBOUND }),
    'a refused change': () => ask('/api/x', { method: 'POST' }),
    'one without a token': () => ask('/', {}, { token: TOKEN }),
  }
  it.each(Object.entries(answers))('%s says what a browser may do with it', async (_, answer) => {
    const { headers } = await answer()
    expect(headers.get('content-security-policy')?.split('; ').sort()).toEqual(
      [
        ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'"],
        ...["img-src 'self' data:", "connect-src 'self'", "base-uri 'none'"],
        ...["form-action 'none'", "frame-ancestors 'none'"],
      ].sort(),
    )
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.has('access-control-allow-origin')).toBe(false)
    expect(headers.has('strict-transport-security')).toBe(false)
  })

  it('of the API is kept by nobody', async () => {
    expect((await ask('/api/x')).headers.get('cache-control')).toBe('no-store')
    expect((await post({})).headers.get('cache-control')).toBe('no-store')
  })
})
