import * as z from 'zod'
import { type Outcome as Committed, commit, type Goal } from '../commit/commit.ts'
import { Refused } from '../errors.ts'
import { shortHash } from '../names.ts'
import { none, type Outcome } from '../outcome.ts'
import type { ObjectStore, ObjectVersion } from '../store/object-store.ts'
import { CHECKPOINTS } from './checkpoint.ts'

/**
 * What became of a streamed object: one record an object, below the checkpoints, that begins with
 * its publication and says for good when every chunk of it was committed.
 */
const publication = z.object({
  object: z.string(),
  dataset: z.string(),
  /** publishing: some may be sent; sent: all are; published: all are committed; refused: none. */
  status: z.enum(['publishing', 'sent', 'published', 'refused']),
  reason: z.string().optional(),
  /** Of the version looked at, and its descriptor's hash. */
  etag: z.string(),
  contract: z.string(),
  /** SHA-256 of the content, and of what decides how it is cut: the version of its chunks. */
  content: z.string(),
  version: z.string(),
  chunks: z.number(),
  records: z.number(),
  /** Known when it is published. */
  rejected: z.number().optional(),
  /** The stream that they were sent to: one that is made anew has none of them. */
  stream: z.string(),
  created: z.string(),
  /** Of a later version, of which nothing is sent: what flowed of the earlier one stays. */
  refusal: z.object({ etag: z.string(), contract: z.string(), reason: z.string() }).optional(),
})
export type Publication = z.infer<typeof publication>

export function parsePublication(json: unknown): Publication {
  return publication.parse(json)
}

export const PUBLISHED = 'streaming_checkpoint/published/'

/**
 * The records of all shards, of all streams. Those of what is published stand among them, and may
 * be far more: they are passed over by a second list.
 */
export async function* shardRecords(store: ObjectStore): AsyncIterable<ObjectVersion> {
  const after = `${PUBLISHED}~`
  let isRest = false
  for await (const version of store.list(CHECKPOINTS)) {
    isRest = version.key >= PUBLISHED
    if (isRest) break
    yield version
  }
  if (!isRest) return
  for await (const version of store.list(CHECKPOINTS, after)) if (version.key > after) yield version
}

export function publicationKey(object: string): string {
  return `${PUBLISHED}${shortHash(object)}.json`
}

/** The version that was looked at last. */
export function lookedAt({ etag, refusal }: Publication): string {
  return refusal?.etag ?? etag
}

/**
 * How an object stands in the stream: `loaded` when all of it is committed; `refused`, with the
 * counts of what flowed, where a later version is.
 */
export function outcomeOf(state: Publication): Outcome {
  const flowed = flowedOf(state)
  const { refusal } = state
  return refusal ? { ...flowed, status: 'refused', reason: refusal.reason } : flowed
}

/** What became of the version that was published. */
export function flowedOf(state: Publication): Outcome {
  const { object, dataset, reason, records, rejected = 0 } = state
  const base = { stage: 'streaming' as const, object, dataset, reason, seconds: 0, ...none }
  if (state.status === 'refused') return { ...base, status: 'refused' }
  if (state.status !== 'published') return { ...base, status: 'published', records }
  return { ...base, status: 'loaded', records, rejected, accepted: records - rejected }
}

/**
 * Asks for the next state of an object's publication, again until there is none; its commit point
 * is the PUT of that record.
 */
export function changePublication(
  store: ObjectStore,
  object: string,
  next: (state: Publication | null) => Promise<Publication | undefined>,
): Promise<Committed<Publication>> {
  return commit<Publication>({
    store,
    record: publicationKey(object),
    parse: parsePublication,
    target: async (state): Promise<Goal<Publication> | undefined> => {
      const wanted = await next(state)
      return wanted && { state: wanted, replaces: true, files: [] }
    },
    fence: () => Buffer.alloc(0),
  })
}

/** Nothing more is to be sent: all is committed, or lies in this very stream. */
export function isDone(state: Publication, stream: string, created: string): boolean {
  if (state.status === 'published') return true
  return state.status === 'sent' && state.stream === stream && state.created === created
}

/** What was published cannot be taken back, so an object must stay the same. */
export function checkSame(state: Publication, now: Publication): void {
  if (state.status === 'refused') return
  if (state.stream !== now.stream && state.status !== 'published') {
    throw new Refused(
      `its publication into stream ${state.stream} has not ended, and what is committed of it is ` +
        'known there only: publish it to that stream',
    )
  }
  if (state.content !== now.content) {
    throw new Refused(
      'its content was changed after its publication began, and a stream takes nothing back: ' +
        'put the first content back, and new rows into an object of another name',
    )
  }
  if (state.version === now.version || state.status === 'published') return
  throw new Refused(
    'its dialect, encoding or partitionKey was changed after its publication began: ' +
      'put the contract back until it is published',
  )
}
