import { literal } from '../names.ts'

/**
 * What SQL cannot say of a text, a pure function says: DuckDB calls it for every value, half a
 * second a million. A statement names it; its text need not carry a whole JSON Schema.
 */
const predicates = new Map<string, (text: string) => boolean>()
const rewritings = new Map<string, (text: string) => string>()

/**
 * An SQL expression that is true where the predicate holds of a text, and NULL where that is NULL.
 *
 * @param name of the predicate: the same name, the same predicate
 * @param text an expression
 */
export function holds(name: string, of: (text: string) => boolean, text: string): string {
  predicates.set(name, of)
  return `sluice_holds(${literal(name)}, ${text})`
}

/** The same of a function that makes another text of one. */
export function rewritten(name: string, of: (text: string) => string, text: string): string {
  rewritings.set(name, of)
  return `sluice_rewritten(${literal(name)}, ${text})`
}

/** What DuckDB is taught: functions of a name and a text, which never throw. */
export const scalarFunctions = [
  {
    name: 'sluice_holds',
    of: (name: string, text: string) => predicates.get(name)?.(text) ?? null,
  },
  {
    name: 'sluice_rewritten',
    of: (name: string, text: string) => rewritings.get(name)?.(text) ?? null,
  },
] as const
