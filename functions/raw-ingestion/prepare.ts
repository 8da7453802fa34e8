import { isLoaded, lookAt, type Seen } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import type { Database } from '../../core/database/database.ts'
import { type Copied, Judging } from '../../core/database/incoming.ts'
import { type Entry, entryOfKey } from '../../core/database/ledger.ts'
import { Fetching, StagingArea } from '../../core/database/staging.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { ingestCommand } from '../../core/limit.ts'
import { type Mends, readMends } from '../../core/replay/mends.ts'
import { parseReplayKey } from '../../core/replay/replay.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'
import { type Decision, decide } from '../../core/take.ts'
import { textSize } from '../../core/text/plain-text.ts'
import type { Work } from './load-rows.ts'

/**
 * How the rows of an object come to its transaction. They are judged and sent within it; or, where
 * the database fetches them, judged and staged before it begins, as it may not idle for so long.
 */

/** What a transaction needs to load one version of an object. */
export interface Rows extends Pick<Work, 'incoming'> {
  /** Of a replay object. */
  mends: Mends | undefined
}

/** Makes the rows of a version within reach, as long as `work` lasts. */
export type WithRows = <T>(
  version: ObjectVersion,
  contract: Contract,
  work: (rows: Rows) => Promise<T>,
) => Promise<T>

/** Rows that are judged while their transaction lasts. */
export function judgedWithin(lake: Lake): WithRows {
  return (version, contract, work) =>
    withCopy(lake, version, contract, (copied, mends) =>
      work({ incoming: new Judging(copied), mends }),
    )
}

/** Brings a version to this machine; what was made of it counts only if it was whole. */
function withCopy<T>(
  lake: Lake,
  version: ObjectVersion,
  contract: Contract,
  work: (copied: Copied, mends: Mends | undefined) => Promise<T>,
): Promise<T> {
  return lake.withScratch(
    textSize(version),
    async (folder, duck) => {
      const copy = await lake.store.open(version)
      try {
        const copied = { duck, contract, version, path: copy.path, folder }
        const done = await work(copied, await mendsOf(version.key, copy.path))
        await copy.verify()
        return done
      } finally {
        await copy.release()
      }
    },
    contract.fields.length,
  )
}

async function mendsOf(key: string, path: string): Promise<Mends | undefined> {
  return parseReplayKey(key) === undefined ? undefined : readMends(path, key)
}

/** The transaction found another version, or contract, than the one that was staged. */
export class Restage extends Error {
  override name = 'Restage'
}

/** One version of an object by one contract, staged; or the reason why it cannot be taken. */
interface Staged {
  version: ObjectVersion
  contract: Contract
  rows: Rows | Refused
}

/**
 * Judges and stages what stands under a key, if it is to be loaded.
 *
 * @param again stage it even if its version is settled
 * @returns the entry of the key, where the version is loaded: nothing is to be done then
 * @throws Busy, or a fault of store or disk
 */
export async function stageFirst(
  lake: Lake,
  database: Database,
  key: string,
  again: boolean,
): Promise<{ area: StagingArea; withRows: WithRows } | { loaded: Entry }> {
  const entry = await entryOfKey(database, lake.store.url, key)
  if (entry && !again && (await isLoaded(lake.store, key, entry))) return { loaded: entry }
  const seen = await lookAt(lake.store, key)
  const area = new StagingArea(lake.store)
  const decision = seen && decideOn(lake, key, seen, entry, again)
  if (!seen || decision?.what !== 'load') return { area, withRows: fetched(undefined) }
  const { version } = seen
  const { contract } = decision
  try {
    const rows = await withCopy(lake, version, contract, async (copied, mends) => {
      return { incoming: new Fetching(area, await area.stage(copied)), mends }
    }).catch(orRefused)
    return { area, withRows: fetched({ version, contract, rows }) }
  } catch (fault) {
    await area.clear()
    throw fault
  }
}

/** What is to be done with an object, by what the ledger says of it. */
export function decideOn(
  lake: Lake,
  key: string,
  { version, governing }: Seen,
  entry: Entry | undefined,
  again: boolean,
): Decision {
  // A replay object may have been refused only because its source was not there.
  const anew = again || (entry?.status === 'refused' && parseReplayKey(key) !== undefined)
  return decide(version, governing, anew ? undefined : entry, ingestCommand(lake.store.url, key))
}

/** That is noted where the object's row in the ledger is held. */
function orRefused(error: unknown): Refused {
  if (error instanceof Refused) return error
  throw error
}

function fetched(staged: Staged | undefined): WithRows {
  return async (version, contract, work) => {
    const isSame = staged?.version.etag === version.etag && staged.contract.hash === contract.hash
    if (!isSame) throw new Restage(`${version.key}: what stands was not staged`)
    if (staged.rows instanceof Refused) throw staged.rows
    return work(staged.rows)
  }
}
