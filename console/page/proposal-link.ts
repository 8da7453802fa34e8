import type { ObjectRow } from '../shapes.ts'
import { pathTo } from './router.ts'

/**
 * Where what is proposed for the folder of an object is shown, and can be accepted:
 * `bronze/eu/shop/a.csv` → `/datasets?proposal=eu%2Fshop`
 */
export function proposalPath(key: string): string {
  const folder = key.slice(0, key.lastIndexOf('/'))
  return pathTo('datasets', { proposal: folder.replace(/^bronze\/?/, '') })
}

/** Of tables alone a contract is proposed, and Postgres says whether one is waited for. */
export function isProposedFor({ object, raw }: Pick<ObjectRow, 'object' | 'raw'>): boolean {
  return raw?.status === 'held' && object.startsWith('bronze/')
}
