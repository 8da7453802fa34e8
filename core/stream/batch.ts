import { isUtf8 } from 'node:buffer'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { RowError } from '../rejects.ts'
import type { ShardId } from './checkpoint.ts'
import { type Chunk, decodeOurs, type End, isOurs, type Redriven } from './chunk.ts'
import { parseRecord } from './json-record.ts'
import { compareSequences } from './sequence.ts'

/** What Kinesis brings: one record of a stream. */
export interface StreamRecord {
  sequence: string
  data: Buffer
}

/** A JSON value of another producer, or of an NDJSON object, and where it stood. */
export interface JsonRow {
  sequence: string
  /** The shard that it first stood in, where it was put again. */
  origin?: ShardId
  line: number
  raw: Buffer
  record: Map<string, unknown>
}

/** What cannot be read: kept as it came, with its sequence number. */
export interface Poison {
  sequence: string
  origin?: ShardId
  line: number
  raw: Buffer
  error: RowError
}

/** What `publish` sent, and the Kinesis record as it came. */
export interface Ours {
  sequence: string
  data: Buffer
  part: Chunk | End
}

/** What another producer's record holds that was put again, and perhaps was committed before. */
export interface Again extends Pick<Slice, 'rows' | 'poison'> {
  record: Redriven
}

/** The first records of a batch, as many as are committed together, decoded. */
export interface Slice {
  /** Sequence numbers, both included. */
  first: string
  last: string
  /** Whether the batch shows that nothing lies between the position and the first record. */
  follows: boolean
  /** In the order of the stream. */
  ours: Ours[]
  rows: JsonRow[]
  poison: Poison[]
  again: Again[]
}

/** What a gzip of another producer may unpack to. */
const UNPACKED = 16 << 20
/** Unpacked bytes that are committed together, so that memory does not grow with the batch. */
const TOGETHER = 64 << 20
/** JSON values that one record of another producer may have: each takes memory of its own. */
const VALUES = 100_000
/**
 * Values within it, told by what may stand before each (`,`, `[`, `{`): `[1],` takes 300 bytes of
 * memory for its four. So many lines of nine fields have fewer.
 */
const MARKS = 1_000_000
/** And so many that are committed together. */
const VALUES_TOGETHER = 200_000
const MARKS_TOGETHER = 2_000_000
/** Records that are unpacked at a time. */
const LANES = 4

/**
 * Decodes what follows a position, up to some 64 MiB of text. Nothing of a record can make it fail:
 * what cannot be read is poison.
 *
 * @returns undefined where nothing follows
 */
export async function nextSlice(
  records: StreamRecord[],
  position: string,
): Promise<Slice | undefined> {
  const left = records
    .filter(({ sequence }) => compareSequences(sequence, position) > 0)
    .toSorted((a, b) => compareSequences(a.sequence, b.sequence))
  const [first] = left
  if (!first) return undefined
  const follows = records.some(({ sequence }) => compareSequences(sequence, position) === 0)
  const slice = emptySlice(first.sequence, follows)
  let [bytes, values, marks] = [0, 0, 0]
  const isFull = () => bytes >= TOGETHER || values >= VALUES_TOGETHER || marks >= MARKS_TOGETHER
  for (let at = 0; at < left.length && !isFull(); at += LANES) {
    const some = left.slice(at, at + LANES)
    const parts = await Promise.all(some.map(decode))
    for (const part of parts) {
      slice.ours.push(...part.ours)
      // One record may have more of them than a call takes arguments.
      for (const row of part.rows) slice.rows.push(row)
      for (const one of part.poison) slice.poison.push(one)
      slice.again.push(...part.again)
      bytes += part.bytes
      marks += part.marks
      const all = [part, ...part.again]
      values += all.reduce((sum, { rows, poison }) => sum + rows.length + poison.length, 0)
    }
    slice.last = some.at(-1)?.sequence ?? slice.last
  }
  return slice
}

function emptySlice(first: string, follows: boolean): Slice {
  return { first, last: '', follows, ours: [], rows: [], poison: [], again: [] }
}

interface Decoded extends Pick<Slice, 'ours' | 'rows' | 'poison' | 'again'> {
  bytes: number
  /** Of JSON alone: what a chunk holds stays text. */
  marks: number
}

const nothing = { ours: [], rows: [], poison: [], again: [], marks: 0 }

