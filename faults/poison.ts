import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import type { Chunk } from '../core/stream/chunk.ts'
import { chunkOf } from '../functions/streaming/stream.fixture.ts'
import type { Stood } from './owned-stream.ts'

/** What was put into a stream, and is no row. */
export interface Poison extends Stood {
  kind: string
  data: Buffer
}

/** What one record of Kinesis may have, but for its key. */
const HUGE = (1 << 20) - 256
/** An id that must never be a row. */
const never = 900_000_000
const row = `${never},1,1.00,2026-03-14T06:00:00`

/** A chunk that was seen before adds nothing, so each is of another version. */
let forged = 0

/** Of the dataset of `StreamSource`; of an object that is none, so that it can be told apart. */
function ours(over: Partial<Chunk>): Promise<Buffer> {
  const object = 'streaming/kill/events/forged.csv'
  const fields = ['id', 'shop', 'total', 'at']
  const text = Buffer.from(`${row}\n`)
  return chunkOf({ object, version: `forged${++forged}`, fields, text, ...over })
}

/** Payloads by what is wrong with them; every one is to be kept whole, or as its records. */
export const payloads: Record<string, (random: () => number) => Buffer | Promise<Buffer>> = {
  nothing: () => Buffer.alloc(0),
  'no JSON': (random) => Buffer.from(`id=${random()}; shop=1`),
  'JSON that is cut': () => Buffer.from(`{"_dataset":"kill.events","id":${never},"shop"`),
  'a list': () => Buffer.from(`[${never}]`),
  'no dataset': () => Buffer.from(`{"id":${never}}`),
  'a way out': () => Buffer.from(`{"_dataset":"../kill.events","id":${never}}`),
  'gzip that is cut': () => gzipSync(`{"_dataset":"kill.events","id":${never}}`).subarray(0, -6),
  'gzip with another checksum': () => {
    const packed = gzipSync(`{"_dataset":"kill.events","id":${never}}`)
    const at = packed.length - 8
    packed.writeUInt8(packed.readUInt8(at) ^ 1, at)
    return packed
  },
  'a gzip bomb': () => gzipSync(Buffer.alloc(200 << 20, ' ')),
  binary: (random) => bytes(1 + Math.floor(random() * 2_000), random),
  'huge and binary': (random) => bytes(HUGE, random),
  'huge text': () => Buffer.alloc(HUGE, 'x'),
  'a chunk that is cut': async () => (await ours({})).subarray(0, -9),
  'a chunk with a header of none': () => Buffer.from('SLUICE/1 {"kind":"chunk"}\nx'),
  'a chunk of no object': () => ours({ object: '../../etc/passwd' }),
  'a chunk of no dataset': () => ours({ object: 'streaming/none/1.csv' }),
  'a chunk with other fields': () => ours({ fields: ['id', 'shop', 'total', 'when'] }),
  'a chunk of fewer records than it names': () => ours({ records: placed(3) }),
  'a chunk of more bytes than it names': async () => {
    const [head = '', ...rest] = (await ours({})).toString('latin1').split('\n')
    return Buffer.from([head, ...rest, 'more'].join('\n'), 'latin1')
  },
}

function placed(count: number) {
  return Array.from({ length: count }, (_, i) => ({ record: i + 1, line: i + 2 }))
}

function bytes(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
}

/** A payload of text is one of lines, of which blank ones are none. */
function linesOf(data: Buffer): string {
  const lines = data.toString('latin1').split('\n')
  return lines
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => /[^ \t]/.test(line))
    .join('\n')
}

/**
 * Every payload lies in quarantine, once, with its shard and sequence number, and nothing else
 * does but for the rows of `StreamSource`.
 *
 * @returns one sentence for each thing that is wrong
 */
export async function judgePoison(lake: string, poison: Poison[]): Promise<string[]> {
  const duck = await openDuck()
  try {
    const files = literal(join(lake, 'quarantine/**/stream/*.parquet'))
    const rows = await duck.all(`SELECT shard, sequence, hex(raw) FROM read_parquet(${files})
      WHERE text IS NULL OR text NOT LIKE '%,1.234,%' ORDER BY line`)
    const kept = Map.groupBy(rows, ([shard, sequence]) => `${shard} ${sequence}`)
    const wrong = poison.flatMap(({ kind, shard, sequence, data }) => {
      const place = `${shard} ${sequence}`
      const raws = (kept.get(place) ?? []).map(([, , hex]) => Buffer.from(String(hex), 'hex'))
      kept.delete(place)
      const isWhole = raws.length === 1 && raws[0]?.equals(data)
      const lines = raws.map((raw) => raw.toString('latin1')).join('\n')
      const isText = kind.startsWith('a chunk') && lines.trimEnd() === row
      if (isWhole || isText || (raws.length > 0 && lines === linesOf(data))) return []
      return [`${kind} (${place}): ${raws.length} records in quarantine are not what was sent`]
    })
    return [...wrong, ...[...kept.keys()].map((place) => `${place}: in quarantine, never sent`)]
  } finally {
    duck.close()
  }
}
