import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { Refused } from '../core/errors.ts'

/** Who may ask a console that more than this machine can reach: whoever has its token. */

const VARIABLE = 'SLUICE_CONSOLE_TOKEN'

/** Of a token that a person has chosen: fewer characters can be guessed. */
const SHORTEST = 16

/**
 * The token of a console: the one that the environment has, or else, where one is needed, a new one
 * of 32 random bytes.
 *
 * @returns undefined where none is needed
 * @throws Refused for one that can be guessed
 */
export function tokenFor(isNeeded: boolean): string | undefined {
  const given = process.env[VARIABLE]
  if (given && given.length < SHORTEST) {
    const allowed = `${SHORTEST} characters or more are allowed`
    throw new Refused(`${VARIABLE} has ${given.length} characters; ${allowed}`)
  }
  return given || (isNeeded ? randomBytes(32).toString('base64url') : undefined)
}

/**
 * Lets in whoever has the token: in the address, which sets a cookie and leads to the address
 * without it; in that cookie; or as `Authorization: Bearer`. A cookie that a browser was given by
 * https it never sends by http, and no other host of the domain can set it (`__Host-`).
 *
 * @param refuse the answer to anybody else
 */
export function tokenGate(token: string, refuse: MiddlewareHandler): MiddlewareHandler {
  // A cookie is sent to every port of a host: its name tells consoles apart, and it is not the
  // token, which may be used elsewhere, too.
  const name = `sluice_${createHash('sha256').update(token).digest('hex').slice(0, 12)}`
  const value = createHmac('sha256', token).update('the cookie of the console').digest('base64url')
  return async (c, next) => {
    const { pathname, searchParams } = new URL(c.req.url)
    const given = searchParams.get('token')
    if (given !== null && c.req.method === 'GET' && !pathname.startsWith('/api/')) {
      if (!isSame(given, token)) return refuse(c, next)
      const flags = { httpOnly: true, sameSite: 'Strict', path: '/' } as const
      if (isAskedByHttps(c)) setCookie(c, name, value, { ...flags, prefix: 'host', secure: true })
      else setCookie(c, name, value, flags)
      searchParams.delete('token')
      const more = searchParams.size > 0 ? `?${searchParams}` : ''
      // Of `//elsewhere` a browser would make another host.
      return c.redirect(`${pathname.replace(/^[/\\]+/, '/')}${more}`, 303)
    }
    const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const cookies = [getCookie(c, name), getCookie(c, name, 'host')]
    const hasCookie = cookies.some((cookie) => isSame(cookie ?? '', value))
    const isKnown = bearer === undefined ? hasCookie : isSame(bearer, token)
    return isKnown ? next() : refuse(c, next)
  }
}

/**
 * Whether the browser has asked by https, as the proxy before us says: the first of several names
 * what the browser did. Whoever says so without being one restricts their own cookie alone.
 */
function isAskedByHttps(c: Context): boolean {
  const [first = ''] = (c.req.header('x-forwarded-proto') ?? '').split(',')
  const [nearest = ''] = (c.req.header('forwarded') ?? '').split(',')
  return /^https$/i.test(first.trim()) || /(?:^|;)\s*proto="?https"?\s*(?:;|$)/i.test(nearest)
}

/** In a time that tells nothing of where they differ, nor of their lengths. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}
