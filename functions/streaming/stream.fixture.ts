import { globSync } from 'node:fs'
import { join } from 'node:path'
import { readRecord } from '../../core/commit/commit-record.ts'
import { openDuck } from '../../core/duck/duckdb.ts'
import type { Lake } from '../../core/lake.ts'
import { literal } from '../../core/names.ts'
import type { Appended, Outcome } from '../../core/outcome.ts'
import type { RowError } from '../../core/rejects.ts'
import type { StreamRecord } from '../../core/stream/batch.ts'
import { CHECKPOINTS, type Checkpoint, parseCheckpoint } from '../../core/stream/checkpoint.ts'
import { type Chunk, encodeChunk } from '../../core/stream/chunk.ts'
import type { StreamClient, StreamedRecord } from '../../core/stream/kinesis.ts'
import {
  PUBLISHED,
  type Publication,
  parsePublication,
  publicationKey,
} from '../../core/stream/publication.ts'
import { eventsFolder, quarantineFolder, windowFolder } from '../../core/stream/stream-files.ts'
import { TestLake } from '../stages.fixture.ts'
import { append } from './append.ts'
import { publish } from './publish.ts'

/** A lake with a stream, which is filled by hand and drained. */
export class StreamLake<S extends StreamClient> extends TestLake {
  readonly stream: S

  constructor(stream: S) {
    super()
    this.stream = stream
  }

  /** Puts the descriptor of `streaming/<name>`. */
  streamed(name: string, ...resources: object[]): void {
    this.put(`streaming/${name}/datapackage.json`, JSON.stringify({ name: 'test', resources }))
  }

  publish(key: string): Promise<Outcome | undefined> {
    return publish(this.lake, this.stream, key)
  }

  /** Records of another producer, all of one partition key; objects as JSON. */
  async give(...records: (object | string)[]): Promise<void> {
    const data = records.map((one) => {
      if (Buffer.isBuffer(one)) return one
      return Buffer.from(typeof one === 'string' ? one : JSON.stringify(one))
    })
    await this.stream.put(data.map((one) => ({ data: one, partitionKey: 'given' })))
  }

  drain(options?: DrainOptions): Promise<Drained> {
    return drain(this.lake, this.stream, options)
  }

  /** All checkpoints, by the shards' names; of two makings of a stream, the newer one's. */
  async checkpoints(): Promise<Record<string, Checkpoint>> {
    const found: Record<string, Checkpoint> = {}
    for await (const { key } of this.lake.store.list(CHECKPOINTS)) {
      if (key.startsWith(PUBLISHED)) continue
      const state = (await readRecord(this.lake.store, key, parseCheckpoint))?.record.state
      if (state) found[state.shard] = state
    }
    return found
  }

  /** Every count of the checkpoints that is not what lies in the lake. */
  async wrongCounts(): Promise<string[]> {
    const states = Object.values(await this.checkpoints())
    const names = new Set(states.flatMap(({ datasets }) => Object.keys(datasets)))
    const wrong: string[] = []
    const compare = (what: string, said: number, found: number) => {
      if (said !== found) wrong.push(`${what}: ${said} by the checkpoints, ${found} in the lake`)
    }
    for (const name of names) {
      const counts = states.flatMap(({ datasets }) => datasets[name]?.counts ?? [])
      const sum = (of: 'records' | 'accepted' | 'rejected') =>
        counts.reduce((total, one) => total + one[of], 0)
      const [events, rejects] = [eventsOf(this.folder, name), rejectsOf(this.folder, name)]
      compare(`${name} accepted`, sum('accepted'), (await events).length)
      compare(`${name} rejected`, sum('rejected'), (await rejects).length)
      compare(`${name} records`, sum('records'), sum('accepted') + sum('rejected'))
    }
    const poison = states.reduce((total, one) => total + one.poison, 0)
    compare('poison', poison, (await rejectsOf(this.folder, '_unknown')).length)
    return wrong
  }

  /** What the record of an object's publication says. */
  async publication(key: string): Promise<Publication | null | undefined> {
    const held = await readRecord(this.lake.store, publicationKey(key), parsePublication)
    return held?.record.state
  }
}

export interface DrainOptions {
  /** Kinesis records in a batch, or what tells how many the next one has. Default 100. */
  size?: number | (() => number)
  /** Only these shards. Default all, parents before their children. */
  shards?: string[]
}

export interface Drained {
  /** In the order of the commits. */
  batches: Appended[]
  /** Objects that were found to be there as a whole. */
  ends: Outcome[]
}

/**
 * Appends all that a stream holds, shard by shard from the first record on; what was committed
 * before adds nothing.
 *
 * @throws what `append` throws: drain again to go on
 */
