import { isIP } from 'node:net'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { JSON_LIMIT } from './place.ts'
import type { Failure } from './shapes.ts'
import { tokenGate } from './token.ts'

/**
 * What keeps others out of the console: other sites that a person has open in the same browser,
 * names that lead here without being ours (DNS rebinding), and, with a token, other people.
 *
 * A GET changes nothing. Whatever else is asked carries the header `x-sluice: 1`, which a form of
 * another site cannot send and a script of one may not, and comes from the console's own page:
 * `Origin`, and `Sec-Fetch-Site` where a browser sends it, say so. Who asks without a browser says
 * the same: `curl -X POST -H 'x-sluice: 1' -H 'origin: http://127.0.0.1:8080' …`.
 */
export interface GuardOptions {
  token: string | undefined
  /** Names beside this machine's own by which the console is asked; they need a token. */
  allowHosts: string[]
}

/** The header that every change carries. */
const OWN_HEADER = 'x-sluice'

/** A file of mended rows is held in memory. */
const REPLAY_LIMIT = 64 * 2 ** 20

/** @returns all that is asked goes through it first */
export function guard(options: GuardOptions): Hono {
  const { token } = options
  const app = new Hono()
  app.use(headers)
  app.use('/api/*', unkept)
  app.use(onlyHosts(options))
  if (token !== undefined) app.use(tokenGate(token, unknown))
  app.use('/api/*', onlyOwnPages)
  app.use(onlyOwnChanges)
  app.use('/api/*', limited)
  return app
}

const self = ["'self'"]

/** Nothing but the page's own files, and no page around it. */
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: self,
    styleSrc: self,
    imgSrc: ["'self'", 'data:'],
    fontSrc: self,
    connectSrc: self,
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // It is asked by http, and a name of this machine has other services, too.
  strictTransportSecurity: false,
})

const unkept: MiddlewareHandler = async (c, next) => {
  await next()
  c.res.headers.set('cache-control', 'no-store')
}

/** By which names the console may be asked: any other may be one that leads here for a moment. */
function onlyHosts({ token, allowHosts }: GuardOptions): MiddlewareHandler {
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', ...allowHosts.map(lower)])
  return async (c, next) => {
    const given = c.req.header('host') ?? ''
    const name = lower(given.replace(/:\d*$/, ''))
    const isAddress = isIP(name.replace(/^\[|\]$/g, '')) > 0
    if (allowed.has(name) || (token !== undefined && isAddress)) return next()
    const how =
      token === undefined
        ? 'ask it as localhost or 127.0.0.1'
        : 'ask it by its address, or start it with --allow-host for a name of its own'
    return refused(c, 403, `this console is not called ${JSON.stringify(given)}: ${how}`)
  }
}

/** Of a page of another site not even a look is taken: some looks are work. */
const onlyOwnPages: MiddlewareHandler = async (c, next) => {
  const site = c.req.header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return next()
  return refused(c, 403, 'a page of another site has asked; open the console itself')
}

const onlyOwnChanges: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return next()
  if (c.req.header(OWN_HEADER) !== '1') {
    return refused(c, 403, `${c.req.method} needs the header \`${OWN_HEADER}: 1\``)
  }
  const origin = c.req.header('origin')
  const site = c.req.header('sec-fetch-site')
  const isOwn =
    origin === undefined ? site === 'same-origin' : isOrigin(origin, c.req.header('host') ?? '')
  if (isOwn && (site === undefined || site === 'same-origin')) return next()
  return refused(c, 403, 'the header `Origin` must be the address of this console')
}

/** `http://127.0.0.1:8080` of the host `127.0.0.1:8080`; before the console may stand a proxy. */
function isOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: found } = new URL(origin)
  if (protocol !== 'http:' && protocol !== 'https:') return false
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === found
}

/** What is dropped is streamed, and counted where it is written. */
const limited: MiddlewareHandler = (c, next) => {
  if (c.req.path === '/api/drop') return next()
  const maxSize = c.req.path === '/api/replay/file' ? REPLAY_LIMIT : JSON_LIMIT
  const told = `at most ${maxSize.toLocaleString('en')} bytes are taken here`
  return bodyLimit({ maxSize, onError: (c) => refused(c, 413, told) })(c, next)
}

const unknown: MiddlewareHandler = async (c) => {
  c.header('www-authenticate', 'Bearer')
  const how = 'open the whole address that the console has printed when it started (with ?token=…)'
  if (c.req.path.startsWith('/api/')) return refused(c, 401, `who asks is not known: ${how}`)
  return c.html(unknownPage, 401)
}

/** A link of this page is followed with the cookie, as one from elsewhere is not. */
const unknownPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sluice</title>
<h1>This console needs its token</h1>
<p>Open the whole address that it printed when it started: it ends with <code>?token=…</code>.
<p>Of a container its log has it: <code>docker compose logs console</code>.
<p>Opened already? <a href="/">Go on</a>.
</html>
`

function refused(c: Context, status: 401 | 403 | 413, error: string): Response {
  const told: Failure = { error }
  return c.json(told, status)
}

function lower(name: string): string {
  return name.toLowerCase()
}
