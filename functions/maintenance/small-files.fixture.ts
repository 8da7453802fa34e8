import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openDuck } from '../../core/duck/duckdb.ts'
import { type Lake, openLake } from '../../core/lake.ts'
import { literal } from '../../core/names.ts'
import { type StandingDataset, standingFiles } from '../../core/standing.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'
import type { StreamClient } from '../../core/stream/kinesis.ts'
import { append } from '../streaming/append.ts'
import { publish } from '../streaming/publish.ts'

export const dataset = 'till.receipts'
export const base = 'streaming_results/till/receipts'

const fields = ['id:integer', 'store:string', 'total:number', 'at:datetime']
const MINUTE = 60_000

/** A lake in a temporary folder whose stream makes many small files: each object is a commit. */
export class SmallFiles {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-small-'))
  readonly lake: Lake = openLake(this.folder)
  readonly stream: StreamClient
  /** How many rows were added. */
  rows = 0
  #objects = 0

  constructor(stream: StreamClient, sluice: object = byDay) {
    this.stream = stream
    this.describe(sluice)
  }

  /** Another lake with the same content, to go on from the same point again and again. */
  copy(): SmallFiles {
    const other = new SmallFiles(this.stream)
    cpSync(this.folder, other.folder, { recursive: true, preserveTimestamps: true })
    other.rows = this.rows
    other.#objects = this.#objects
    return other
  }

  describe(sluice: object, more: string[] = []): void {
    const typed = [...fields, ...more].map((field) => {
      const [name, type] = field.split(':')
      return name === 'total' ? { name, type, sluice: { decimal: [12, 2] } } : { name, type }
    })
    const stream = { eventTime: 'at', watermark: '10 minutes' }
    const windows = [{ name: 'sold', every: '1 hour', measures: { n: 'count()' } }]
    const settings = { files: 'receipts/*', stream, windows, ...sluice }
    const resource = { name: 'receipts', schema: { fields: typed }, sluice: settings }
    this.put(
      'streaming/till/datapackage.json',
      JSON.stringify({ name: 't', resources: [resource] }),
    )
  }

  put(key: string, content: string): void {
    mkdirSync(dirname(join(this.folder, key)), { recursive: true })
    writeFileSync(join(this.folder, key), content)
  }

  /** Publishes objects of some rows each, the times of which go on by so many minutes a row. */
  async publish(
    objects: number,
    { rows = 3, minutes = 60, from = '2026-01-01' } = {},
  ): Promise<void> {
    const begin = Date.parse(`${from}T00:00:00Z`)
    for (let n = 0, at = 0; n < objects; n++) {
      const lines = Array.from({ length: rows }, () => {
        const time = new Date(begin + at++ * minutes * MINUTE).toISOString().slice(0, 19)
        return `${this.rows},S${this.rows % 3},${this.rows++}.25,${time}\n`
      })
      const key = `streaming/till/receipts/${String(this.#objects++).padStart(4, '0')}.csv`
      this.put(key, `id,store,total,at\n${lines.join('')}`)
      await publish(this.lake, this.stream, key)
    }
  }

  /** Appends all that the stream holds, a Kinesis record a batch; what is there adds nothing. */
  async drain(lake: Lake = this.lake): Promise<void> {
    const { created } = await this.stream.describe()
    for (const { id: shard } of await this.stream.shards()) {
      let next: string | undefined = await this.stream.iterator(shard, 'TRIM_HORIZON')
      while (next !== undefined) {
        const page = await this.stream.get(next, 1_000)
        for (const { sequenceNumber: sequence, data } of page.records) {
          const id = { stream: this.stream.name, created, shard }
          await append(lake, this.stream, { id, records: [{ sequence, data }] }, () => {})
        }
        if (page.records.length === 0 && page.behind === 0) break
        next = page.next
      }
    }
  }

  /** Every row as text, sorted, as a plain glob sees it. */
  plain(): Promise<string[]> {
    return rowsIn(globSync(join(this.folder, base, 'events/**/*.parquet')))
  }

  /** Every row as text, sorted, as readers see it that ask which files stand. */
  async standing(store: ObjectStore = this.lake.store): Promise<string[]> {
    return rowsOf(store, await standingFiles(store, dataset))
  }

  /** Parquet files with rows, by their folder below `events/`. */
  async files(): Promise<Record<string, number>> {
    const real: Record<string, number> = {}
    for (const path of globSync(join(this.folder, base, 'events/**/*.parquet')).toSorted()) {
      if ((await rowsIn([path])).length === 0) continue
      const folder = dirname(path).slice(join(this.folder, base, 'events').length + 1)
      real[folder] = (real[folder] ?? 0) + 1
    }
    return real
  }

  /** All keys below a prefix. */
  async keys(prefix: string): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of this.lake.store.list(prefix)) keys.push(key)
    return keys
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const byDay = { partitionBy: [{ year: 'at' }, { month: 'at' }, { day: 'at' }] }

/** Of one moment: a file that was replaced since does not count for what it is by now. */
export async function rowsOf(store: ObjectStore, { events }: StandingDataset): Promise<string[]> {
  const copies = await Promise.all(events.map((version) => store.open(version)))
  const rows = await rowsIn(copies.map(({ path }) => path))
  for (const copy of copies) await copy.verify()
  return rows
}

export async function rowsIn(paths: string[]): Promise<string[]> {
  if (paths.length === 0) return []
  const duck = await openDuck(0)
  try {
    const files = `read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = false)`
    const rows = await duck.all(
      `SELECT id, COLUMNS(* EXCLUDE id)::VARCHAR FROM ${files} ORDER BY ALL`,
    )
    return rows.map((row) => row.join('|'))
  } finally {
    duck.close()
  }
}
