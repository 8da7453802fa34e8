import { setImmediate as othersTurn } from 'node:timers/promises'
import { govern, isDescriptor, looksLikeCsv } from '../core/contract/catalog.ts'
import { isStreamOnly } from '../core/contract/contract.ts'
import type { Database } from '../core/database/database.ts'
import { versionsLookedAt } from '../core/database/object-list.ts'
import { isProposal } from '../core/infer/proposal.ts'
import { isBelowReplay } from '../core/replay/replay.ts'
import { memoryOf } from '../core/store/memo-store.ts'
import type { ObjectStore, ObjectVersion } from '../core/store/object-store.ts'
import { CHECKPOINTS } from '../core/stream/checkpoint.ts'
import { PUBLISHED } from '../core/stream/publication.ts'
import { isHalfFile } from '../local/watcher.ts'

/** What lies in a lake, seen by listing it. */
export interface Inputs {
  /** Objects of Bronze that Postgres has not looked at in the version that lies there. */
  arriving: number | null
  /** Changes whenever a descriptor, or another part of a package, does. */
  contracts: string
  proposals: string
}

/**
 * One look at all that lies in `bronze/` and `streaming/`, and at one column of the whole ledger.
 *
 * @param isCounted whether what arrives is to be counted
 */
export async function inputsOf(
  store: ObjectStore,
  database: Database,
  isCounted: boolean,
): Promise<Inputs> {
  const known = isCounted ? await versionsLookedAt(database, store.url) : undefined
  const etags = known && new Map(known.map(({ object, etag }) => [object, etag]))
  const memo = memoryOf(store)
  const seen = { arriving: 0, contracts: '', proposals: '' }
  let count = 0
  for (const prefix of ['bronze/', 'streaming/']) {
    // A folder that may not be read is told of by whoever loads.
    for await (const version of store.list(prefix, '', () => {})) {
      const { key, etag } = version
      // A folder's files are looked at one after the other, and nobody else would have a turn.
      if (++count % 500 === 0) await othersTurn()
      if (isProposal(key)) seen.proposals += `${key} ${etag}\n`
      else if (isDescriptor(key) || /\.(json|ya?ml)$/i.test(key)) {
        seen.contracts += `${key} ${etag}\n`
      } else if (etags && (await isArriving(memo, version, etags))) seen.arriving++
    }
  }
  return { ...seen, arriving: isCounted ? seen.arriving : null }
}

/** What nothing names and that is no CSV, such as a README, is no object: it never arrives. */
async function isArriving(
  store: ObjectStore,
  { key, etag }: ObjectVersion,
  etags: Map<string, string>,
): Promise<boolean> {
  const known = etags.get(key)
  if (known === etag || isStreamOnly(key) || isHalfFile(key)) return false
  if (known !== undefined || looksLikeCsv(key) || isBelowReplay(key)) return true
  return (await govern(store, key)).dataset !== undefined
}

/** What changes whenever a shard has gone on; the objects that were published are passed over. */
export async function checkpointsOf(store: ObjectStore): Promise<string> {
  let seen = ''
  for await (const { key, etag } of store.list(CHECKPOINTS)) {
    if (key.startsWith(PUBLISHED)) break
    seen += `${key} ${etag}\n`
  }
  // The first key that can come after all of them: `0` follows `/`.
  for await (const { key, etag } of store.list(CHECKPOINTS, PUBLISHED.replace(/\/$/, '0'))) {
    seen += `${key} ${etag}\n`
  }
  return seen
}
