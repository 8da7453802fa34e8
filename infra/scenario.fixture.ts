import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { putRecord, readRecord } from '../core/commit/commit-record.ts'
import { parseFindings } from '../core/finding.ts'
import { type Lake, openLake } from '../core/lake.ts'
import {
  checkpointKey,
  newCheckpoint,
  parseCheckpoint,
  type ShardId,
  shardStem,
} from '../core/stream/checkpoint.ts'
import { encodeRedriven } from '../core/stream/chunk.ts'
import { openStream, type StreamClient } from '../core/stream/kinesis.ts'
import { batchOf, resource } from '../functions/stages.fixture.ts'
import { recordsOf } from '../functions/streaming/stream.fixture.ts'
import type { Places } from './policy.fixture.ts'
import type { RecordedFunction, Role } from './recorded.fixture.ts'

const fields = ['id:integer', 'name', 'at:datetime']
const windows = [{ name: 'counted', every: '1 hour', measures: { n: 'count()' } }]
const row = (id: number | string) => `${id},a,2026-01-01T00:00:00\n`
/** A good row, and a bad one. */
const rowsOf = (id: number) => `id,name,at\n${row(id)}${row('x')}`

/** Of three rows one is bad, and nothing of them can be packed. */
const large = `id,name,at\n${Array.from({ length: 1_500 }, (_, i) => {
  const text = randomBytes(20_000).toString('base64')
  return `${i % 3 ? i : 'x'},${text},2026-01-01T00:00:00\n`
}).join('')}`

/** When a stream of the name was made, and deleted. */
const EARLIER = '2020-01-01T00:00:00.000Z'

/** By then windows are over, and what was overwritten is old: two days, in ms. */
const LATER = 172_800_000

/** All that the work of the functions can be, in an order in which each finds what it needs. */
export class Scenario {
  readonly #functions: Record<Role, RecordedFunction>
  readonly #lake: Lake
  readonly #stream: StreamClient
  #shard: ShardId = { stream: '', created: '', shard: '' }
  #delivered = 0

  constructor(functions: Record<Role, RecordedFunction>, places: Places) {
    this.#functions = functions
    this.#lake = openLake(`s3://${places.Lake}`)
    this.#stream = openStream(places.StreamRecords ?? '')
  }

  async run(): Promise<void> {
    const [{ id: shard = '' } = {}] = await this.#stream.shards()
    this.#shard = { stream: this.#stream.name, ...(await this.#stream.describe()), shard }
    await this.#setUp()
    await this.#bring('RawIngestion')
    // Answers that are lost: of the rows, of the rejects, of the manifest.
    const lost = ['silver/policy/rows/*.parquet', 'quarantine/policy/rows/*']
    this.#functions.Silver.lose(...lost, 'silver/policy/rows/_manifests/*')
    await this.#bring('Silver')
    await this.#bringLarge('Silver', 'silver/policy/rows/*.parquet', 'quarantine/policy/rows/*')
    await this.#streams()
    await this.#mend()
    await this.#maintain()
    await this.#checks()
  }

  /** What is another work with a database that fetches its rows from the lake. */
  async runStaged(): Promise<void> {
    await this.#setUp()
    this.#functions.RawIngestion.lose('staging/*/rows-*', 'staging/*/rejects-*')
    await this.#bring('RawIngestion')
    await this.#bringLarge('RawIngestion')
    await this.#checks()
    await this.#misfit()
  }

