import type { Context } from 'hono'
import type * as z from 'zod'
import { Refused } from '../core/errors.ts'

/**
 * What is asked for behind the `?`, by schema.
 *
 * @throws Refused naming what was found and what is allowed
 */
export function askedIn<T>(c: Context, schema: z.ZodType<T>): T {
  return checked(c.req.query(), schema)
}

/** The JSON that was sent, likewise. */
export async function sentIn<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const text = await c.req.text()
  try {
    return checked(JSON.parse(text), schema)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new Refused(`what was sent is no JSON: ${error.message}`)
  }
}

function checked<T>(value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const told = result.error.issues.map(({ path, message }) => {
    return `${path.length > 0 ? path.join('.') : 'what was sent'}: ${message}`
  })
  throw new Refused(told.join('; '))
}
