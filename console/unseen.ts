import type { Failure } from '../core/database/failures.ts'
import type { Outcome } from '../core/outcome.ts'
import { shellWord } from '../core/shell-word.ts'
import type { ObjectStore, ObjectVersion } from '../core/store/object-store.ts'
import { looksOf, type Unseen, unseenAmong } from '../local/unseen.ts'
import type { ObjectDetail } from './shapes.ts'

interface Found {
  unseen: ObjectDetail['unseen']
  /** How the stream would hold or refuse it, of which it keeps no record. */
  end: Outcome | undefined
}

export const nothingUnseen: Found = { unseen: null, end: undefined }

/** What each stage has noted of an object. */
type Noted = { etag: string | null } | undefined

/** Which stages have not looked at the version that lies there, as `sluice status` tells it. */
export async function unseenOf(
  store: ObjectStore,
  version: ObjectVersion,
  looked: { raw: Noted; silver: Noted | null; stream: Noted; failures: Map<string, Failure> },
): Promise<Found> {
  const { key } = version
  const looks = (noted: Noted | null) => {
    return looksOf(noted ? [{ object: key, etag: noted.etag ?? '' }] : [])
  }
  const { unseen, ends } = await unseenAmong(store, [version], {
    raw: looks(looked.raw),
    silver: looks(looked.silver),
    stream: looks(looked.stream),
    failures: looked.failures,
  })
  const [one] = unseen
  const isToLoad = one?.stages.some((stage) => stage !== 'streaming')
  const next = isToLoad ? `sluice ingest ${shellWord(key)}` : 'sluice start --once'
  return {
    unseen: one ? { ...told(one), next } : null,
    end: ends[0],
  }
}

function told({ stages, changed, failure }: Unseen) {
  return { stages, changed, failure: failure ?? null }
}
