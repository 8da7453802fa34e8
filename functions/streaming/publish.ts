import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { isNdjson, looksLikeCsv } from '../../core/catalog.ts'
import { encodeEnd } from '../../core/chunk.ts'
import { Chunker, type ChunkHead } from '../../core/chunker.ts'
import { commit, type Goal } from '../../core/commit.ts'
import { type Contract, isStreamOnly } from '../../core/contract.ts'
import { Refused } from '../../core/errors.ts'
import { type Layout, readLayout } from '../../core/header.ts'
import type { StreamClient } from '../../core/kinesis.ts'
import type { Lake } from '../../core/lake.ts'
import { mend } from '../../core/mend.ts'
import { shortHash } from '../../core/names.ts'
import type { LocalCopy, ObjectVersion } from '../../core/object-store.ts'
import { none, type Outcome } from '../../core/outcome.ts'
import { partitionKeyOf } from '../../core/partition-key.ts'
import { type PlainText, plainText, textSize } from '../../core/plain-text.ts'
import {
  outcomeOf,
  type Publication,
  parsePublication,
  publicationKey,
} from '../../core/publication.ts'
import { lines, marksOf } from '../../core/record.ts'
import { governStream } from '../../core/stream-catalog.ts'
import { decide } from '../../core/take.ts'
import { walk } from '../../core/walk.ts'

/** An object → chunks in a stream. What is sent twice is committed once (append.ts). */

/**
 * Puts every record of the object's current version into the stream, unless that was done before.
 *
 * @param progress told now and then how much of the object's text is sent, from 0 to 1
 * @returns undefined where the object is none of a stream, or does not stand
 * @throws Busy, or a fault of store or stream: to be done anew, with the same chunks
 */
export async function publish(
  lake: Lake,
  stream: StreamClient,
  key: string,
  progress: (part: number) => void = () => {},
): Promise<Outcome | undefined> {
  const started = performance.now()
  const version = await lake.store.head(key)
  if (!version) return undefined
  const governing = await governStream(lake.store, key)
  const { dataset, contract } = governing
  if (!contract?.stream && !isStreamOnly(key)) return undefined
  const said = (status: Outcome['status'], reason?: string, records = 0): Outcome => {
    const seconds = (performance.now() - started) / 1000
    return { stage: 'streaming', object: key, dataset, status, reason, seconds, ...none, records }
  }
  await mend(lake)
  const before = await standing(lake, key)
  const decision = decide(version, governing, undefined, isNdjson(key) || looksLikeCsv(key))
  if (decision.what === 'held') return said('held', decision.reason)
  if (decision.what === 'refused') return said('refused', decision.reason)
  if (decision.what !== 'load' || !dataset) return undefined
  const isSame = before?.etag === version.etag
  if (isSame && before.status === 'published') return unchanged(before)
  if (isSame && before.status === 'refused' && before.contract === governing.hash) {
    return outcomeOf(before)
  }
  const { created } = await stream.describe()
  if (isSame && isDone(before, stream.name, created)) return unchanged(before)
  const { contract: ours } = decision
  const work = { lake, stream, key, dataset, version, created, contract: ours, progress }
  try {
    const { done, records } = await send(work, governing.hash)
    return done ? unchanged(done) : said('published', undefined, records)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    await keepRefusal(work, governing.hash, error.message)
    return said('refused', error.message)
  }
}

/** So that the next look needs no stream; unless some of it was sent before it was refused. */
async function keepRefusal(work: Work, contract: string, reason: string): Promise<void> {
  const { lake, key, dataset, version, stream, created } = work
  const of = { object: key, dataset, etag: version.etag, contract, stream: stream.name, created }
  const refused = { status: 'refused' as const, reason, content: '', version: '' }
  await settled(lake, key, async (state) => {
    if (state && state.status !== 'refused') return undefined
    return { ...of, ...refused, chunks: 0, records: 0 }
  })
}

/** All of it is there; or all was sent, and is on its way. */
function unchanged(state: Publication): Outcome {
  const outcome = outcomeOf(state)
  return { ...outcome, status: outcome.status === 'loaded' ? 'unchanged' : outcome.status }
}

interface Work {
  lake: Lake
  stream: StreamClient
  key: string
  dataset: string
  version: ObjectVersion
  created: string
  contract: Contract
  progress: (part: number) => void
}

/** What is known of an object's publication, if it ever began. */
async function standing(lake: Lake, key: string): Promise<Publication | null> {
  return (await settled(lake, key, async () => undefined)).state
}

