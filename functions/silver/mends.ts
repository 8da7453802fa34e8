import { type CommitOptions, commit } from '../../core/commit/commit.ts'
import { readRecord } from '../../core/commit/commit-record.ts'
import { type Manifest, manifestKey, parseManifest } from '../../core/commit/manifest.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { none } from '../../core/outcome.ts'
import { readMends } from '../../core/replay/mends.ts'
import { parseReplayKey, superseded } from '../../core/replay/replay.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'

/**
 * Replay objects in Silver: their rows stand while the version whose rejects they mend does.
 *
 * Two manifests are not one commit. A source that is about to get another version takes the rows of
 * its replay object away first, so that whoever comes after a crash in between does both again. A
 * writer of the replay object that had looked at the source before, and puts its rows after that,
 * finds its manifest changed; or, where none had been there to be changed, looks once more after
 * its commit, as every writer does (core/commit/commit.ts), and takes its own rows away.
 */
export interface Tie {
  mends: { object: string; version: string } | undefined
  /** Whether the version that it mends stands. */
  holds: boolean
  /** Why it is no replay object. */
  broken?: string
}

/**
 * @param state the manifest, read before the source is looked at
 * @param standingOf brings the source up to date; the eTag of the version that stands then, or null
 *   where nothing is known of it
 * @returns undefined for what is no replay object
 */
export async function tieOf(
  { store }: Lake,
  version: ObjectVersion,
  state: Manifest | null,
  standingOf: (object: string) => Promise<string | undefined | null>,
): Promise<Tie | undefined> {
  if (!parseReplayKey(version.key)) return undefined
  try {
    const known = state?.etag === version.etag ? state.mends : undefined
    const mends = known ?? (await mendsIn(store, version))
    const standing = await standingOf(mends.object)
    if (standing === null) throw new Refused(`${mends.object}, which it mends, is not known here`)
    return { mends, holds: standing === mends.version }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { mends: undefined, holds: false, broken: error.message }
  }
}

async function mendsIn(store: Lake['store'], version: ObjectVersion) {
  const copy = await store.open(version)
  try {
    const { object, version: of } = await readMends(copy.path, version.key)
    await copy.verify()
    return { object, version: of }
  } finally {
    await copy.release()
  }
}

/** Whether the manifest says so already. */
export function isTied(state: Manifest | null, { etag }: ObjectVersion, { holds }: Tie): boolean {
  return state?.status === 'loaded' && state.etag === etag && state.mends?.void === !holds
}

/** Whether an object may have a replay object: it had rejects, or has; or that is not known. */
export function mayBeMended(before: Manifest | null, next: Manifest): boolean {
  return (before?.rejected ?? 0) > 0 || before?.status === 'refused' || next.rejected > 0
}

/**
 * What the replay object's manifest lacks when its source gets another version.
 *
 * @returns `back` where its rows are of that version, and have to be written once more
 */
export async function dropMends(
  { store }: Lake,
  dataset: string,
  key: string,
  standing: string,
  fence: CommitOptions<Manifest>['fence'],
): Promise<'back' | undefined> {
  const record = manifestKey(dataset, key)
  const found = (await readRecord(store, record, parseManifest))?.record.state?.mends
  if (!found) return undefined
  if (found.version === standing) return found.void ? 'back' : undefined
  await commit<Manifest>({
    store,
    record,
    parse: parseManifest,
    fence,
    target: async (state) => {
      if (!state?.mends || state.mends.void || state.mends.version === standing) return undefined
      return { state: voided(state, state.mends), replaces: true, files: [] }
    },
  })
  return undefined
}

/** The same without rows. */
export function voided(state: Manifest, mends: { object: string; version: string }): Manifest {
  const reason = superseded(mends.object)
  return { ...state, ...none, reason, mends: { ...mends, void: true } }
}
