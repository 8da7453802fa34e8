import type { Context } from 'hono'
import { Busy, Refused, UnsafeKey } from '../core/errors.ts'
import type { Failure } from './shapes.ts'

/** What a person named is not there: 404. */
export class NotThere extends Error {
  override name = 'NotThere'
}

/** What a person looked at has changed meanwhile: 409. */
export class Changed extends Error {
  override name = 'Changed'
}

/** Another version stands under a key than the one that is to be replaced: 409. */
export class Taken extends Changed {
  /** Its eTag; null where nothing stands any more. */
  readonly there: string | null

  constructor(message: string, there: string | null) {
    super(message)
    this.there = there
  }
}

/** More bytes than are taken: 413. */
export class TooLong extends Error {
  override name = 'TooLong'
}

/**
 * The answer of a route that has thrown. What was asked wrongly is told as it is; of a fault, too,
 * but for what tells of this machine.
 *
 * @param scrub takes paths of this machine out of a text
 */
export function failureOf(error: unknown, c: Context, scrub: (text: string) => string): Response {
  const told: Failure = { error: scrub(messageOf(error)) }
  const there = error instanceof Taken ? { there: error.there } : {}
  return c.json({ ...told, ...there }, statusOf(error))
}

/** A database that nobody answers for has tried several addresses, and says nothing of its own. */
function messageOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return first instanceof Error ? first.message || first.name : String(first)
}

function statusOf(error: unknown): 400 | 404 | 409 | 413 | 500 {
  if (error instanceof TooLong) return 413
  if (error instanceof NotThere) return 404
  if (error instanceof Changed || error instanceof Busy) return 409
  return error instanceof Refused || error instanceof UnsafeKey ? 400 : 500
}
