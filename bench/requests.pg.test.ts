import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KinesisStreamEvent } from 'aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../core/database/database.ts'
import { openPostgres } from '../core/database/postgres.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { ingest } from '../functions/raw-ingestion/ingest.ts'
import { settle } from '../functions/raw-ingestion/settle.ts'
import { refine } from '../functions/silver/refine.ts'
import { streaming } from '../functions/streaming/handler.ts'
import { publish } from '../functions/streaming/publish.ts'
import { freshDatabase } from '../local/fresh-database.ts'
import { Poller } from '../local/poller.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { readFacts } from './bill.ts'
import { writeContract, writeRows } from './lineitem.ts'
import { CountedStore, type Requests } from './requests.ts'

/** The requests that bench/measured.json counts for the cost table, counted anew. */

const { stages, append, tick: ticking } = readFacts().measured
const [few, many] = [10, 40]

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let database: Database
let home: string
let store: CountedStore
let lake: Lake
/** The same lake, when it is not counted. */
let plain: Lake

beforeAll(async () => {
  fresh = await freshDatabase()
  database = openPostgres(fresh.url)
  await prepareLedger(database)
  home = mkdtempSync(join(tmpdir(), 'sluice-requests-'))
  writeContract(home)
  const { name, resources } = JSON.parse(
    readFileSync(join(home, 'bronze/bench/datapackage.json'), 'utf8'),
  )
  resources[0].sluice.stream = { eventTime: 'l_shipdate' }
  mkdirSync(join(home, 'streaming/bench/lineitem'), { recursive: true })
  const text = JSON.stringify({ name, resources: resources.slice(0, 1) })
  writeFileSync(join(home, 'streaming/bench/datapackage.json'), text)
  plain = openLake(home)
  store = new CountedStore(plain.store)
  lake = { ...plain, store }
})

afterAll(async () => {
  await database.end()
  await fresh.drop()
  rmSync(home, { recursive: true })
})

let made = 0

/** The keys of new objects of 60 rows each. */
async function objects(folder: string, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, () => `${folder}/bench/lineitem/${made++}.csv`)
  for (const [i, key] of keys.entries()) {
    await writeRows(join(home, key), { rows: 60 }, (made + i) * 60)
  }
  return keys
}

/** Of the second object: the first one has to read the contract, too. */
async function second(folder: string, work: (key: string) => Promise<unknown>) {
  const [first = '', next = ''] = await objects(folder, 2)
  await work(first)
  return store.during(() => work(next))
}

const said = ({ gets, puts, trips }: Requests) => ({ gets, puts, trips })

test('raw-ingestion asks for what the cost table counts', async () => {
  const work = async (key: string) => {
    await ingest(lake, database, key)
    await settle(lake, database)
  }
  expect(await second('bronze', work)).toEqual(said(stages['raw-ingestion']))
})

test('silver asks for what the cost table counts', async () => {
  const asked = await second('bronze', (key) => refine(lake, key))
  expect(asked).toEqual(said(stages.silver))
})

test('an event that comes twice is answered by a look', async () => {
  const [key = ''] = await objects('bronze', 1)
  await ingest(lake, database, key)
  expect(await store.during(() => ingest(lake, database, key))).toEqual(ofOne)
  await refine(lake, key)
  // The manifest, then object and descriptors at once: the dataset may be another one by now.
  const ofSilver = { gets: 1 + 7, puts: 0, trips: 2 }
  expect(await store.during(() => refine(lake, key))).toEqual(ofSilver)
})

const ofOne = { gets: 1, puts: 0, trips: 1 }

test('publish asks for what the cost table counts', async () => {
  const stream = new MemoryStream('published')
  const asked = await second('streaming', (key) => publish(lake, stream, key, () => {}))
  expect(asked).toEqual(said(stages.publish))
})

test('append and ticks ask for what the cost table counts', async () => {
  const stream = new MemoryStream('appended', 1)
  const report = { object: () => {}, batch: (_: unknown, fault?: unknown) => raise(fault) }
  const handler = streaming(lake, stream, report)
  const asked = async (count: number) => {
    for (const key of await objects('streaming', count)) await publish(plain, stream, key, () => {})
    const Records = (await recordsOf(stream)).slice(seen)
    seen += Records.length
    return store.during(() => handler({ Records }))
  }
  let seen = 0
  await asked(few)
  const [less, more, last] = [await asked(few), await asked(many), await asked(few)]
  const { batch, object } = append
  // An object is looked at in its batch, and once more in the next one, which forgets it.
  const looks = object.gets - 1
  expect(less.gets).toBe(batch.gets + few * looks + few)
  expect(more.gets).toBe(batch.gets + many * looks + few)
  expect(last.gets).toBe(batch.gets + few * looks + many)
  expect([less.puts, more.puts]).toEqual([few, many].map((n) => batch.puts + n * object.puts))
  // Objects are asked for in 32 lanes: few at once, many in two rounds of two looks and a PUT.
  expect(less.trips).toBe(batch.trips)
  expect(more.trips).toBeLessThanOrEqual(batch.trips + many * object.trips)
  expect(await store.during(() => tick(lake))).toEqual(ofShard)
  // A shard that has become idle forgets the objects of its last batch, once.
  const later = () => tick(lake, { now: new Date(Date.now() + 120_000) })
  const forgets = { gets: 3 + 2 * few, puts: 3, trips: 8 }
  expect(await store.during(later)).toEqual(forgets)
  expect(await store.during(later)).toEqual(ofShard)
  // From then on, that is said by the list, in which its record has not changed.
  const { gets, lists: puts, trips } = ticking
  for (const _ of [1, 2]) expect(await store.during(later)).toEqual({ gets, puts, trips })
})

/** Two lists, as some are published, and the record of the one shard. */
const ofShard = { gets: 1, puts: 2, trips: 3 }

function raise(fault: unknown): void {
  if (fault) throw fault
}

async function recordsOf(stream: MemoryStream): Promise<KinesisStreamEvent['Records']> {
  const records: KinesisStreamEvent['Records'] = []
  const take = async (event: KinesisStreamEvent) => {
    records.push(...event.Records)
    return { batchItemFailures: [] }
  }
  const retry = { tries: 1, first: 1, longest: 1, forever: false }
  const poller = new Poller(stream, take, { batchSize: 500, windowMs: 0, bisect: false, retry })
  poller.start()
  await poller.drained()
  await poller.stop()
  return records
}
