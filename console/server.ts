import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { Refused } from '../core/errors.ts'
import { apiOf } from './app.ts'
import { failureOf } from './failure.ts'
import { guard } from './guard.ts'
import { pageRoutes } from './page-files.ts'
import type { ConsolePlace } from './place.ts'
import { scrubFor } from './scrub.ts'
import { tokenFor } from './token.ts'

export interface ConsoleOptions {
  place: ConsolePlace
  /** Where it listens; other machines reach it where that is no loopback address. */
  host?: string | undefined
  /** The first one that is tried; 0 for any that is free. */
  port?: number | undefined
  /** Names of other machines' by which it is asked. */
  allowHosts?: string[] | undefined
  /** The address that people ask, where it is another than the one that it listens on. */
  address?: string | undefined
  page?: Hono
}

export interface Served {
  /** The whole address, with the token where there is one. */
  url: string
  port: number
  close(): Promise<void>
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/i
const PORT = 8080
/** Of so many ports one is free, or something else is wrong. */
const PORTS = 50

/**
 * Serves the console: the page, and what it asks below /api.
 *
 * @throws Refused where no port is free, or the address is none of this machine
 */
export async function serveConsole(options: ConsoleOptions): Promise<Served> {
  const { place, host = '127.0.0.1', allowHosts = [] } = options
  const token = tokenFor(!LOOPBACK.test(host) || allowHosts.length > 0)
  const app = guard({ token, allowHosts })
  const scrub = scrubFor(place.lake)
  app.onError((error, c) => failureOf(error, c, scrub))
  app.route('/api', apiOf(place, scrub))
  app.all('/api/*', (c) => c.json({ error: `${c.req.path}: nothing is asked there` }, 404))
  app.route('/', options.page ?? pageRoutes())
  const server = createAdaptorServer({
    fetch: app.fetch,
    // The process that serves has clients of its own, which know Node's Request.
    overrideGlobalObjects: false,
    createServer,
    // A large file takes its time.
    serverOptions: { requestTimeout: 60 * 60_000 },
  }) as Server
  const port = await listen(server, host, options.port ?? PORT)
  const query = token === undefined ? '' : `/?${new URLSearchParams({ token })}`
  return {
    url: `${options.address ?? addressOf(host, port)}${query}`,
    port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      // Events are sent for as long as a page is open.
      server.closeAllConnections()
      await closed
    },
  }
}

/** On the first port that is free from this one on. */
async function listen(server: Server, host: string, first: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      server.listen(port, host)
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    } catch (error) {
      const isLast = first === 0 || port - first >= PORTS || port >= 65_535
      if (!isLast && hasCode(error, 'EADDRINUSE')) continue
      const told = error instanceof Error ? error.message : String(error)
      throw new Refused(`the console cannot listen on ${host} port ${port}: ${told}`)
    }
  }
}

/** Of all addresses of this machine, the one that a person here can ask. */
function addressOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
