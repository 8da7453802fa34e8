import type { FileHandle } from 'node:fs/promises'
import type { RowError } from '../rejects.ts'
import { LF, type Shape } from '../text/record.ts'
import type { Place, Visitor } from '../text/walk.ts'
import { type Broken, type Chunk, encodeChunk, type Placed } from './chunk.ts'

/**
 * Bytes of text in a chunk. What is cut by size before it is packed is cut alike by every zlib, and
 * what does not pack at all is still within the 256 KiB that a chunk may have.
 */
const CUT = 240 << 10
/** What the place of a record may need in a chunk, and that of a broken one, with its error. */
const PLACE = 8
const ERROR = 200
/** Chunks of so many bytes of text are packed and sent together. */
const TOGETHER = 4 << 20
/** Of what is no record, so much is kept; the object keeps it whole. */
const KEPT = 200 << 10
/** What Kinesis takes as one record (1 MiB), less what the partition key may need. */
const LARGEST = (1 << 20) - 1024

/** What is the same for every chunk of an object. */
export type ChunkHead = Omit<Chunk, 'kind' | 'chunk' | 'records' | 'text' | 'broken'>

/** A chunk as it goes into the stream. */
export interface Packed {
  data: Buffer
  partitionKey: string
}

export interface ChunkerOptions {
  head: ChunkHead
  /** The text that is walked over, for what is no record. */
  source: FileHandle
  /** The partition key of a record; always the same where all go together. */
  keyOf: (bytes: Buffer, at: number, length: number) => string
  /** The escape, as a byte; -1 where there is none. */
  escape: number
  /** Whether lines of blanks are no records, as in NDJSON. */
  skipBlank: boolean
  send: (chunks: Packed[]) => Promise<void>
  /** Told now and then how many bytes of the text are done. */
  progress: (bytes: number) => void
}

interface Draft {
  records: Placed[]
  text: Buffer
  /** Of the text; and of all that it holds. */
  length: number
  bytes: number
  broken: Broken[]
}

/**
 * Gathers the records of an object in chunks. The same object makes the same chunks with the same
 * numbers, whenever and wherever it is done.
 */
export class Chunker implements Visitor {
  /** Records so far. */
  records = 0
  /** Chunks so far. */
  chunks = 0
  readonly #options: ChunkerOptions
  readonly #drafts = new Map<string, Draft>()
  readonly #keys = new Set<string>()
  #ready: { chunk: Chunk; partitionKey: string }[] = []
  #bytes = 0
  /** Bytes of the text that were walked over. */
  #at = 0
  #sending: Promise<void> = Promise.resolve()

  constructor(options: ChunkerOptions) {
    this.#options = options
  }

  /** All partition keys that were used. */
  get keys(): string[] {
    return [...this.#keys]
  }

  get full(): boolean {
    return this.#bytes >= TOGETHER
  }

  record(place: Place, bytes: Buffer, at: number, _shape: Shape): void {
    const { line } = place
    const length = withoutLastEscape(bytes, at, place.length, this.#options.escape)
    this.#at = place.offset + place.length
    if (this.#options.skipBlank && isBlank(bytes, at, at + length)) return
    const key = this.#options.keyOf(bytes, at, length)
    const draft = this.#draft(key, length + 1, PLACE)
    draft.records.push({ record: ++this.records, line })
    bytes.copy(draft.text, draft.length, at, at + length)
    draft.length += length + 1
    draft.text[draft.length - 1] = LF
    draft.bytes += length + 1 + PLACE
  }

  async broken({ line, offset, length }: Place, error: RowError): Promise<void> {
    const room = Buffer.alloc(Math.min(length, KEPT))
    const { bytesRead } = await this.#options.source.read(room, 0, room.length, offset)
    const raw = room.subarray(0, bytesRead)
    const draft = this.#draft(this.#options.keyOf(raw, 0, raw.length), raw.length, ERROR)
    draft.broken.push({ record: ++this.records, line, raw, error })
    draft.bytes += raw.length + ERROR
  }

  /** Packs and sends what is ready, while the walk goes on; waits for what was sent before. */
  async flush(): Promise<void> {
    const ready = this.#ready
    this.#ready = []
    this.#bytes = 0
    await this.#sending
    this.#options.progress(this.#at)
    this.#sending = this.#send(ready)
    this.#sending.catch(() => {})
  }

  /** Sends all that is left. */
  async end(): Promise<void> {
    for (const key of this.#drafts.keys()) this.#close(key)
    await this.flush()
    await this.#sending
  }

  async #send(ready: { chunk: Chunk; partitionKey: string }[]): Promise<void> {
    const packed = await Promise.all(
      ready.map(async ({ chunk, partitionKey }) => ({ data: await pack(chunk), partitionKey })),
    )
    if (packed.length > 0) await this.#options.send(packed)
  }

  /** The draft of a key with room for so many bytes. */
  #draft(key: string, bytes: number, places: number): Draft {
    const open = this.#drafts.get(key)
    if (open && open.bytes + bytes + places <= CUT) return open
    if (open) this.#close(key)
    const text = Buffer.allocUnsafe(Math.max(CUT, bytes))
    const draft: Draft = { records: [], text, length: 0, bytes: 0, broken: [] }
    this.#drafts.set(key, draft)
    return draft
  }

  #close(partitionKey: string): void {
    const draft = this.#drafts.get(partitionKey)
    if (!draft) return
    this.#drafts.delete(partitionKey)
    this.#keys.add(partitionKey)
    const { records, broken, bytes } = draft
    const { head } = this.#options
    const text = draft.text.subarray(0, draft.length)
    const chunk: Chunk = { kind: 'chunk', ...head, chunk: this.chunks++, records, text, broken }
    this.#ready.push({ chunk, partitionKey })
    this.#bytes += bytes
  }
}

/** At an object's end an escape may stand before nothing: it must not reach our line end. */
function withoutLastEscape(bytes: Buffer, at: number, length: number, byte: number): number {
  let escapes = 0
  while (escapes < length && bytes[at + length - 1 - escapes] === byte) escapes++
  return length - (escapes % 2)
}

function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 32 && bytes[at] !== 9) return false
  return true
}

/** A single record that is too large for the stream even when packed is told as a reject. */
async function pack(chunk: Chunk): Promise<Buffer> {
  const data = await encodeChunk(chunk)
  if (data.length <= LARGEST) return data
  const [only] = chunk.records
  const raw = chunk.text.subarray(0, Math.min(KEPT, chunk.text.length - 1))
  if (!only || chunk.records.length > 1) throw new Error('a chunk is too large: a fault of Sluice')
  const message =
    `${chunk.text.length - 1} bytes, ${data.length} when packed; a record of a stream takes ` +
    `${LARGEST}, and only the first ${raw.length} are kept here`
  const broken = [{ ...only, raw, error: { rule: 'too-long', message } }]
  return encodeChunk({ ...chunk, records: [], text: Buffer.alloc(0), broken })
}
