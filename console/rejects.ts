import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { fixLines } from '../core/replay/fix-lines.ts'
import { askedIn } from './asked.ts'
import { cursor, filter, limit } from './list-asked.ts'
import type { ConsolePlace } from './place.ts'
import { facetsOf } from './reject-facets.ts'
import { type ListCursor, rejectPage } from './reject-page.ts'

const states = ['rejected', 'waiting', 'mended'] as const
const state = z
  .enum(states)
  .or(z.literal('').transform(() => states[0]))
  .default(states[0])

const listCursor: z.ZodType<ListCursor> = z.union([
  z.object({ id: z.int(), record: z.int() }),
  z.object({
    dataset: z.string(),
    file: z.object({ at: z.number(), key: z.string(), row: z.int() }).nullable(),
  }),
])

const ofFacets = z.object({ state, dataset: filter, object: filter })
const ofList = ofFacets.extend({
  rule: filter,
  /** With nothing in it: what is wrong with a record as a whole. */
  field: z
    .string()
    .max(2_000)
    .transform((name) => (name === '' ? null : name))
    .optional(),
  search: filter,
  cursor: cursor(listCursor),
  limit,
})
const ofFile = z.object({ dataset: filter })

/** Records that could not go, or wait: one by one, in sums, and as a file to be mended. */
export function rejectRoutes(place: ConsolePlace): Hono {
  const app = new Hono()
  app.get('/rejects', async (c) => {
    const { cursor: after, limit: most, ...asked } = askedIn(c, ofList)
    return c.json(await rejectPage(place, asked, after, most))
  })
  app.get('/rejects/facets', async (c) => c.json(await facetsOf(place, askedIn(c, ofFacets))))
  app.get('/rejects.csv', (c) => asFile(place, c))
  return app
}

/** The whole file is never held: it goes as fast as it is taken, and ends when nobody takes it. */
async function asFile({ lake, database }: ConsolePlace, c: Context): Promise<Response> {
  const { dataset } = askedIn(c, ofFile)
  const lines = fixLines(lake.store, database, dataset)[Symbol.asyncIterator]()
  // What is wrong with the question shows with the first line: it is still told as such.
  const first = await lines.next()
  const name = `rejects-${(dataset ?? 'all').replaceAll(/[^\w.-]+/g, '_').slice(0, 100)}.csv`
  return new Response(ReadableStream.from(bytesOf(first, lines)), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
    },
  })
}

/** Lines that are sent at once, in characters: a piece for each would cost more than the line. */
const PIECE = 1 << 16

async function* bytesOf(
  first: IteratorResult<string>,
  rest: AsyncIterator<string>,
): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  try {
    let piece = ''
    for (let line = first; !line.done; line = await rest.next()) {
      piece += line.value
      if (piece.length < PIECE) continue
      yield encoder.encode(piece)
      piece = ''
    }
    if (piece !== '') yield encoder.encode(piece)
  } finally {
    await rest.return?.()
  }
}
