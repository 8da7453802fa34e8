import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { isDescriptor } from '../core/contract/catalog.ts'
import type { Database } from '../core/database/database.ts'
import type { Lake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import type { StreamClient } from '../core/stream/kinesis.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { rawIngestion } from '../functions/raw-ingestion/handler.ts'
import { silver } from '../functions/silver/handler.ts'
import { batchOf } from '../functions/stages.fixture.ts'
import { publisher, streaming } from '../functions/streaming/handler.ts'
import { lookAt, type Seen } from './outside.fixture.ts'
import { Poller } from './poller.ts'

/** Where the pipeline runs: everything empty. */
export interface Place {
  lake: Lake
  stream: StreamClient
  database: Database
  close(): Promise<void>
}

const sample = join(dirname(import.meta.dirname), 'data')

/** The handlers of a place, and what has been put and told so far. */
export class Run {
  readonly bronze: string[] = []
  readonly #place: Place
  readonly #ends: Outcome[] = []

  constructor(place: Place) {
    this.#place = place
  }

  async put(key: string, body: string | Buffer): Promise<void> {
    await this.#place.lake.store.put(key, Buffer.from(body as string))
  }

  /** Puts a folder of the sample. @returns the keys of its objects, in their order */
  async putAll(folder: string): Promise<string[]> {
    const found = readdirSync(join(sample, folder), { recursive: true, withFileTypes: true })
    const paths = found
      .filter((entry) => entry.isFile())
      .map((one) => join(one.parentPath, one.name))
    const keys = paths.map((path) => path.slice(sample.length + 1)).toSorted()
    for (const key of keys) await this.put(key, readFileSync(join(sample, key)))
    const objects = keys.filter((key) => !isDescriptor(key))
    if (folder.startsWith('bronze/')) this.bronze.push(...objects)
    return objects
  }

  /** Both stages of Bronze. @returns how the objects ended, sorted */
  async batch(keys: string[]): Promise<string[]> {
    const { lake, database } = this.#place
    const report = (end: Outcome) => void this.#ends.push(end)
    const event = batchOf(lake, keys)
    for (const handler of [rawIngestion(lake, database, report), silver(lake, report)]) {
      expect(await handler(event)).toEqual({ batchItemFailures: [] })
    }
    return this.#told()
  }

  async publish(keys: string[]): Promise<string[]> {
    const { lake, stream } = this.#place
    const handler = publisher(lake, stream, (end) => this.#ends.push(end))
    expect(await handler(batchOf(lake, keys))).toEqual({ batchItemFailures: [] })
    return this.#told()
  }

  /** Appends what the stream holds, and closes all windows. */
  async appended(): Promise<string[]> {
    const { lake, stream } = this.#place
    const faults: unknown[] = []
    const report = {
      object: (end: Outcome) => void this.#ends.push(end),
      batch: (_: unknown, fault?: unknown) => void (fault && faults.push(fault)),
    }
    const poller = new Poller(stream, streaming(lake, stream, report), {
      ...{ batchSize: 3, windowMs: 0, bisect: true, retry: { first: 100, longest: 1_000 } },
    })
    poller.start()
    await poller.drained()
    await poller.stop()
    expect(faults).toEqual([])
    expect((await tick(lake, { all: true })).busy).toBe(0)
    return this.#told()
  }

  look(): Promise<Seen> {
    return lookAt(this.#place.lake.store, this.#place.database)
  }

  query(sql: string) {
    return this.#place.database.transaction((tx) => tx.query(sql))
  }

  #told(): string[] {
    const ends = this.#ends.splice(0)
    return ends.map(({ stage, object, status }) => `${stage} ${object} ${status}`).toSorted()
  }
}
