import { pathTo } from './router.ts'

/**
 * Where what is proposed for the folder of an object is shown, and can be accepted:
 * `bronze/eu/shop/a.csv` → `/datasets?proposal=eu%2Fshop`
 */
export function proposalPath(key: string): string {
  const folder = key.slice(0, key.lastIndexOf('/'))
  return pathTo('datasets', { proposal: folder.replace(/^bronze\/?/, '') })
}

/** Whether an end is that of a held object for which a contract is proposed (core/held.ts). */
export function isProposed(end?: { status: string; reason?: string | null | undefined } | null) {
  return end?.status === 'held' && (end.reason ?? '').includes('; one is proposed in ')
}
