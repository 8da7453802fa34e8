import { z } from 'zod'
import { shortHash } from './names.ts'
import { none, type Outcome } from './outcome.ts'

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
})
export type Publication = z.infer<typeof publication>

export function parsePublication(json: unknown): Publication {
  return publication.parse(json)
}

export const PUBLISHED = 'streaming_checkpoint/published/'

export function publicationKey(object: string): string {
  return `${PUBLISHED}${shortHash(object)}.json`
}

/** How an object stands in the stream: `loaded` when all of it is committed. */
export function outcomeOf(state: Publication): Outcome {
  const { object, dataset, reason, records, rejected = 0 } = state
  const base = { stage: 'streaming' as const, object, dataset, reason, seconds: 0, ...none }
  if (state.status === 'refused') return { ...base, status: 'refused' }
  if (state.status !== 'published') return { ...base, status: 'published', records }
  return { ...base, status: 'loaded', records, rejected, accepted: records - rejected }
}