/** Asks for the next state of the publication's record; its commit point is that record's PUT. */
function settled(
  lake: Lake,
  key: string,
  next: (state: Publication | null) => Promise<Publication | undefined>,
) {
  return commit<Publication>({
    store: lake.store,
    record: publicationKey(key),
    parse: parsePublication,
    target: async (state): Promise<Goal<Publication> | undefined> => {
      const wanted = await next(state)
      return wanted && { state: wanted, replaces: true, files: [] }
    },
    fence: () => Buffer.alloc(0),
  })
}

/** Nothing more is to be sent: all is committed, or lies in this very stream. */
function isDone(state: Publication, stream: string, created: string): boolean {
  if (state.status === 'published') return true
  return state.status === 'sent' && state.stream === stream && state.created === created
}

async function send(work: Work, contractHash: string) {
  const { lake, key, version, contract, created, stream, dataset } = work
  const copy = await lake.store.open(version)
  try {
    const content = await sha256(copy.path)
    await copy.verify()
    const of = { object: key, dataset, etag: version.etag, contract: contractHash, content }
    const base = { ...of, version: shortHash(`${key}/${content}/${shapeOf(contract)}`), created }
    const begun: Publication = {
      ...{ ...base, stream: stream.name, status: 'publishing', chunks: 0, records: 0 },
    }
    const { state } = await settled(lake, key, async (state) => {
      if (state) checkSame(state, begun)
      if (state && isDone(state, stream.name, created)) return renewed(state, version.etag)
      return state?.status === 'publishing' && state.created === created ? undefined : begun
    })
    if (state && isDone(state, stream.name, created)) return { done: state, records: 0 }
    const { chunks, records } = await sendAll(work, copy, begun.version)
    await settled(lake, key, async (state) => {
      if (state?.status !== 'publishing') return undefined
      return { ...begun, status: 'sent', chunks, records }
    })
    return { done: undefined, records }
  } finally {
    await copy.release()
  }
}

/** Put anew with the same content: its next event is answered by a look at the eTag. */
function renewed(state: Publication, etag: string): Publication | undefined {
  return state.etag === etag ? undefined : { ...state, etag }
}

/** What was published cannot be taken back, so an object must stay the same. */
function checkSame(state: Publication, now: Publication): void {
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

/** How an object is cut depends on it; to be changed, too, when `Chunker` cuts otherwise. */
function shapeOf({ dialect, encoding, stream }: Contract): string {
  return JSON.stringify([1, dialect, encoding, stream?.partitionKey ?? null])
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return hash.digest('hex')
}

async function sendAll(work: Work, copy: LocalCopy, version: string) {
  const { lake, key, contract, stream } = work
  return lake.withScratch(textSize(work.version), async (folder) => {
    const text = await plainText(copy.path, key, contract.encoding, folder)
    const layout = isNdjson(key) ? linesOf(text, contract) : await readLayout(text, contract)
    await using source = await open(text.path)
    const { size } = await source.stat()
    const head = headOf(key, version, text, layout)
    const chunker = new Chunker({
      head,
      source,
      keyOf: partitionKeyOf(head, contract),
      skipBlank: head.format === 'ndjson',
      send: (chunks) => stream.put(chunks),
      progress: (bytes) => work.progress(bytes / Math.max(1, size)),
    })
    const marks = head.format === 'ndjson' ? lines : marksOf(contract.dialect)
    const valid = text.encoding === 'latin-1'
    await walk({ source, size, start: layout.start, lines: layout.lines, marks, valid }, chunker)
    await chunker.end()
    await copy.verify()
    const { chunks, records, keys } = chunker
    const spread = contract.stream?.partitionKey !== undefined
    const end = encodeEnd({ kind: 'end', object: key, version, chunks, records, spread })
    // An object without a record has no chunk, but an end all the same.
    const to = keys.length > 0 ? keys : [shortHash(key)]
    await stream.put(to.map((partitionKey) => ({ data: end, partitionKey })))
    return { chunks, records }
  })
}

/** NDJSON has no header; its names stand in every record. */
function linesOf(text: PlainText, { fields }: Contract): Layout {
  return { fields, start: text.bom, lines: 0, plain: true }
}

function headOf(object: string, version: string, text: PlainText, layout: Layout): ChunkHead {
  const fields = layout.fields.map(({ name }) => name)
  const { encoding, utf16 = null } = text
  const format = isNdjson(object) ? 'ndjson' : 'csv'
  return { object, version, format, encoding, utf16, fields: format === 'csv' ? fields : [] }
}
