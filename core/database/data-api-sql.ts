import type { Row } from './database.ts'

/**
 * SQL as the Data API takes it: parameters by name, one statement, and answers as JSON, one text
 * for each row. It has no arrays among its parameters, and few types among its results; as JSON
 * every type comes as it is.
 */

/** Whether a statement has rows for an answer, whatever comments and brackets it begins with. */
export function wantsAnswer(sql: string): boolean {
  const before = /^(?:[\s(]|--[^\n\r]*[\n\r]|\/\*(?:[^*]|\*(?!\/))*\*\/)*/
  return /^(?:SELECT|WITH|VALUES)\b|\bRETURNING\b/i.test(sql.replace(before, ''))
}

/** The statement, and a row of its answer as one JSON text; it may end with a comment. */
export function answerOf(sql: string): string {
  return `WITH sluice_row AS (${sql}\n) SELECT to_json(sluice_row.*)::text FROM sluice_row`
}

/** Of a piece in bytes: as base64, in lines of 76, it is 60,800: a row is below 64 KB. */
const PIECE = 45_000

/**
 * The answer of a SELECT, cut into pieces: rows that are short share some, a long one has several.
 * Of each, its bytes as base64, and whether it is the last before which rows may be parted. Bytes
 * are cut where they lie; to find a character in UTF-8, all before it are counted.
 */
export function inPieces(sql: string): string {
  return `WITH sluice_row AS (${sql}\n), line AS (
      SELECT row_number() OVER () AS n, to_json(sluice_row.*)::text AS t FROM sluice_row
    ), share AS (
      SELECT n, t, sum(octet_length(t)) OVER (ORDER BY n) / ${PIECE} AS pack FROM line
    ), packed AS (
      SELECT min(n) AS n, convert_to(string_agg(t, ',' ORDER BY n), 'UTF8') AS b
      FROM share GROUP BY pack
    )
    SELECT encode(substr(b, ${PIECE} * i + 1, ${PIECE}), 'base64'), i = (length(b) - 1) / ${PIECE}
    FROM packed, generate_series(0, (length(b) - 1) / ${PIECE}) AS i ORDER BY n, i`
}

/** The rows of an answer in pieces. */
export function pieced(pieces: unknown[][]): Row[] {
  const packs: Buffer[][] = [[]]
  for (const [piece, isEnd] of pieces) {
    packs.at(-1)!.push(Buffer.from(piece as string, 'base64'))
    if (isEnd) packs.push([])
  }
  return packs.flatMap((pack) => JSON.parse(`[${Buffer.concat(pack)}]`) as Row[])
}

/**
 * Runs what it is given, several statements too, as a simple query does. A call's own SQL has
 * 65,536 characters at most, and one statement; a parameter of it has neither limit:
 * https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_ExecuteStatement.html
 */
export const makeRunner = `CREATE OR REPLACE FUNCTION pg_temp.sluice_run(sql text) RETURNS bigint
  LANGUAGE plpgsql AS 'DECLARE touched bigint; BEGIN
    EXECUTE sql; GET DIAGNOSTICS touched = ROW_COUNT; RETURN touched; END'`

export const runner = 'SELECT pg_temp.sluice_run($1) AS touched'

/** Whether a statement is too long for a call, once its names are in it. */
export function isLong(sql: string): boolean {
  return withNames(sql).length > 65_536
}

/**
 * `$1` becomes `:p1`. A colon in a literal or an identifier, which the service might take for such
 * a name, is written as its code; comments, which may have a quote in them, are left out. What has
 * a colon in `E'…'`, `$$…$$` or a slice goes as a script.
 */
export function withNames(sql: string): string {
  return sql.replace(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n\r]*|\/\*[\s\S]*?\*\/|\$(\d+)/g,
    (found: string, number: string | undefined) => {
      if (number !== undefined) return `:p${number}`
      if (/^[-/]/.test(found)) return ' '
      return found.includes(':') ? coded(found) : found
    },
  )
}

/** https://www.postgresql.org/docs/17/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-UESCAPE */
function coded(quoted: string): string {
  return `U&${quoted.replaceAll('\\', '\\\\').replaceAll(':', '\\003a')}`
}

/**
 * A parameter: what is neither text, number nor boolean is text, and the SQL says what it is. An
 * integer that JSON would round goes as the double that it is.
 */
export function parameterOf(value: unknown, i: number) {
  const name = `p${i + 1}`
  if (value === null || value === undefined) return { name, value: { isNull: true } }
  if (typeof value === 'boolean') return { name, value: { booleanValue: value } }
  if (typeof value !== 'number') return { name, value: { stringValue: textOf(value) } }
  return Number.isSafeInteger(value)
    ? { name, value: { longValue: value } }
    : { name, value: { doubleValue: value } }
}

/** Half of a surrogate pair, which UTF-8 has not, becomes U+FFFD, as by Postgres' protocol. */
function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return arrayOf(value)
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed()
}

/** `{"a","b \"c\"",NULL}`: https://www.postgresql.org/docs/17/arrays.html#ARRAYS-IO */
function arrayOf(values: unknown[]): string {
  const cells = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    return `"${textOf(value).replaceAll(/["\\]/g, '\\$&')}"`
  })
  return `{${cells.join(',')}}`
}
