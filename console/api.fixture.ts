import type { Hono } from 'hono'
import type { Lake } from '../core/lake.ts'
import { apiOf } from './app.ts'
import { failureOf } from './failure.ts'
import { Live } from './live.ts'
import type { ConsolePlace } from './place.ts'
import { away } from './served.fixture.ts'
import type { LiveEvents } from './shapes.ts'

/** What is below /api, asked without a server. */

export interface Told {
  status: number
  /** Of JSON its value, else the text. */
  body: unknown
}

export class Api {
  readonly place: ConsolePlace
  /** What pages are told. */
  readonly told: { event: string; data: LiveEvents[keyof LiveEvents] }[] = []
  readonly #app: Hono

  /** @param routes those that are asked, where not all are */
  constructor(lake: Lake, own: Partial<ConsolePlace> = {}, routes?: (place: ConsolePlace) => Hono) {
    this.place = { lake, database: away, live: new Live(), ...own }
    this.place.live.listen((event, data) => this.told.push({ event, data }))
    this.#app = routes ? withErrors(routes(this.place)) : apiOf(this.place, (text) => text)
  }

  /** What is told where all is well. */
  async get<T>(path: string, asked: Record<string, string> = {}): Promise<T> {
    return well(await this.ask(`${path}?${new URLSearchParams(asked)}`))
  }

  async post<T>(path: string, body: unknown, type = 'application/json'): Promise<T> {
    return well(await this.send(path, body, type))
  }

  /** @param body a text as it is, anything else as JSON */
  send(path: string, body: unknown, type = 'application/json'): Promise<Told> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return this.ask(path, { method: 'POST', body: text, headers: { 'content-type': type } })
  }

  async ask(path: string, init?: RequestInit): Promise<Told> {
    const answer = await this.#app.request(path, init)
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json')
    return { status: answer.status, body: isJson ? JSON.parse(text) : text }
  }
}

function well<T>({ status, body }: Told): T {
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body as T
}

function withErrors(routes: Hono): Hono {
  return routes.onError((error, c) => failureOf(error, c, (text) => text))
}
