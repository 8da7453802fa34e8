import { badRequest } from './refusal.ts'
import type { Parameter } from './request.ts'

/** SQL for the wire, and the names of its parameters: that of `$1` first, one per place. */
export interface Numbered {
  sql: string
  names: string[]
}

/**
 * What may hold a colon that is no placeholder: strings, quoted names, comments, casts. Dollar
 * quotes are not among them: AWS replaces `:name` in there too, measured on Aurora 17.9, as it
 * does for a slice (`a[1:2]`). So what would be garbled there is garbled here.
 */
const tokens =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([A-Za-z0-9_]+)|[^'"\-/:]+|[\s\S]/g

/**
 * `SELECT :a + :b + :a` becomes `SELECT $1 + $2 + $3`: every place is a parameter of its own, so
 * that `GROUP BY f(:a)` is another expression than the `f(:a)` that is selected, as on AWS.
 */
export function numberPlaceholders(sql: string): Numbered {
  const names: string[] = []
  const numbered = sql.replace(tokens, (token, name?: string) =>
    name === undefined ? token : `$${names.push(name)}`,
  )
  return { sql: numbered, names }
}

/**
 * The parameters in the order of their places. A place without one gets none, and Postgres says so
 * (`bind message supplies 0 parameters, but prepared statement "" requires 1`, 08P01), as on AWS.
 * One that no place asks for is refused: what AWS does with it is not documented.
 *
 * @throws Refusal
 */
export function inPlaces({ names }: Numbered, parameters: Parameter[]): Parameter[] {
  const byName = new Map(parameters.map((each) => [each.name, each]))
  if (byName.size < parameters.length) throw badRequest('Parameter names must be unique')
  const unused = parameters.find(({ name }) => !names.includes(name))
  if (unused) throw badRequest(`Cannot find parameter: ${unused.name}`)
  return names.flatMap((name) => byName.get(name) ?? [])
}

/** BEGIN, COMMIT and the like, ROLLBACK TO SAVEPOINT not among them. */
const control =
  /^(?:begin|(?:start|prepare)\s+transaction|commit|end|abort|rollback(?!\s+(?:\w+\s+)?to\b))\b/i
const nothing = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*/

/**
 * AWS documents calls for transactions and says nothing of the SQL for them. As text they would end
 * a transaction behind the service's back, or begin one on a connection of the pool, so they are
 * refused here; so is a NUL, which cannot go over the wire.
 *
 * @throws Refusal
 */
export function checkSql(sql: string): void {
  if (sql.includes('\0')) throw badRequest('The SQL statement contains a NUL character')
  if (control.test(sql.replace(nothing, '')))
    throw badRequest('Use the calls for transactions, not their SQL')
}
