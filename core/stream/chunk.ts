import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import * as z from 'zod'
import { type Dialect, recordsOnly } from '../contract/dialect.ts'
import type { RowError } from '../rejects.ts'
import { type ByteEncoding, byteEncodings } from '../text/text-encoding.ts'
import type { ShardId } from './checkpoint.ts'

/**
 * What `publish` puts into a stream and `append` takes out: records of an object, verbatim, each
 * with its place there, so that they are judged as the file's would be. On the wire:
 *
 *     SLUICE/1 {"kind":"chunk","object":"streaming/till/1.csv",…}\n<gzip of places, texts>
 *
 * The first line can be read by a person; gzip's own checksum shows a chunk that was cut.
 */
export interface Chunk {
  kind: 'chunk'
  object: string
  /** Of the content and the way it is cut (see publication.ts): the same version, same chunks. */
  version: string
  /** From 0, counted over the whole object. */
  chunk: number
  format: 'csv' | 'ndjson'
  encoding: ByteEncoding
  /** Where the object was UTF-16: verbatim bytes are given back so. */
  utf16: 'utf-16le' | 'utf-16be' | null
  /** By which its records were cut, and are judged, whatever the contract says since; of CSV. */
  dialect?: Dialect | undefined
  /** The contract's fields in the order of the object's cells, null where it is none; of CSV. */
  fields: (string | null)[]
  /** Whole records, in the order of the text. */
  records: Placed[]
  /** Their bytes, each ended by one LF, which may stand inside a record, too. */
  text: Buffer
  /** What is no record: found when the object was read, and rejected whatever the contract says. */
  broken: Broken[]
}

/** After all chunks, once for each partition key that they had. */
export interface End {
  kind: 'end'
  object: string
  version: string
  chunks: number
  records: number
  /** Whether its chunks have several partition keys, so that several shards may have some. */
  spread: boolean
}

/**
 * A record of another producer that Lambda gave up, put again by `sluice redrive`: known by where
 * it stood in its stream, and by nothing else (see committed.ts).
 */
export interface Redriven {
  kind: 'redriven'
  /** Which making of which stream, and which shard. */
  origin: ShardId
  sequence: string
  /** The one of another producer that came right before it in its shard; '' where not known. */
  after: string
  /** As it came. */
  data: Buffer
}

/** Where a record stands in its object, from 1; lines of the header included. */
export interface Placed {
  record: number
  line: number
}

export interface Broken extends Placed {
  /** As many bytes as are kept of it. */
  raw: Buffer
  error: RowError
}

const MAGIC = 'SLUICE/1 '
/** Level 4 packs within 7 % of level 6, three times as fast (measured on lineitem). */
const LEVEL = 4
/** A Kinesis record has at most 1 MiB, and nothing of ours that large unpacks to more than this. */
const UNPACKED = 64 << 20
/** What was put again is one record as it came: no stream takes more of one than this. */
const REDRIVEN = 10 << 20
/** Records of a chunk, each of a byte and its line end at least, within what one is cut at. */
const RECORDS = 300_000

/** It names a member of an object: not one that every object has. */
const version = z
  .string()
  .regex(/^[0-9a-z]{1,64}$/)
  .refine((name) => !(name in {}))
const common = { object: z.string().min(1), version }
const count = z.int().nonnegative()
const character = z.string().regex(/^[^\n\r\0\x80-\uffff]$/)
const dialectSchema = z
  .object({
    header: z.boolean(),
    headerDeclared: z.boolean(),
    caseSensitiveHeader: z.boolean(),
    delimiter: z.string().regex(/^[^\n\r\0]+$/),
    quote: character.or(z.literal('')),
    escape: character.optional().transform((byte) => byte ?? undefined),
    // It was what a dialect without an escape had, before it was written.
    doubleQuote: z.boolean().optional(),
    skipInitialSpace: z.boolean(),
  })
  .refine(
    ({ delimiter, quote, escape: byte }) =>
      byte !== quote && ![quote, byte].some((mark) => mark && delimiter.includes(mark)),
  )
  .transform(({ doubleQuote, ...dialect }) => {
    return { ...dialect, ...recordsOnly, doubleQuote: doubleQuote ?? dialect.escape === undefined }
  })
