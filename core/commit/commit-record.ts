import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { ObjectStore, PutCondition, PutResult } from '../store/object-store.ts'

/** What is final (state, files), what one writer is about to do, and names still to be buried. */
export interface CommitRecord<S> {
  /** Random, new with every PUT: a writer whose answer was lost knows its own work by it. */
  id: string
  /** Grows with every intent and is part of the names of its files: no name is ever used again. */
  epoch: number
  state: S | null
  files: string[]
  /** The intent: files that may appear, and until when (ms since 1970) others wait for them. */
  writing: { files: string[]; until: number } | null
  /** Dead names, over each of which a fence is still to be put. */
  garbage: string[]
}

/** A record as it stands under the eTag; without one, what a first PUT begins from. */
export interface Held<S> {
  etag: string | undefined
  record: CommitRecord<S>
}

/** Another writer was faster: what this one knows of the record, or of its own file, is old. */
export class Lost extends Error {
  override name = 'Lost'
}

/** What stands there is no commit record. */
export class BrokenRecord extends Error {
  override name = 'BrokenRecord'

  constructor(place: string, why: string, options: ErrorOptions) {
    super(`commit record ${place} is broken: ${why}`, options)
  }
}

/** A PUT whose answer is lost is sent again: this settles lost answers, it sits out no outage. */
const ATTEMPTS = 3
/** Characters of a record that a person may want to read as it is. */
const READABLE = 16_384

const recordSchema = z.object({
  id: z.string(),
  epoch: z.int().nonnegative(),
  state: z.unknown(),
  files: z.array(z.string()),
  writing: z.object({ files: z.array(z.string()), until: z.number() }).nullable(),
  garbage: z.array(z.string()),
})

/**
 * The record and the eTag it stands under, or undefined where none was ever written.
 *
 * @param parse checks the stored state; it throws for a broken one
 * @throws BrokenRecord, naming the key: a record that is broken: it is never replaced unread
 */
export async function readRecord<S>(
  store: ObjectStore,
  key: string,
  parse: (json: unknown) => S = (json) => json as S,
): Promise<{ etag: string; modified: Date; record: CommitRecord<S> } | undefined> {
  const found = await store.get(key)
  if (!found) return undefined
  try {
    const { state: json, ...rest } = recordSchema.parse(JSON.parse(found.body.toString()))
    const state = json === null ? null : parse(json)
    const { etag, modified } = found.version
    return { etag, modified, record: { ...rest, state } }
  } catch (cause) {
    const cure = 'put its last good content back; without it, its files would be written twice'
    throw new BrokenRecord(store.locate(key), `${cure}; ${cause}`, { cause })
  }
}

/**
 * Puts the changed record over the one held, and over nothing else.
 *
 * @throws Lost if another stands there now
 */
export async function putRecord<S>(
  store: ObjectStore,
  key: string,
  held: Held<S>,
  change: Partial<CommitRecord<S>>,
): Promise<Held<S>> {
  const { epoch, state, files, writing, garbage } = { ...held.record, ...change }
  const record = { id: randomUUID(), epoch, state, files, writing, garbage }
  const body = Buffer.from(`${textOf(record)}\n`)
  const when: PutCondition =
    held.etag === undefined ? { ifNoneMatch: true } : { ifMatch: held.etag }
  const { etag } = await settle(
    () => store.put(key, body, when),
    async () => {
      const found = await readRecord(store, key)
      return found?.record.id === record.id ? found : undefined
    },
  )
  return { etag, record }
}

/** For the eye, unless it is large: each line of a row of numbers would double it. */
function textOf(record: CommitRecord<unknown>): string {
  const text = JSON.stringify(record)
  return text.length < READABLE ? JSON.stringify(record, null, 2) : text
}

/**
 * Sends a PUT until its end is known: where it was done but its answer lost, the condition refuses
 * the second, and looking finds our own work.
 *
 * @param look the version that stands there, if its content is ours
 * @throws Lost if it is not ours; a fault of the store that persists, as it comes
 */
export async function settle(
  put: () => Promise<PutResult>,
  look: () => Promise<PutResult>,
): Promise<{ etag: string }> {
  for (let attempt = 1; ; attempt++) {
    try {
      const done = (await put()) ?? (await look())
      if (done) return done
      throw new Lost()
    } catch (fault) {
      if (fault instanceof Lost || attempt === ATTEMPTS) throw fault
    }
  }
}
