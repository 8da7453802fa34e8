import { badRequest, invalid, malformed } from './refusal.ts'
import type { Parameter } from './request.ts'

/** A value for the wire, as text, with the type that the statement is told it has. */
export interface Bound {
  /** OID of the type; 0 leaves it to Postgres. */
  type: number
  text: string | null
}

/**
 * `typeHint` of API_SqlParameter: the type, and the form that AWS accepts. What has no form here
 * is judged by Postgres.
 */
const hints: Record<string, { type: number; form?: RegExp }> = {
  DATE: { type: 1082, form: /^\d{4}-\d{2}-\d{2}$/ },
  DECIMAL: { type: 1700 },
  JSON: { type: 114 },
  TIME: { type: 1083, form: /^\d{2}:\d{2}:\d{2}(\.\d{1,3})?$/ },
  TIMESTAMP: { type: 1114, form: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,3})?$/ },
  UUID: { type: 2950 },
}

const [bool, bytea, int8, text, float8] = [16, 17, 20, 25, 701]

/**
 * The type goes with the value in Parse, as AWS binds: so `a_date = :p` with a string fails with
 * 42883 (`operator does not exist: date = text`), unless the statement casts or there is a hint.
 * A cast written into the statement would not do: `($1::text)` may stand where `$1` may not.
 *
 * @throws Refusal
 */
export function bind({ name, value, typeHint }: Parameter): Bound {
  const [[member, given] = [], ...others] = Object.entries(value).filter(
    ([, each]) => each !== null && each !== undefined,
  )
  if (member === undefined || others.length > 0)
    throw badRequest(`Parameter "${name}" has value with no field set`)
  // boto3 #2272, aws-sdk #9; BatchExecuteStatement: "Array parameters are not supported."
  if (member === 'arrayValue') throw invalid('Array parameters are not supported.')
  const hint = typeHint === undefined ? undefined : hints[typeHint]
  if (typeHint !== undefined && !hint) throw invalid(`Invalid typeHint ${typeHint}`)
  if (member === 'isNull') return { type: hint?.type ?? 0, text: nullOf(name, given) }
  if (member === 'stringValue') return stringOf(name, given, hint)
  if (hint) throw badRequest(`Parameter "${name}" has a typeHint, and no stringValue`)
  return scalarOf(name, member, given)
}

function nullOf(name: string, given: unknown): null {
  if (given === true) return null
  throw badRequest(`Parameter "${name}" has value with no field set`)
}

function stringOf(
  name: string,
  given: unknown,
  hint: { type: number; form?: RegExp } | undefined,
): Bound {
  if (typeof given !== 'string') throw malformed(`stringValue of ${name} must be a string`)
  if (hint?.form && !hint.form.test(given))
    throw badRequest(`Parameter "${name}" has not the format of its typeHint`)
  return { type: hint?.type ?? text, text: given }
}

function scalarOf(name: string, member: string, given: unknown): Bound {
  if (member === 'longValue') return { type: int8, text: digitsOf(name, given) }
  if (member === 'doubleValue') return { type: float8, text: doubleOf(name, given) }
  if (member === 'booleanValue' && typeof given === 'boolean')
    return { type: bool, text: String(given) }
  if (member === 'blobValue' && typeof given === 'string')
    return { type: bytea, text: `\\x${Buffer.from(given, 'base64').toString('hex')}` }
  throw malformed(`${member} of ${name} is not one that a Field may have`)
}

function digitsOf(name: string, given: unknown): string {
  const { digits = '' } = Object(given) as { digits?: string }
  if (/^-?\d+$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits)) return digits
  throw malformed(`longValue of ${name} is not a number of 64 bits`)
}

/** restJson1 writes what JSON has no number for as a string. */
function doubleOf(name: string, given: unknown): string {
  if (typeof given === 'number') return String(given)
  if (given === 'NaN' || given === 'Infinity' || given === '-Infinity') return given
  throw malformed(`doubleValue of ${name} is not a number`)
}
