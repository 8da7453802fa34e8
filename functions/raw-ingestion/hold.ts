import type { Database } from '../../core/database/database.ts'
import { type Entry, explain, takeKey } from '../../core/database/ledger.ts'
import { heldWithout, heldWithProposal } from '../../core/held.ts'
import { folderOfKey } from '../../core/infer/proposal.ts'
import { isProposed, propose } from '../../core/infer/proposal-file.ts'
import type { Lake } from '../../core/lake.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'

/** An object that was marked as held, and what its ledger row said before. */
export interface Held {
  version: ObjectVersion
  before: Pick<Entry, 'status' | 'etag' | 'reason'>
}

/**
 * Proposes a contract for a held object. Raw-ingestion does it, and not silver: its ledger keeps
 * the mark, and so the reason why there is no proposal, where there is none. It is done after the
 * mark is committed and outside any transaction, so that neither waits for the other; what fails
 * is told in the reason, and tried again whenever the object is.
 */
export async function hold(
  lake: Lake,
  database: Database,
  held: Held,
  outcome: Outcome,
): Promise<Outcome> {
  const reason = await reasonFor(lake, held, outcome.reason)
  if (reason === outcome.reason) return outcome
  const { key, etag } = held.version
  await database.transaction(async (tx) => {
    const entry = await takeKey(tx, lake.store.url, key)
    const isStill = entry.status === 'held' && entry.etag === etag
    if (isStill && reason !== undefined) await explain(tx, entry.id, reason)
  })
  return { ...outcome, reason }
}

/** A version for which all was done before says what it said then. */
async function reasonFor(
  lake: Lake,
  { version, before }: Held,
  said: string | undefined,
): Promise<string | undefined> {
  try {
    const isSame = before.status === 'held' && before.etag === version.etag
    if (isSame && (await isProposed(lake, version))) return before.reason ?? said
    const why = await propose(lake, version)
    return why === undefined ? heldWithProposal(folderOfKey(version.key)) : heldWithout(why)
  } catch (error) {
    // Whatever it is, the object is held as it was: nothing else depends on a proposal.
    return heldWithout(error instanceof Error ? error.message : String(error))
  }
}
