import * as z from 'zod'

/** What every list can be asked: texts to filter by, how much, and where to go on. */

/** A filter; where nothing is in it, it is none. Postgres has no NUL. */
export const filter = z
  .string()
  .max(2_000)
  .refine((text) => !text.includes('\0'), 'found a NUL; allowed: text without it')
  .transform((text) => (text === '' ? undefined : text))
  .optional()

const [LIMIT, MOST] = [50, 200]

/** Rows of a page. */
export const limit = z.coerce.number().int().min(1).max(MOST).default(LIMIT)

/** Where a list goes on, in a form that nobody is to read. */
export function cursorText(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** The same when it comes back. */
export function cursor<T>(place: z.ZodType<T>) {
  return z
    .string()
    .transform((text, context): T => {
      const found = place.safeParse(jsonIn(text))
      if (found.success) return found.data
      context.addIssue({ code: 'custom', message: 'the `next` of a page is allowed, as it came' })
      return z.NEVER
    })
    .optional()
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}
