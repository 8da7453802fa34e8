import { Hono } from 'hono'
import type { Database } from '../core/database/database.ts'
import type { Lake } from '../core/lake.ts'
import { Live } from './live.ts'
import type { ConsolePlace } from './place.ts'
import { type ConsoleOptions, serveConsole } from './server.ts'
import type { LiveEvents } from './shapes.ts'

/** A database that nobody answers for. */
export const away = new Proxy({} as Database, {
  get: (_, name) => (name === 'fetches' ? false : () => Promise.reject(new Error('it is away'))),
})

export interface Asked {
  url: string
  port: number
  place: ConsolePlace
  ask(path: string, init?: RequestInit): Promise<Response>
  /** As the page does it. */
  post(path: string, body?: Sent, headers?: Record<string, string>): Promise<Response>
  close(): Promise<void>
}

export type Sent = NonNullable<RequestInit['body']>

/** The JSON of an answer. */
export async function jsonOf<T = Record<string, string>>(answer: Response): Promise<T> {
  return (await answer.json()) as T
}

/** A console of a lake on a port of its own, with an empty page. */
export async function served(
  lake: Lake,
  own: Partial<ConsolePlace> = {},
  options: Partial<ConsoleOptions> = {},
): Promise<Asked> {
  const place: ConsolePlace = { lake, database: away, live: new Live(), ...own }
  const page = new Hono().get('*', (c) => c.html('<p>the page')) as unknown as Hono
  const { url, port, close } = await serveConsole({ place, port: 0, page, ...options })
  const base = `http://127.0.0.1:${port}`
  return {
    ...{ url, port, place, close },
    ask: (path, init) => fetch(`${base}${path}`, init),
    post: (path, body, headers) =>
      fetch(`${base}${path}`, {
        method: 'POST',
        headers: { 'x-sluice': '1', origin: base, ...headers },
        ...(body !== undefined && { body }),
      }),
  }
}

type Event = { [E in keyof LiveEvents]: { event: E; data: LiveEvents[E] } }[keyof LiveEvents]

/** What a page hears, one event after the other, until it leaves. */
export async function* heard(console: Asked, leave: AbortSignal): AsyncGenerator<Event> {
  const answer = await console.ask('/api/live', { signal: leave })
  let rest = ''
  for await (const text of answer.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n\n')
    rest = parts.pop()!
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? []
      if (event !== undefined) yield { event, data: JSON.parse(data!) } as Event
    }
  }
}
