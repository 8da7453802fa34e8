import { type Governing, looksLikeCsv } from './contract/catalog.ts'
import type { Contract } from './contract/contract.ts'
import { describeIn, heldUnlooked, heldUnproposed } from './held.ts'
import { folderOfKey } from './infer/proposal.ts'
import { isOfPlace, tooLarge } from './limit.ts'
import type { ObjectVersion } from './store/object-store.ts'
import { textSize } from './text/plain-text.ts'

/** What a stage does with an object, decided by what it found: no stage decides it otherwise. */
export type Decision =
  | { what: 'unchanged' }
  /** Nothing names it, and it is no CSV: a README, a script. */
  | { what: 'ignored' }
  | { what: 'refused'; reason: string }
  /** `proposes`: whether a contract can be proposed for it, here. */
  | { what: 'held'; reason: string; proposes: boolean }
  /** For this place: a refusal, too. */
  | { what: 'too-large'; reason: string; contract: Contract }
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
 * changes. One that was too large for another place is not: it is settled where it was taken.
 *
 * @param elsewhere the command that loads what is too large for here
 * @param isOne whether it is an object of ours even where no contract names it
 */
export function decide(
  version: ObjectVersion,
  governing: Governing,
  standing: Standing | undefined,
  elsewhere: string,
  isOne = looksLikeCsv(version.key),
): Decision {
  const { contract, broken, hash } = governing
  if (standing?.etag === version.etag) {
    if (standing.status === 'loaded') return { what: 'unchanged' }
    const isSettled = standing.status === 'refused' && standing.contract === hash
    if (isSettled && !isOfPlace(standing.reason)) {
      return { what: 'refused', reason: standing.reason ?? '' }
    }
  }
  if (governing.dataset === undefined && !isOne) return { what: 'ignored' }
  if (broken !== undefined) return { what: 'refused', reason: broken }
  if (contract) {
    const reason = tooLargeHere(version, standing, elsewhere)
    return reason === undefined
      ? { what: 'load', contract }
      : { what: 'too-large', reason, contract }
  }
  return { what: 'held', ...heldWith(version, standing, elsewhere) }
}

/** A file in a package's folder has a contract proposed beside it (core/infer/proposal.ts). */
function heldWith(version: ObjectVersion, standing: Standing | undefined, elsewhere: string) {
  const said = (reason: string) => ({ reason: heldUnlooked(reason), proposes: false })
  const folder = folderOfKey(version.key)
  const depth = folder.split('/').length
  if (depth < 2) {
    return said(`move it into a folder, such as ${folder}/<name>/, beside a datapackage.yaml`)
  }
  if (!folder.startsWith('bronze/') || !looksLikeCsv(version.key)) return said(describeIn(folder))
  const large = tooLargeHere(version, standing, elsewhere)
  if (large !== undefined) return said(`none is proposed here: ${large}`)
  return { reason: heldUnproposed(folder), proposes: true }
}

function tooLargeHere(
  version: ObjectVersion,
  standing: Standing | undefined,
  elsewhere: string,
): string | undefined {
  const known = standing?.etag === version.etag ? standing.reason : undefined
  return tooLarge({ stored: version.size, text: textSize(version) }, known, elsewhere)
}
