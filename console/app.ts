import { Hono, type MiddlewareHandler } from 'hono'
import { datasetRoutes } from './datasets.ts'
import { dropRoutes } from './drop.ts'
import { failureOf } from './failure.ts'
import { flowRoutes } from './flow.ts'
import { objectRoutes } from './objects.ts'
import type { ConsolePlace } from './place.ts'
import { proposalRoutes } from './proposals.ts'
import { queryRoutes } from './query.ts'
import { rejectRoutes } from './rejects.ts'
import { replayRoutes } from './replay.ts'
import type { Scrub } from './scrub.ts'
import { streamRoutes } from './streams.ts'

/** All that the console's server answers below /api; each view's routes are in a file. */
export function apiOf(place: ConsolePlace, scrub: Scrub): Hono {
  const api = new Hono()
  api.onError((error, c) => failureOf(error, c, scrub))
  api.use(scrubbed(scrub))
  api.route('/', flowRoutes(place))
  api.route('/', objectRoutes(place))
  api.route('/', rejectRoutes(place))
  api.route('/', replayRoutes(place))
  api.route('/', datasetRoutes(place))
  api.route('/', proposalRoutes(place))
  api.route('/', streamRoutes(place))
  api.route('/', queryRoutes(place))
  api.route('/', dropRoutes(place))
  return api
}

/** What our own code has said of an object, and where a commit record names its lake. */
const ours = new Set(['reason', 'lake', 'broken', 'mendable'])

/**
 * A reason may name the command that takes an object elsewhere, and so the lake's folder. What is
 * data stays as it is, whatever it looks like.
 */
function scrubbed(scrub: Scrub): MiddlewareHandler {
  return (c, next) => {
    const told = (name: string, value: unknown) =>
      ours.has(name) && typeof value === 'string' ? scrub(value) : value
    const json = (value: unknown, status: 200 = 200, headers: Record<string, string> = {}) =>
      c.body(JSON.stringify(value, told), status, {
        'content-type': 'application/json',
        ...headers,
      })
    c.json = json as unknown as typeof c.json
    return next()
  }
}
