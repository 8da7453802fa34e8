import { pathTo } from './router.ts'

/** A query in the part of an address that no server is sent. */

/** `SELECT 1` → `/sql#sql=SELECT%201` */
export function sharedPath(sql: string): string {
  return `${pathTo('sql')}#sql=${encodeURIComponent(sql)}`
}

/** `#sql=SELECT%201` → `SELECT 1`; null where there is none, or it cannot be read. */
export function sharedQuery(hash: string): string | null {
  const found = /^#sql=(.+)$/s.exec(hash)
  if (!found) return null
  try {
    return decodeURIComponent(found[1]!)
  } catch {
    return null
  }
}
