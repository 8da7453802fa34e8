import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { isNdjson, looksLikeCsv } from '../../core/contract/catalog.ts'
import type { Contract } from '../../core/contract/contract.ts'
import { checkStored } from '../../core/contract/stored.ts'
import { Refused } from '../../core/errors.ts'
import type { Lake } from '../../core/lake.ts'
import { faultOf, publishCommand, reasonOf } from '../../core/limit.ts'
import { shortHash } from '../../core/names.ts'
import { none, type Outcome } from '../../core/outcome.ts'
import type { LocalCopy } from '../../core/store/object-store.ts'
import { encodeEnd } from '../../core/stream/chunk.ts'
import { Chunker, type ChunkHead } from '../../core/stream/chunker.ts'
import type { StreamClient } from '../../core/stream/kinesis.ts'
import { partitionKeyOf } from '../../core/stream/partition-key.ts'
import {
  changePublication,
  checkSame,
  isDone,
  outcomeOf,
  type Publication,
} from '../../core/stream/publication.ts'
import { recover } from '../../core/stream/recovery.ts'
import { governStream, isStreamed } from '../../core/stream/stream-catalog.ts'
import { decide } from '../../core/take.ts'
import { commentsOf } from '../../core/text/comments.ts'
import { type Layout, readLayout } from '../../core/text/header.ts'
import { type PlainText, plainText, textSize } from '../../core/text/plain-text.ts'
import { lines, marksOf } from '../../core/text/record.ts'
import { validityOf } from '../../core/text/text-encoding.ts'
import { walk } from '../../core/text/walk.ts'
import { keepRefusal, type Offered, putBack, standingOf } from './refusals.ts'

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
  if (!contract?.stream && !(await isStreamed(lake.store, key))) return undefined
  const said = (status: Outcome['status'], reason?: string, records = 0): Outcome => {
    const seconds = (performance.now() - started) / 1000
    return { stage: 'streaming', object: key, dataset, status, reason, seconds, ...none, records }
  }
  await recover(lake)
  const before = (await changePublication(lake.store, key, putBack(version))).state
  const elsewhere = publishCommand(lake.store.url, key, stream.name)
  const isOne = isNdjson(key) || looksLikeCsv(key)
  const decision = decide(version, governing, standingOf(before, version), elsewhere, isOne)
  if (decision.what === 'held') return said('held', decision.reason)
  if (decision.what === 'refused') return said('refused', decision.reason)
  if ((decision.what !== 'load' && decision.what !== 'too-large') || !dataset) return undefined
  const isSame = before?.etag === version.etag
  if (isSame && before.status === 'published') return unchanged(before)
  const { created } = await stream.describe()
  if (isSame && isDone(before, stream.name, created)) return unchanged(before)
  const { contract: ours } = decision
  const work = { lake, stream, key, dataset, version, created, contract: ours, progress }
  const refused = async (reason: string) => {
    await keepRefusal(work, governing.hash, reason)
    return said('refused', reason)
  }
  if (decision.what === 'too-large') return refused(decision.reason)
  try {
    const { done, records, reason } = await send(work, governing.hash)
    return done ? unchanged(done) : said('published', reason, records)
  } catch (error) {
    if (!(error instanceof Refused)) throw faultOf(error, elsewhere)
    return refused(reasonOf(error, elsewhere))
  }
}

/** All of it is there; or all was sent, and is on its way. */
function unchanged(state: Publication): Outcome {
  const outcome = outcomeOf(state)
  return { ...outcome, status: outcome.status === 'loaded' ? 'unchanged' : outcome.status }
}

