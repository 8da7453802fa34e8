import { Hono } from 'hono'
import * as z from 'zod'
import { publishedIn } from '../core/stream/published.ts'
import { askedIn } from './asked.ts'
import { cursor, filter, limit } from './list-asked.ts'
import { objectDetail } from './object-detail.ts'
import { objectPage } from './object-rows.ts'
import type { ConsolePlace } from './place.ts'

const statuses = [
  'loaded',
  'published',
  'refused',
  'held',
  'rejected',
  'waiting',
  'mended',
] as const

const ofList = z.object({
  search: filter,
  dataset: filter,
  /** How an object stands in Postgres, or, of the stream's own, there; or which records it has. */
  status: z.union([z.enum(statuses), z.literal('').transform(() => undefined)]).optional(),
  cursor: cursor(
    z.object({ at: z.string().regex(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/), key: z.string() }),
  ),
  limit,
})

const ofOne = z.object({ key: z.string().min(1).max(2_000) })

/** Objects: where each stands in each stage. */
export function objectRoutes(place: ConsolePlace): Hono {
  const notes = { ...place, published: publishedIn(place.lake.store) }
  const app = new Hono()
  app.get('/objects', async (c) => {
    const { cursor: after, limit: most, ...asked } = askedIn(c, ofList)
    return c.json(await objectPage(notes, asked, after, most))
  })
  app.get('/object', async (c) => c.json(await objectDetail(notes, askedIn(c, ofOne).key)))
  return app
}
