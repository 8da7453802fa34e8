import { badRequest, invalid, malformed } from './refusal.ts'

export const operations = {
  '/Execute': 'ExecuteStatement',
  '/BatchExecute': 'BatchExecuteStatement',
  '/BeginTransaction': 'BeginTransaction',
  '/CommitTransaction': 'CommitTransaction',
  '/RollbackTransaction': 'RollbackTransaction',
} as const

export type Operation = (typeof operations)[keyof typeof operations]

/** A named value as it came; the digits of a `longValue` are kept, as JSON's numbers lose some. */
export interface Parameter {
  name: string
  value: Record<string, unknown>
  typeHint?: string
}

export interface Request {
  operation: Operation
  resourceArn: string
  secretArn: string
  sql: string
  database?: string
  transactionId?: string
  /** One set for Execute, any number for BatchExecute. */
  parameterSets: Parameter[][]
  includeResultMetadata: boolean
  continueAfterTimeout: boolean
  formatRecordsAs: 'NONE' | 'JSON'
  decimals: 'STRING' | 'DOUBLE_OR_LONG'
  longs: 'LONG' | 'STRING'
}

type Body = Record<string, unknown>

/** Lengths of API_ExecuteStatement, API_BeginTransaction and the like (rdsdataservice). */
const lengths: Record<string, [number, number]> = {
  resourceArn: [11, 100],
  secretArn: [11, 100],
  sql: [0, 65_536],
  database: [0, 64],
  transactionId: [0, 192],
}

/**
 * Reads the JSON of a request as restJson1 has it: members that the service does not know are
 * passed over, those of another type are refused.
 *
 * @throws Refusal
 */
export function parseRequest(operation: Operation, bytes: Buffer): Request {
  const body = parseBody(bytes)
  for (const [name, bounds] of Object.entries(lengths)) checkLength(body, name, bounds)
  const isStatement = operation === 'ExecuteStatement' || operation === 'BatchExecuteStatement'
  const needed = ['resourceArn', 'secretArn']
  if (isStatement) needed.push('sql')
  else if (operation !== 'BeginTransaction') needed.push('transactionId')
  for (const name of needed) {
    if (body[name] === undefined) throw invalid(complaint(name, 'Member must not be null'))
  }
  // data-api.differences: Serverless v2 refuses what v1 ignored.
  if (text(body, 'schema') !== undefined) throw invalid("The schema parameter isn't supported")
  const request = statementOf(operation, body)
  // API_ExecuteStatement has it for calls that are their own transaction; the wording is unknown.
  if (request.continueAfterTimeout && request.transactionId !== undefined)
    throw badRequest('continueAfterTimeout is not supported within a transaction')
  return request
}

function statementOf(operation: Operation, body: Body): Request {
  const options = child(body, 'resultSetOptions') ?? {}
  const database = text(body, 'database')
  const transactionId = text(body, 'transactionId')
  return {
    operation,
    resourceArn: text(body, 'resourceArn') ?? '',
    secretArn: text(body, 'secretArn') ?? '',
    sql: text(body, 'sql') ?? '',
    ...(database ? { database } : {}),
    ...(transactionId ? { transactionId } : {}),
    parameterSets:
      operation === 'BatchExecuteStatement'
        ? list(body.parameterSets, 'parameterSets').map(parametersOf)
        : [parametersOf(body.parameters)],
    includeResultMetadata: flag(body, 'includeResultMetadata'),
    continueAfterTimeout: flag(body, 'continueAfterTimeout'),
    formatRecordsAs: oneOf(body, 'formatRecordsAs', ['NONE', 'JSON']),
    decimals: oneOf(options, 'decimalReturnType', ['STRING', 'DOUBLE_OR_LONG']),
    longs: oneOf(options, 'longReturnType', ['LONG', 'STRING']),
  }
}

function parseBody(bytes: Buffer): Body {
  let body: unknown
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    body = JSON.parse(json, keepDigits)
  } catch (cause) {
    throw malformed(`the body is not JSON in UTF-8: ${cause}`)
  }
  return record(body, 'body')
}

function keepDigits(key: string, value: unknown, context?: { source?: string }): unknown {
  // Half a surrogate pair has no UTF-8.
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('a lone surrogate')
  return key === 'longValue' && typeof value === 'number' ? { digits: context?.source } : value
}

function parametersOf(value: unknown): Parameter[] {
  return list(value, 'parameters').map((each) => {
    const parameter = record(each, 'parameter')
    const name = text(parameter, 'name')
    if (!name) throw badRequest('Parameter name is missing')
    const typeHint = text(parameter, 'typeHint')
    const given = child(parameter, 'value') ?? {}
    return { name, value: given, ...(typeHint ? { typeHint } : {}) }
  })
}

function checkLength(body: Body, name: string, [least, most]: [number, number]): void {
  const value = text(body, name)
  if (value === undefined) return
  const wanted = (how: string, bound: number) =>
    invalid(complaint(name, `Member must have length ${how} than or equal to ${bound}`))
  if (value.length < least) throw wanted('greater', least)
  if (value.length > most) throw wanted('less', most)
}

function complaint(name: string, constraint: string): string {
  const failure = `Value at '${name}' failed to satisfy constraint: ${constraint}`
  return `1 validation error detected: ${failure}`
}

function record(value: unknown, name: string): Body {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`${name} must be a structure`)
  return value as Body
}

function child(body: Body, name: string): Body | undefined {
  const value = body[name]
  return value === undefined || value === null ? undefined : record(value, name)
}

function list(value: unknown, name: string): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw malformed(`${name} must be a list`)
  return value
}

function text(body: Body, name: string): string | undefined {
  const value = body[name] ?? undefined
  if (value !== undefined && typeof value !== 'string') throw malformed(`${name} must be a string`)
  return value
}

function flag(body: Body, name: string): boolean {
  const value = body[name] ?? false
  if (typeof value !== 'boolean') throw malformed(`${name} must be a boolean`)
  return value
}

/** One of an enumeration, whose first is the default. */
function oneOf<T extends string>(body: Body, name: string, known: [T, ...T[]]): T {
  const value = text(body, name) ?? known[0]
  const found = known.find((each) => each === value)
  if (found) return found
  throw invalid(complaint(name, `Member must satisfy enum value set: [${known.join(', ')}]`))
}
