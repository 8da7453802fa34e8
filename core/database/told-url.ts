/**
 * A URL as it may be told: in a message, a log, a hint of what to type. One rule for all of them,
 * so that no password goes where many read.
 */

/**
 * Without the password before the `@`, and without a parameter `password`: `…` stands in its place.
 * Also of a text that is no URL because its password was not percent-encoded: a user may have an
 * `@`, as Azure's do, and a password anything.
 *
 * `postgres://u:p/w@db/shop?password=x` → `postgres://u:…@db/shop?password=…`
 */
export function withoutPassword(url: string): string {
  const kept = hasNone(url) ? url : url.replace(/(:\/\/[^:/?#]*:)[\s\S]*@/, '$1…@')
  // It may have a & of its own, which begins no other parameter.
  return kept.replace(/([?&][^=&]*password=)[\s\S]*?(?=&\w+=|$)/gi, '$1…')
}

/** `postgres://u:12/34@db` has the host `u`, and what is a password stands in its path. */
function hasNone(url: string): boolean {
  const parsed = URL.parse(url)
  if (parsed?.password !== '') return false
  return !/^[^=]*@/.test(parsed.pathname + parsed.search + parsed.hash)
}
