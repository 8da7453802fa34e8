import { type Governing, looksLikeCsv } from './catalog.ts'
import type { Contract } from './contract.ts'
import type { ObjectVersion } from './object-store.ts'

/** What a stage does with an object, decided by what it found: no stage decides it otherwise. */
export type Decision =
  | { what: 'unchanged' }
  /** Nothing names it, and it is no CSV: a README, a script. */
  | { what: 'ignored' }
  | { what: 'held' | 'refused'; reason: string }
  | { what: 'load'; contract: Contract }

/** What a stage's commit record says of the object. */
export interface Standing {
  /** Of the version looked at last; undefined where none was. */
  etag: string | undefined
  /** The hash of the contract it was judged by. */
  contract: string | undefined
  status: 'new' | 'loaded' | 'published' | 'unchanged' | 'held' | 'refused' | 'failed'
  reason?: string | undefined
}

/**
 * A version that was loaded is settled for good; one that was held or refused, until its contract
 * changes.
 *
 * @param isOne whether it is an object of ours even where no contract names it
 */
export function decide(
  version: ObjectVersion,
  governing: Governing,
  standing: Standing | undefined,
  isOne = looksLikeCsv(version.key),
): Decision {
  const { contract, broken, hash } = governing
  if (standing?.etag === version.etag) {
    if (standing.status === 'loaded') return { what: 'unchanged' }
    if (standing.status === 'refused' && standing.contract === hash) {
      return { what: 'refused', reason: standing.reason ?? '' }
    }
  }
  if (governing.dataset === undefined && !isOne) return { what: 'ignored' }
  if (broken !== undefined) return { what: 'refused', reason: broken }
  if (contract) return { what: 'load', contract }
  const folder = version.key.split('/').slice(0, -1).join('/')
  return {
    what: 'held',
    reason: `no contract names it; describe it as a resource in ${folder}/datapackage.yaml`,
  }
}
