import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { type FixRow, fixFileOf, textOf } from '../core/replay/fix-file.ts'
import { type Mended as MendedObject, mendFile } from '../core/replay/mend-file.ts'
import { mendRows } from '../core/replay/mending.ts'
import { sentIn } from './asked.ts'
import type { ConsolePlace } from './place.ts'
import type { Mended, MendRow } from './shapes.ts'

/** Half of a surrogate pair would become another character on its way into the file. */
const text = z.string().refine((found) => found.isWellFormed(), 'a text of whole characters')
const mendRow: z.ZodType<MendRow> = z.object({
  object: text,
  version: text,
  record: z.int().min(1),
  cells: z.array(z.object({ label: text, value: text })).max(10_000),
})

/**
 * Mended rows, one or a file of them: each goes into the replay object of its source, in Bronze.
 * Whoever watches the lake loads it from there.
 */
export function replayRoutes(place: ConsolePlace): Hono {
  const app = new Hono()
  app.post('/replay/row', async (c) => c.json(await mendOne(place, await sentIn(c, mendRow))))
  app.post('/replay/file', async (c) => c.json(await mendAll(place, c)))
  return app
}

async function mendOne({ lake, database }: ConsolePlace, given: MendRow): Promise<Mended> {
  const { object, version, record, cells } = given
  // A cell without a label stands behind the last column, or in one that nobody named: of both
  // none is a field's.
  const own = cells.filter(({ label }) => label !== '')
  const row: FixRow = {
    ...{ object, version, record, line: Number.NaN, source: Number.NaN, errors: undefined },
    cells: own.map(({ value }) => value),
    beyond: cells.flatMap(({ label, value }) => (label === '' ? [value] : [])),
  }
  const labels = own.map(({ label }) => label)
  return toldOf([{ object, ...(await mendRows(lake, database, object, labels, [row])) }])
}

async function mendAll({ lake, database }: ConsolePlace, c: Context): Promise<Mended> {
  const name = 'the file'
  const file = await fixFileOf(textOf(bytesOf(c.req.raw), name), name)
  return toldOf(await mendFile(lake, database, file))
}

async function* bytesOf({ body }: Request): AsyncIterable<Buffer> {
  if (!body) return
  for await (const bytes of body) {
    yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

function toldOf(all: MendedObject[]): Mended {
  const sum = (count: (one: MendedObject) => number) =>
    all.reduce((total, one) => total + count(one), 0)
  const orNull = (number: number | undefined) =>
    number === undefined || Number.isNaN(number) ? null : number
  return {
    // What is sent again is in Bronze, too, and that is what is asked.
    went: sum((one) => one.went + one.there),
    same: sum((one) => one.same),
    stay: all.flatMap(({ object, stay }) => {
      return stay.map(({ line, record, errors }) => {
        return { object, line: orNull(line), record: orNull(record), errors }
      })
    }),
    keys: [...new Set(all.flatMap(({ key }) => key ?? []))],
  }
}