interface Work extends Offered {
  contract: Contract
  progress: (part: number) => void
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
    const { state } = await changePublication(lake.store, key, async (state) => {
      if (state && state.status !== 'refused') checkSame(state, begun)
      return state && isDone(state, stream.name, created) ? renewed(state, version.etag) : undefined
    })
    if (state && isDone(state, stream.name, created)) {
      return { done: state, records: 0, reason: undefined }
    }
    const begin = async () => {
      await changePublication(lake.store, key, async (state) => {
        if (state && state.status !== 'refused') checkSame(state, begun)
        return state?.status === 'publishing' && state.created === created ? undefined : begun
      })
    }
    const { chunks, records, drift } = await sendAll(work, copy, begun.version, begin)
    const reason = drift.length > 0 ? drift.join('; ') : undefined
    const end = await changePublication(lake.store, key, async (state) => {
      if (state?.status !== 'publishing') return undefined
      return { ...begun, status: 'sent', chunks, records, reason }
    })
    // All of it may be committed by now, and that was told.
    return { done: end.state?.status === 'published' ? end.state : undefined, records, reason }
  } finally {
    await copy.release()
  }
}

/** Put anew with the same content: its next event is answered by a look at the eTag. */
function renewed(state: Publication, etag: string): Publication | undefined {
  const isSo = state.etag === etag && !state.refusal
  return isSo ? undefined : { ...state, etag, refusal: undefined }
}

/** How an object is cut depends on it; to be changed, too, when `Chunker` cuts otherwise. */
function shapeOf({ dialect, encoding, stored, stream }: Contract): string {
  const { compression = null } = stored
  return JSON.stringify([2, dialect, encoding, compression, stream?.partitionKey ?? null])
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return hash.digest('hex')
}

/** @param begin called before the first chunk, and not at all where the object is refused */
async function sendAll(work: Work, copy: LocalCopy, version: string, begin: () => Promise<void>) {
  const { lake, key, contract, stream } = work
  return lake.withScratch(textSize(work.version), async (folder) => {
    await checkStored(copy.path, key, contract.stored)
    const { compression } = contract.stored
    const text = await plainText(copy.path, key, contract.encoding, folder, compression)
    const layout = isNdjson(key) ? linesOf(text, contract) : await readLayout(text, contract)
    await begin()
    await using source = await open(text.path)
    const { size } = await source.stat()
    const head = headOf(key, version, text, layout, contract)
    const marks = head.format === 'ndjson' ? lines : marksOf(contract.dialect, text.encoding)
    const chunker = new Chunker({
      head,
      source,
      keyOf: partitionKeyOf(head, contract),
      escape: marks.escape,
      skipBlank: head.format === 'ndjson',
      send: (chunks) => stream.put(chunks),
      progress: (bytes) => work.progress(bytes / Math.max(1, size)),
    })
    const isValid = validityOf(text.encoding)
    const isCsv = head.format === 'csv'
    const comments = isCsv ? commentsOf(contract.dialect, text.encoding) : undefined
    const before = { start: layout.start, lines: layout.lines, rows: layout.rows }
    await walk({ source, size, ...before, marks, comments, isValid }, chunker)
    await chunker.end()
    await copy.verify()
    const { chunks, records, keys } = chunker
    const spread = contract.stream?.partitionKey !== undefined
    const end = encodeEnd({ kind: 'end', object: key, version, chunks, records, spread })
    // An object without a record has no chunk, but an end all the same.
    const to = keys.length > 0 ? keys : [shortHash(key)]
    await stream.put(to.map((partitionKey) => ({ data: end, partitionKey })))
    return { chunks, records, drift: layout.drift }
  })
}

/** NDJSON has no header; its names stand in every record. */
function linesOf(text: PlainText, { fields }: Contract): Layout {
  return { fields, start: text.bom, lines: 0, rows: 0, plain: true, drift: [] }
}

function headOf(
  object: string,
  version: string,
  text: PlainText,
  layout: Layout,
  { dialect }: Contract,
): ChunkHead {
  const fields = layout.fields.map((field) => field?.name ?? null)
  const { encoding, utf16 = null } = text
  const format = isNdjson(object) ? 'ndjson' : 'csv'
  const base = { object, version, format, encoding, utf16 } as const
  return format === 'csv' ? { ...base, fields, dialect } : { ...base, fields: [] }
}