export async function drain(
  lake: Lake,
  stream: StreamClient,
  { size = 100, shards }: DrainOptions = {},
): Promise<Drained> {
  const drained: Drained = { batches: [], ends: [] }
  const { created } = await stream.describe()
  for (const shard of shards ?? (await shardsInOrder(stream))) {
    const id = { stream: stream.name, created, shard }
    const all = await recordsOf(stream, shard)
    while (all.length > 0) {
      const records = all.splice(0, Math.max(1, typeof size === 'number' ? size : size()))
      await append(lake, stream, { id, records: records.map(asGiven) }, (batch, ends) => {
        drained.batches.push(batch)
        drained.ends.push(...ends)
      })
    }
  }
  return drained
}

/** Every record of one shard, whatever empty answers there are. */
export async function recordsOf(stream: StreamClient, shard: string): Promise<StreamedRecord[]> {
  const records: StreamedRecord[] = []
  let next: string | undefined = await stream.iterator(shard, 'TRIM_HORIZON')
  while (next !== undefined) {
    const page = await stream.get(next, 1_000)
    records.push(...page.records)
    if (page.records.length === 0 && page.behind === 0) break
    next = page.next
  }
  return records
}

/** As the event source mapping gives it. */
export function asGiven({ sequenceNumber, data }: StreamedRecord): StreamRecord {
  return { sequence: sequenceNumber, data }
}

/** A chunk of one row, `1,a`, of `streaming/till/receipts/1.csv`, but for what is said. */
export function chunkOf(over: Partial<Chunk> = {}): Promise<Buffer> {
  return encodeChunk({
    ...{ kind: 'chunk', object: 'streaming/till/receipts/1.csv', version: 'v', chunk: 0 },
    ...{ format: 'csv', encoding: 'utf-8', utf16: null, fields: ['id', 'name'] },
    ...{ records: [{ record: 1, line: 2 }], text: Buffer.from('1,a\n'), broken: [] },
    ...over,
  })
}

/** The ids of all shards; none stands before a parent of its own. */
async function shardsInOrder(stream: StreamClient): Promise<string[]> {
  const left = await stream.shards()
  const order: string[] = []
  while (left.length > 0) {
    const waits = ({ parents }: { parents: string[] }) =>
      parents.some((parent) => left.some(({ id }) => id === parent))
    const ready = left.findIndex((shard) => !waits(shard))
    order.push(...left.splice(Math.max(0, ready), 1).map(({ id }) => id))
  }
  return order
}

/** A row of Parquet, every value as its text. */
export type TextRow = Record<string, string | null>

/** All rows of a dataset as a plain glob over the folder sees them, sorted. */
export function eventsOf(folder: string, dataset: string): Promise<TextRow[]> {
  return rowsOf(join(folder, eventsFolder(dataset)))
}

/** All partials of a window, sorted. */
export function partialsOf(folder: string, dataset: string, window: string): Promise<TextRow[]> {
  return rowsOf(join(folder, windowFolder(dataset, window)))
}

async function rowsOf(folder: string): Promise<TextRow[]> {
  const glob = globOf(folder)
  if (!glob) return []
  const columns = (await query(`DESCRIBE FROM ${glob}`)).map(([name]) => name as string)
  const rows = await query(`SELECT COLUMNS(*)::VARCHAR FROM ${glob} ORDER BY ALL`)
  return rows.map((row) =>
    Object.fromEntries(columns.map((name, i) => [name, row[i]])),
  ) as TextRow[]
}

/** The files below a folder as a table of DuckDB; undefined where there are none. */
export function globOf(folder: string): string | undefined {
  if (globSync(join(folder, '**/*.parquet')).length === 0) return undefined
  return `read_parquet(${literal(join(folder, '**/*.parquet'))}, hive_partitioning = false)`
}

export interface RejectRow {
  object: string | null
  version: string | null
  record: number | null
  line: number
  raw: Buffer
  text: string
  errors: RowError[]
  stream: string
  shard: string
  sequence: string
}

/** All rejects of a dataset's stream, in the order of the stream; `_unknown`: those of none. */
export async function rejectsOf(folder: string, dataset: string): Promise<RejectRow[]> {
  const glob = globOf(join(folder, quarantineFolder(dataset)))
  if (!glob) return []
  const rows = await query(`SELECT object, version, record, line, hex(raw), text,
    to_json(errors)::VARCHAR, stream, shard, sequence FROM ${glob}
    ORDER BY shard, length(sequence), sequence, record, line`)
  return rows.map(
    ([object, version, record, line, raw, text, errors, stream, shard, sequence]) => ({
      ...({ object, version, text, stream, shard, sequence } as RejectRow),
      record: record === null ? null : Number(record),
      line: Number(line),
      raw: Buffer.from(raw as string, 'hex'),
      errors: JSON.parse(errors as string),
    }),
  )
}

/** Rows of a query, by a connection of its own. */
export async function query(sql: string): Promise<unknown[][]> {
  const duck = await openDuck(0)
  try {
    return await duck.all(sql)
  } finally {
    duck.close()
  }
}