async function decode({ sequence, data }: StreamRecord): Promise<Decoded> {
  if (!isOurs(data)) return { ...nothing, ...(await decodeJson(sequence, data)) }
  try {
    const part = await decodeOurs(data)
    if (part.kind === 'redriven') return await decodeAgain(part)
    const bytes = part.kind === 'chunk' ? part.text.length : 0
    return { ...nothing, ours: [{ sequence, data, part }], bytes }
  } catch (error) {
    return { ...nothing, poison: [unreadable(sequence, data, error)], bytes: data.length }
  }
}

/** What it holds was no chunk that could be read when it was put again, and is none now. */
async function decodeAgain(record: Redriven): Promise<Decoded> {
  const { origin, sequence, data } = record
  const found = isOurs(data)
    ? unread(data, unreadable(sequence, data, await faultOf(data)))
    : await decodeJson(sequence, data)
  const rows = found.rows.map((row) => ({ ...row, origin }))
  const poison = found.poison.map((one) => ({ ...one, origin }))
  const { bytes, marks } = found
  return { ...nothing, again: [{ record, rows, poison }], bytes, marks }
}

async function faultOf(ours: Buffer): Promise<unknown> {
  return decodeOurs(ours).then(
    () => 'it is one of Sluice within one of Sluice',
    (error: unknown) => error,
  )
}

async function decodeJson(sequence: string, data: Buffer) {
  try {
    const text = isGzip(data) ? await unpacked(data) : data
    const marks = marksIn(text)
    if (marks > MARKS) return unread(text, { sequence, line: 1, raw: text, error: tooMany })
    return { ...jsonRows(sequence, text), bytes: text.length, marks }
  } catch (error) {
    return unread(data, unreadable(sequence, data, error))
  }
}

/** What is kept as it came takes its bytes, and nothing more. */
function unread(data: Buffer, one: Poison) {
  return { rows: [], poison: [one], bytes: data.length, marks: 0 }
}

function unreadable(sequence: string, raw: Buffer, error: unknown): Poison {
  const told = error instanceof Error ? error.message : String(error)
  const message = `the record cannot be read: ${told.slice(0, 300)}`
  return { sequence, line: 1, raw, error: { rule: 'source-error', message } }
}

function isGzip(data: Buffer): boolean {
  return data[0] === 0x1f && data[1] === 0x8b
}

function unpacked(data: Buffer): Promise<Buffer> {
  return promisify(gunzip)(data, { maxOutputLength: UNPACKED })
}

/** One JSON object, over however many lines; or one a line, where blank lines are no records. */
function jsonRows(sequence: string, data: Buffer): Pick<Slice, 'rows' | 'poison'> {
  const rows: JsonRow[] = []
  const poison: Poison[] = []
  const take = (line: number, raw: Buffer) => {
    const record = isUtf8(raw) ? parseRecord(textOf(raw)) : notUtf8
    if (record instanceof Map) rows.push({ sequence, line, raw, record })
    else poison.push({ sequence, line, raw, error: record })
  }
  const lines = linesOf(data)
  if (lines.length > VALUES)
    return { rows, poison: [{ sequence, line: 1, raw: data, error: tooMany }] }
  const whole = lines.length > 1 && isUtf8(data) ? parseRecord(textOf(data)) : undefined
  if (whole instanceof Map)
    return { rows: [{ sequence, line: 1, raw: data, record: whole }], poison }
  for (const { line, raw } of lines) take(line, raw)
  if (lines.length === 0) take(1, data)
  return { rows, poison }
}

function marksIn(data: Buffer): number {
  let marks = 0
  // By index: an iterator takes twenty times as long.
  for (let at = 0; at < data.length; at++) {
    const byte = data[at]
    if (byte === 44 || byte === 91 || byte === 123) marks++
  }
  return marks
}

/** A byte order mark is no part of the text. */
function textOf(raw: Buffer): string {
  return raw.toString().replace(/^\ufeff/, '')
}

const tooMany: RowError = {
  rule: 'too-long',
  message:
    `more than ${VALUES} lines, or ${MARKS} of , [ {, in one record of the stream: ` +
    'send fewer at a time',
}

const notUtf8: RowError = {
  rule: 'encoding-error',
  message: 'bytes that are not UTF-8, as JSON must be (RFC 8259)',
}

/** The lines that are not blank, without their ends. */
export function linesOf(data: Buffer): { line: number; raw: Buffer }[] {
  const lines: { line: number; raw: Buffer }[] = []
  for (let at = 0, line = 1; at < data.length; line++) {
    const found = data.indexOf(10, at)
    const end = found < 0 ? data.length : found
    const raw = data.subarray(at, data[end - 1] === 13 && end > at ? end - 1 : end)
    if (raw.some((byte) => byte !== 32 && byte !== 9)) lines.push({ line, raw })
    at = end + 1
  }
  return lines
}
