import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { sentIn } from './asked.ts'
import { type Asker, askerOf } from './asker.ts'
import type { ConsolePlace } from './place.ts'
import { answerOf, csvOf } from './query-answer.ts'
import { tablesOf } from './tables.ts'

/** A page shows no more rows. */
const MOST = 10_000
/** Characters of a value that a page shows. */
const CELL = 10_000

const query = z.object({
  sql: z.string().max(100_000, 'at most 100,000 characters'),
  limit: z.int().min(1).max(MOST).default(1_000),
})

/** Questions in SQL, of what only reads: they change nothing, and are POSTs for their length. */
export function queryRoutes(place: ConsolePlace, asker: Asker = askerOf(place)): Hono {
  const app = new Hono()
  app.post('/query', async (c) => {
    const { sql, limit } = await sentIn(c, query)
    const answer = asker.ask(sql, { gone: c.req.raw.signal, cell: CELL }, (found) => {
      return answerOf(found, limit)
    })
    return c.json(await answer)
  })
  app.post('/query.csv', (c) => csv(c, asker))
  app.get('/tables', async (c) => c.json(await tablesOf(asker, c.req.raw.signal)))
  return app
}

async function csv(c: Context, asker: Asker): Promise<Response> {
  const { sql } = await sentIn(c, query)
  const body = await asker.ask(sql, { gone: c.req.raw.signal }, csvOf)
  return c.body(body, 200, {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': 'attachment; filename="query.csv"',
  })
}