/** Strangers can write one, and its names become parts of keys. */
const originSchema = z.object({
  stream: z.string().regex(/^[\w.-]{1,128}$/),
  created: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  shard: z.string().regex(/^[\w-]{1,128}$/),
})
/** Those of Kinesis have 56 digits; two of them stand in the name of a file. */
const sequenceNumber = z.string().regex(/^(0|[1-9]\d{0,63})$/)
const headSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('chunk'),
    ...common,
    chunk: count,
    format: z.enum(['csv', 'ndjson']),
    encoding: z.enum(byteEncodings),
    utf16: z.enum(['utf-16le', 'utf-16be']).nullable(),
    fields: z.array(z.string().nullable()),
    dialect: dialectSchema.optional(),
  }),
  z.object({
    kind: z.literal('end'),
    ...common,
    chunks: count,
    records: count,
    spread: z.boolean(),
  }),
  z.object({
    kind: z.literal('redriven'),
    origin: originSchema,
    sequence: sequenceNumber,
    after: sequenceNumber.or(z.literal('')),
  }),
])
const placesSchema = z.object({
  /** Runs `record, line, how many`: within a run both grow by one. */
  runs: z.array(count),
  text: count,
  broken: z.array(
    z.object({
      record: count,
      line: count,
      bytes: count,
      error: z.object({ rule: z.string(), message: z.string() }),
    }),
  ),
})

export function isOurs(data: Buffer): boolean {
  return data.subarray(0, MAGIC.length).toString('latin1') === MAGIC
}

export async function encodeChunk(chunk: Chunk): Promise<Buffer> {
  const { records, text, broken, ...head } = chunk
  const places = {
    runs: runsOf(records),
    text: text.length,
    broken: broken.map(({ record, line, raw, error }) => ({
      record,
      line,
      bytes: raw.length,
      error,
    })),
  }
  const raws = broken.map(({ raw }) => raw)
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(places)}\n`), text, ...raws])
  const packed = await promisify(gzip)(body, { level: LEVEL })
  return Buffer.concat([Buffer.from(`${MAGIC}${JSON.stringify(head)}\n`), packed])
}

export function encodeEnd(end: End): Buffer {
  return Buffer.from(`${MAGIC}${JSON.stringify(end)}\n`)
}

export async function encodeRedriven({ data, ...head }: Redriven): Promise<Buffer> {
  const packed = await promisify(gzip)(data)
  return Buffer.concat([Buffer.from(`${MAGIC}${JSON.stringify(head)}\n`), packed])
}

/** @throws Error saying what is wrong with bytes that `isOurs` says are ours */
export async function decodeOurs(data: Buffer): Promise<Chunk | End | Redriven> {
  const stop = data.indexOf('\n')
  if (stop < 0) throw new Error('it was cut in its first line')
  const head = headSchema.parse(JSON.parse(data.subarray(MAGIC.length, stop).toString()))
  if (head.kind === 'end') {
    if (stop + 1 < data.length) throw new Error('something follows its end')
    return head
  }
  const body: Buffer = await promisify(gunzip)(data.subarray(stop + 1), {
    maxOutputLength: head.kind === 'redriven' ? REDRIVEN : UNPACKED,
  })
  if (head.kind === 'redriven') return { ...head, data: body }
  const start = body.indexOf('\n') + 1
  const places = placesSchema.parse(JSON.parse(body.subarray(0, start).toString()))
  const records = placedOf(places.runs, places.text)
  const text = body.subarray(start, start + places.text)
  if (records.length > 0 !== text.length > 0 || (text.length > 0 && text.at(-1) !== 10)) {
    throw new Error('its text is not that of its records')
  }
  let at = start + places.text
  const broken = places.broken.map(({ bytes, ...one }) => {
    at += bytes
    return { ...one, raw: body.subarray(at - bytes, at) }
  })
  if (at !== body.length) throw new Error(`it has ${body.length} bytes of text, not ${at}`)
  return { ...head, records, text, broken }
}

function runsOf(records: Placed[]): number[] {
  const runs: number[] = []
  for (const { record, line } of records) {
    const [first = 0, firstLine = 0, length = 0] = runs.slice(-3)
    if (length > 0 && record === first + length && line === firstLine + length) {
      runs[runs.length - 1] = length + 1
    } else runs.push(record, line, 1)
  }
  return runs
}

/** @throws Error for more records than the text can have: each has one byte at least */
function placedOf(runs: number[], bytes: number): Placed[] {
  if (runs.length % 3 !== 0) throw new Error('its runs are not whole')
  const records: Placed[] = []
  for (let at = 0; at + 2 < runs.length; at += 3) {
    const [record = 0, line = 0, length = 0] = runs.slice(at, at + 3)
    if (records.length + length > Math.min(bytes, RECORDS))
      throw new Error('it names more records than it has')
    for (let i = 0; i < length; i++) records.push({ record: record + i, line: line + i })
  }
  return records
}
