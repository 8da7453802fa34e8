import { createHash } from 'node:crypto'

/** Names: from what a descriptor calls a thing to what Postgres and the lake call it. */

/**
 * `Order Items`, `orderItems`, `order-items` → `order_items`. What is not a letter, digit or
 * underscore parts words; letters beyond ASCII stay.
 */
export function snakeCase(name: string): string {
  return name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
}

/** Postgres cuts an identifier at 63 bytes, silently; a longer name ends in a hash of itself. */
export function postgresName(name: string): string {
  if (Buffer.byteLength(name) <= 63) return name
  let head = ''
  for (const character of name) {
    if (Buffer.byteLength(head + character) > 54) break
    head += character
  }
  return `${head}_${shortHash(name, 8)}`
}

/** An SQL identifier, in Postgres and in DuckDB. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** An SQL string literal, in DuckDB and in Postgres (standard_conforming_strings). */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * The name of a file that DuckDB reads: `*`, `?` and `[` in it would be a pattern, and find others.
 *
 * https://duckdb.org/docs/stable/sql/functions/pattern_matching#glob-function-to-find-filenames
 */
export function fileLiteral(path: string): string {
  return literal(path.replace(/[*?[]/g, '[$&]'))
}

/** The first digits of SHA-256 in hex: a name for a key or a content. */
export function shortHash(text: string, digits = 16): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits)
}
