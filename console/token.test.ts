import { afterEach, describe, expect, it } from 'vitest'
import { guard } from './guard.ts'
import { jsonOf } from './served.fixture.ts'
import { tokenFor } from './token.ts'

const TOKEN = 'token/with+signs=and;more'

function consoleWith(token: string) {
  const app = guard({ token, allowHosts: [] })
  app.get('/api/place', (c) => c.json({}))
  app.get('*', (c) => c.html('<p>the page'))
  return (path: string, headers: Record<string, string> = {}) =>
    app.request(`http://127.0.0.1:8080${path}`, {
      headers: { host: '127.0.0.1:8080', ...headers },
    })
}

const ask = consoleWith(TOKEN)
const withToken = (path: string, token = TOKEN) =>
  `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ token })}`

/** The cookie that opening the whole address has set, as a browser sends it back. */
async function cookieOf(asked = ask, token = TOKEN): Promise<string> {
  const answer = await asked(withToken('/', token))
  return answer.headers.get('set-cookie')!.split(';')[0]!
}

describe('the token of a console', () => {
  afterEach(() => {
    delete process.env.SLUICE_CONSOLE_TOKEN
  })

  it('is needed or not; it is new each time, and has 256 bits', () => {
    expect(tokenFor(false)).toBe(undefined)
    const [one, other] = [tokenFor(true)!, tokenFor(true)!]
    expect(one).toMatch(/^[\w-]{43}$/)
    expect(one).not.toBe(other)
  })

  it('is the one that is given, needed or not, unless it can be guessed', () => {
    process.env.SLUICE_CONSOLE_TOKEN = 'x'.repeat(16)
    expect(tokenFor(false)).toBe('x'.repeat(16))
    expect(tokenFor(true)).toBe('x'.repeat(16))
    process.env.SLUICE_CONSOLE_TOKEN = 'x'.repeat(15)
    expect(() => tokenFor(false)).toThrow('16 characters or more')
    process.env.SLUICE_CONSOLE_TOKEN = ''
    expect(tokenFor(false)).toBe(undefined)
  })
})

it('the whole address sets a cookie that no script reads and no other site sends', async () => {
  const answer = await ask(withToken('/rejects?rule=type-error'))
  expect(answer.status).toBe(303)
  expect(answer.headers.get('location')).toBe('/rejects?rule=type-error')
  const [pair = '', ...flags] = answer.headers.get('set-cookie')!.split('; ')
  expect(flags.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict'])
  expect(pair).not.toContain('token')
  expect(answer.headers.get('cache-control') ?? '').not.toContain('max-age')
})

it('asked by https, as a proxy says, it sets one that is never sent by http', async () => {
  const headers = [
    { 'x-forwarded-proto': 'https' },
    { 'x-forwarded-proto': 'HTTPS, http' },
    { forwarded: 'for=10.0.0.7; proto=https;host=lab.lan' },
    { forwarded: 'proto="https", proto=http' },
  ]
  for (const given of headers) {
    const answer = await ask(withToken('/'), given)
    const [pair = '', ...flags] = answer.headers.get('set-cookie')!.split('; ')
    expect(flags.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'])
    // No other host of the domain can set a cookie of such a name.
    expect(pair).toMatch(/^__Host-sluice_/)
    expect((await ask('/', { ...given, cookie: pair })).status).toBe(200)
  }
})

it('asked by http it sets one that http sends; both let in beside each other', async () => {
  const plain = [
    {},
    { 'x-forwarded-proto': 'http' },
    { 'x-forwarded-proto': 'http, https' },
    { forwarded: 'for="https";proto=http' },
  ]
  for (const given of plain) {
    const answer = await ask(withToken('/'), given)
    expect(answer.headers.get('set-cookie')).not.toMatch(/Secure|__Host-/)
  }
  const secure = (await ask(withToken('/'), { 'x-forwarded-proto': 'https' })).headers
  const cookie = `${secure.get('set-cookie')!.split(';')[0]}; ${await cookieOf()}`
  expect((await ask('/', { cookie })).status).toBe(200)
  expect((await ask('/', { cookie: cookie.replaceAll(/=[^;]*/g, '=other') })).status).toBe(401)
})

it('leads nowhere else than to this console', async () => {
  for (const path of ['//evil.example/x', '/\\evil.example/x']) {
    const answer = await ask(withToken(path))
    expect(answer.headers.get('location')).toMatch(/^\/(?![/\\])/)
  }
})

it('lets in by cookie, and by Authorization', async () => {
  const cookie = await cookieOf()
  expect((await ask('/', { cookie })).status).toBe(200)
  expect((await ask('/api/place', { cookie })).status).toBe(200)
  expect((await ask('/api/place', { authorization: `Bearer ${TOKEN}` })).status).toBe(200)
  expect((await ask('/api/place', { authorization: `bearer ${TOKEN}` })).status).toBe(200)
})

it('lets nobody in without it', async () => {
  const cookie = await cookieOf()
  const wrong: [string, Record<string, string>][] = [
    ['/', {}],
    ['/api/place', {}],
    [withToken('/', `${TOKEN}x`), {}],
    [withToken('/', ''), {}],
    [withToken('/', TOKEN.slice(0, -1)), { cookie }],
    // An address is seen in logs, so that only the page is opened by it.
    [withToken('/api/place'), {}],
    ['/', { cookie: cookie.slice(0, -1) }],
    ['/', { cookie: `${cookie.split('=')[0]}=` }],
    ['/', { cookie: `${cookie.split('=')[0]}=${encodeURIComponent(TOKEN)}` }],
    ['/', { authorization: 'Bearer ' }],
    ['/', { authorization: `Basic ${TOKEN}` }],
    ['/api/place', { authorization: 'Bearer wrong', cookie }],
  ]
  for (const [path, headers] of wrong) {
    const answer = await ask(path, headers)
    expect({ path, headers, status: answer.status }).toEqual({ path, headers, status: 401 })
    expect(answer.headers.has('set-cookie')).toBe(false)
    expect(await answer.text()).not.toContain(TOKEN)
  }
})

it('tells who is not let in where the address stands', async () => {
  expect(await (await ask('/')).text()).toContain('the whole address')
  const { error } = await jsonOf(await ask('/api/place'))
  expect(error).toContain('the whole address')
})

it('is told apart from that of another console on this machine', async () => {
  const other = consoleWith('another token than that')
  const cookies = [await cookieOf(), await cookieOf(other, 'another token than that')].join('; ')
  expect((await ask('/', { cookie: cookies })).status).toBe(200)
  expect((await other('/', { cookie: cookies })).status).toBe(200)
  expect((await other('/', { cookie: await cookieOf() })).status).toBe(401)
})