  /** The table that stands does not fit: all is rolled back, and the object is given back. */
  async #misfit(): Promise<void> {
    await this.#describe('bronze/policy', {}, ['id', ...fields.slice(1)])
    const key = await this.#put('bronze/policy/rows/3.csv', rowsOf(9))
    const answer = await this.#functions.RawIngestion.invoke(batchOf(this.#lake, [key]))
    expect(answer).toEqual({ batchItemFailures: [expect.anything()] })
  }

  async #setUp(): Promise<void> {
    const { Setup } = this.#functions
    await Setup.invoke({ RequestType: 'Create' })
    await Setup.invoke({ RequestType: 'Update' })
    await this.#put('bronze/shop/datapackage.yaml', 'name: shop\n')
    await Setup.invoke({ RequestType: 'Update' })
  }

  /** New, refused and held objects, the same events again, fewer rows, a contract at last. */
  async #bring(stage: 'RawIngestion' | 'Silver'): Promise<void> {
    await this.#describe('bronze/policy')
    const one = 'bronze/policy/rows/1.csv'
    const refused = 'bronze/policy/rows/2.csv'
    const held = `bronze/${stage.toLowerCase()}/rows/1.csv`
    await this.#put(one, `${rowsOf(1)}${row(3)}`)
    await this.#put(refused, 'id,other\n1,a\n')
    await this.#put(held, rowsOf(1))
    await this.#tell(stage, one, refused, held)
    await this.#tell(stage, one, refused, held)
    await this.#put(one, `id,name,at\n${row(1)}`)
    const contract = await this.#describe(`bronze/${stage.toLowerCase()}`)
    await this.#tell(stage, one, contract)
    await this.#tellNonsense(stage)
  }

  /** Rows and rejects of more than 16 MiB each, in parts; of the ends of some nobody hears. */
  async #bringLarge(stage: 'RawIngestion' | 'Silver', ...lost: string[]): Promise<void> {
    this.#functions[stage].lose(...lost)
    await this.#tell(stage, await this.#put('bronze/policy/rows/large.csv', large))
  }

  /** Objects of either folder, and what other producers send; some of it was put again. */
  async #streams(): Promise<void> {
    const { Publish, StreamAppend } = this.#functions
    Publish.lose('streaming_checkpoint/published/*')
    const files = ['streaming_results/policy/rows/events/*', 'quarantine/policy/rows/stream/*']
    StreamAppend.lose(...files, 'streaming_checkpoint/*/shardId-*')
    const origin = { ...this.#shard, created: EARLIER }
    await this.#earlierMaking(origin)
    await this.#describe('streaming/policy', { stream: { eventTime: 'at' }, windows })
    await this.#put('streaming/policy/rows/wrong.csv', 'other\n1\n')
    await this.#put('streaming/later/rows/1.csv', rowsOf(1))
    await this.#put('bronze/streamed/rows/1.csv', rowsOf(1))
    await this.#tell('Publish', 'streaming/policy/rows/wrong.csv', 'streaming/later/rows/1.csv')
    await this.#publish(1)
    for (const folder of ['streaming/later', 'bronze/streamed']) {
      await this.#tell('Publish', await this.#describe(folder, { stream: {} }))
    }
    await this.#tellNonsense('Publish')
    await this.#publish(1)
    await this.#ofOthers(origin)
    await this.#deliver()
  }

  /** A stream of that name was there before, with records of other producers. */
  async #earlierMaking(id: ShardId): Promise<void> {
    const committed: Record<string, [string, string][]> = { [shardStem(id)]: [['5', '9']] }
    const state = { ...newCheckpoint(id), begun: true, commit: 1, committed }
    const record = { id: '', epoch: 0, state, files: [], writing: null, garbage: [] }
    await putRecord(this.#lake.store, checkpointKey(id), { etag: undefined, record }, {})
  }

  /** A row, poison, and two rows that were given up: the one was committed, the other was not. */
  async #ofOthers(origin: ShardId): Promise<void> {
    const data = Buffer.from(JSON.stringify({ _dataset: 'policy.rows', id: 7, name: 'b' }))
    const again = ['7', '70'].map((sequence) =>
      encodeRedriven({ kind: 'redriven', origin, sequence, after: '', data }),
    )
    const all = [data, Buffer.from('no JSON'), ...(await Promise.all(again))]
    await this.#stream.put(all.map((one) => ({ data: one, partitionKey: 'p' })))
  }

  /** Who finds no checkpoint at a cold start makes it anew from the files. */
  async #mend(): Promise<void> {
    const { Publish, StreamAppend } = this.#functions
    for (const [n, stage] of [StreamAppend, Publish].entries()) {
      await this.#lake.store.delete(checkpointKey(this.#shard))
      await stage.end()
      // The publisher comes first, and looks at its cold start alone.
      await this.#publish(3 + n)
    }
    await this.#lake.store.delete(checkpointKey(this.#shard))
  }

  async #maintain(): Promise<void> {
    const { Maintenance } = this.#functions
    const results = 'streaming_results/policy/rows'
    Maintenance.lose(`${results}/windows/**`, `${results}/events/compact-*`)
    await Maintenance.invoke({ job: 'tick' }, LATER)
    await Maintenance.invoke({ job: 'compact' })
    for (const n of [5, 6, 7]) await this.#publish(n)
    // What was made by the first is merged again.
    await Maintenance.invoke({ job: 'compact' })
    await this.#leaveDead()
    await Maintenance.invoke({ job: 'tick' })
    await Maintenance.invoke({ job: 'vacuum' }, LATER)
  }

  /** A writer has died that had put rejects, and nothing comes any more but the tick. */
  async #leaveDead(): Promise<void> {
    const key = checkpointKey(this.#shard)
    const held = await readRecord(this.#lake.store, key, parseCheckpoint)
    const dead = `quarantine/policy/rows/stream/${shardStem(this.#shard)}-1-2-99-0.parquet`
    if (!held) throw new Error(`${key} is not there`)
    await putRecord(this.#lake.store, key, held, { garbage: [dead] })
  }

  async #checks(): Promise<void> {
    for (const each of Object.values(this.#functions)) {
      if (each.role === 'Setup') continue
      const event = { check: true, stream: this.#stream.name }
      const findings = parseFindings(await each.invoke(event)) ?? []
      expect(findings.filter(({ level }) => level === 'wrong' || level === 'unknown')).toEqual([])
    }
  }

  async #publish(n: number): Promise<void> {
    const key = `streaming/policy/rows/${n}.csv`
    await this.#put(key, rowsOf(n))
    await this.#tell('Publish', key)
    await this.#deliver()
  }

  /** What the stream got since, as the event source mapping gives it. */
  async #deliver(): Promise<void> {
    const { arn } = await this.#stream.describe()
    const { shard } = this.#shard
    const records = (await recordsOf(this.#stream, shard)).slice(this.#delivered)
    this.#delivered += records.length
    const Records = records.map(({ sequenceNumber, data }) => ({
      ...{ eventID: `${shard}:${sequenceNumber}`, eventSourceARN: arn },
      kinesis: { sequenceNumber, data: data.toString('base64') },
    }))
    if (Records.length === 0) return
    const answer = await this.#functions.StreamAppend.invoke({ Records })
    expect(answer).toEqual({ batchItemFailures: [] })
  }

  async #tell(stage: Role, ...keys: string[]): Promise<void> {
    const answer = await this.#functions[stage].invoke(batchOf(this.#lake, keys))
    expect(answer).toEqual({ batchItemFailures: [] })
  }

  /** It is given back. */
  async #tellNonsense(stage: Role): Promise<void> {
    const message = { messageId: '1', receiptHandle: 'none', body: 'no event' }
    const Records = [{ ...message, eventSource: 'aws:sqs' }]
    const answer = await this.#functions[stage].invoke({ Records })
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] })
  }

  async #put(key: string, content: string): Promise<string> {
    await this.#lake.store.put(key, Buffer.from(content))
    return key
  }

  #describe(folder: string, sluice = {}, of = fields): Promise<string> {
    const descriptor = { name: 'policy', resources: [resource('rows', of, {}, sluice)] }
    return this.#put(`${folder}/datapackage.json`, JSON.stringify(descriptor))
  }
}
