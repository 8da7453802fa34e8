import { Hono } from 'hono'
import { liveStream } from './live.ts'
import { type ConsolePlace, placeOf } from './place.ts'
import { scrubFor } from './scrub.ts'
import { Watch } from './watch.ts'

/** What happens now: in one look, and as it goes on. */
export function flowRoutes(place: ConsolePlace): Hono {
  const watch = new Watch(place)
  const scrub = scrubFor(place.lake)
  const app = new Hono()
  app.get('/place', (c) => c.json(placeOf(place)))
  app.get('/flow', async (c) => c.json(await watch.flow()))
  app.get('/live', (c) => liveStream(c, place.live, scrub, (tell) => watch.open(tell)))
  return app
}
