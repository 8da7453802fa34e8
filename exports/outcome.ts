/** What becomes of an object, and the errors that a caller decides by: see core/errors.ts. */
export { Busy, Refused, UnsafeKey } from '../core/errors.ts'
export type { Counts, Outcome } from '../core/outcome.ts'
