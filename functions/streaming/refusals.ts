import { isDeepStrictEqual } from 'node:util'
import type { Lake } from '../../core/lake.ts'
import { isOfPlace } from '../../core/limit.ts'
import type { ObjectVersion } from '../../core/store/object-store.ts'
import type { StreamClient } from '../../core/stream/kinesis.ts'
import { changePublication, type Publication } from '../../core/stream/publication.ts'
import type { Standing } from '../../core/take.ts'

/** Versions that are not published: what is kept of them, beside what has flowed. */

/** A version of a stream's object, and the stream that it is to go to. */
export interface Offered {
  lake: Lake
  stream: StreamClient
  key: string
  dataset: string
  version: ObjectVersion
  created: string
}

/** Where the version that flowed lies there again, no later one is refused any more. */
export function putBack({ etag }: ObjectVersion) {
  return async (state: Publication | null) => {
    const isBack = state?.refusal && state.etag === etag && state.refusal.etag !== etag
    return isBack ? { ...state, refusal: undefined } : undefined
  }
}

/** What is sent is no matter of `decide`: that depends on the stream, too. */
export function standingOf(
  state: Publication | null,
  { etag }: ObjectVersion,
): Standing | undefined {
  if (!state) return undefined
  const { refusal } = state
  // Until all has flowed, a refusal may be about the stream that it was to go to.
  if (refusal?.etag === etag && state.status === 'published') {
    return { ...refusal, status: 'refused' }
  }
  return { ...state, status: state.status === 'refused' ? 'refused' : 'new' }
}

/** So that it is told, and the next look needs no stream; of what has flowed all is kept. */
export async function keepRefusal(work: Offered, contract: string, reason: string): Promise<void> {
  const { lake, key, dataset, version, stream, created } = work
  const of = { object: key, dataset, etag: version.etag, contract, stream: stream.name, created }
  const refused = { status: 'refused' as const, reason, content: '', version: '' }
  await changePublication(lake.store, key, async (state) => {
    if (state && state.status !== 'refused') {
      const refusal = { etag: version.etag, contract, reason }
      return isDeepStrictEqual(state.refusal, refusal) ? undefined : { ...state, refusal }
    }
    const isSame = state?.etag === version.etag && state.contract === contract
    // What was said of the place is not to hide what is said of the data; nor the reverse.
    if (isSame && (state.reason === reason || !isOfPlace(state.reason))) return undefined
    return { ...of, ...refused, chunks: 0, records: 0 }
  })
}
