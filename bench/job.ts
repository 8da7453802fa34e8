import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Lake, openLake } from '../core/lake.ts'
import { literal } from '../core/names.ts'
import { openUrl } from '../core/open-database.ts'
import { prepareLedger } from '../core/prepare-ledger.ts'
import { tick } from '../functions/maintenance/tick.ts'
import { ingest } from '../functions/raw-ingestion/ingest.ts'
import { refine } from '../functions/silver/refine.ts'
import { publisher, streaming } from '../functions/streaming/handler.ts'
import { startKinesis } from '../local/kinesis.ts'
import { Lane } from '../local/lane.ts'
import { Pipeline } from '../local/pipeline.ts'
import { Poller } from '../local/poller.ts'
import { MemoryStream } from '../local/stream.fixture.ts'
import { StreamStage } from '../local/stream-stage.ts'
import { duckTypes } from './lineitem.ts'

/**
 * One measured piece of work, in a process of its own: `node bench/job.ts '{"job": "refine", …}'`.
 * The clock runs from when Node, DuckDB and the connections stand. Answers with one line of JSON.
 */
export type Task =
  | { job: 'refine'; lake: string; key: string }
  | BareParquet
  | { job: 'ingest'; lake: string; key: string; database: string }
  | { job: 'storm'; lake: string; database: string }
  | { job: 'publish'; lake: string; events: string }
  | { job: 'append'; lake: string; events: string }
  | { job: 'stream'; lake: string }
  | { job: 'kinesis' }

interface BareParquet {
  job: 'bareParquet'
  file: string
  out: string
  ignoreErrors: boolean
  /** DuckDB's types of the columns, where they are not those of lineitem. */
  types?: Record<string, string>
  /** The date by whose year and month it is partitioned. */
  partitionBy?: string | undefined
}

export interface Done {
  rows: number
  seconds: number
  /** CPU seconds of this process, all threads. */
  cpu: number
  /** The process' peak resident memory, MiB. */
  peak: number
}

type Work = () => Promise<number>

/** What is done when the clock has stopped. */
const afterwards: (() => Promise<unknown>)[] = []

const patience = { tries: 8, first: 250, longest: 8_000, forever: false }

/** Each makes everything ready, and answers with the work to be measured. */
async function prepare(task: Task): Promise<Work> {
  if (task.job === 'refine') return refining(await readyLake(task.lake), task.key)
  if (task.job === 'bareParquet') return bareParquet(task)
  if (task.job === 'ingest') return ingesting(task)
  if (task.job === 'storm') return storming(task)
  if (task.job === 'publish') return publishing(task)
  if (task.job === 'append') return appending(task)
  return task.job === 'stream' ? flowing(task) : startingKinesis()
}

async function readyLake(url: string): Promise<Lake> {
  const lake = openLake(url)
  await lake.withScratch(1 << 30, async (_, duck) => duck.run('SELECT 1'))
  return lake
}

function refining(lake: Lake, key: string): Work {
  return async () => (await refine(lake, key))?.accepted ?? 0
}

async function bareParquet(task: BareParquet): Promise<Work> {
  const lake = await readyLake(task.out)
  const { file, out, ignoreErrors, types = duckTypes, partitionBy: day } = task
  const parts = day ? `, year(${day}) AS year, month(${day}) AS month` : ''
  const by = day ? ', PARTITION_BY (year, month)' : ''
  // Our own instance, so the same threads and the same memory limit.
  return () =>
    lake.withScratch(1 << 30, (_, duck) =>
      duck.run(`COPY (SELECT *${parts} FROM read_csv(${literal(file)}, header = true, delim = ',',
        auto_detect = false, quote = '"', escape = '"', ignore_errors = ${ignoreErrors},
        columns = ${JSON.stringify(types).replaceAll('"', "'")}))
        TO ${literal(`${out}/bare${day ? '' : '.parquet'}`)}
        (FORMAT parquet, COMPRESSION zstd${by})`),
    )
}

async function ingesting(task: Task & { job: 'ingest' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  const database = openUrl(task.database)
  await prepareLedger(database)
  return async () => (await ingest(lake, database, task.key))?.accepted ?? 0
}

async function storming(task: Task & { job: 'storm' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  const database = openUrl(task.database)
  await prepareLedger(database)
  let accepted = 0
  const pipeline = new Pipeline(
    lake,
    database,
    (outcome) => {
      if (outcome.stage === 'raw-ingestion') accepted += outcome.accepted
    },
    patience,
  )
  return async () => {
    await pipeline.scan()
    return accepted
  }
}

/** Objects → a stream in memory; then that → files, each of an event as Lambda would bring it. */
async function publishing(task: Task & { job: 'publish' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  const stream = new MemoryStream('bench')
  let sent = 0
  const handler = publisher(lake, stream, ({ records }) => {
    sent += records
  })
  const lane = new Lane('bench', handler, patience, { width: 2 })
  const keys = await streamedKeys(lake)
  afterwards.push(() => writeEvents(stream, task.events))
  return async () => {
    for (const key of keys) lane.add(key)
    await lane.rest()
    return sent
  }
}

/** The poller cuts as the event source mapping does: 10,000 records, 6 MB of payload. */
async function writeEvents(stream: MemoryStream, folder: string): Promise<void> {
  let events = 0
  const poller = new Poller(
    stream,
    async (event) => {
      const shard = event.Records[0]?.eventID.split(':')[0]
      const name = `${shard}-${String(events++).padStart(6, '0')}.json`
      writeFileSync(join(folder, name), JSON.stringify(event))
      return { batchItemFailures: [] }
    },
    { batchSize: 10_000, windowMs: 0, bisect: false, retry: patience },
  )
  poller.start()
  await poller.drained()
  await poller.stop()
}

/** The handler alone: one event of each shard at a time, as the event source mapping has it. */
async function appending(task: Task & { job: 'append' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  let accepted = 0
  const report = {
    batch: (appended: { accepted: number }, fault?: unknown) => {
      if (fault) throw fault
      accepted += appended.accepted
    },
    object: () => {},
  }
  // The stream that the events came from, as far as the handler asks: its shards and its birth.
  const handler = streaming(lake, new MemoryStream('bench'), report)
  const names = readdirSync(task.events).toSorted()
  const shards = Map.groupBy(names, (name) => name.slice(0, name.lastIndexOf('-')))
  const read = async (files: string[]) => {
    for (const name of files) {
      await handler(JSON.parse(readFileSync(join(task.events, name), 'utf8')))
    }
  }
  afterwards.push(() => tick(lake, { all: true }))
  return async () => {
    await Promise.all([...shards.values()].map(read))
    return accepted
  }
}

/** From a folder of CSVs to Parquet: publisher, kinesis-local, poller, handler. */
async function flowing(task: Task & { job: 'stream' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  let accepted = 0
  const stage = new StreamStage({
    ...{ lake, patience, home: join(task.lake, '.sluice'), stream: undefined },
    stop: new AbortController().signal,
    say: (text) => process.stderr.write(`${text}\n`),
    report: (outcome) => {
      if (outcome.status === 'loaded') accepted += outcome.accepted
    },
  })
  await stage.start()
  const keys = await streamedKeys(lake)
  afterwards.push(
    () => stage.closeWindows(),
    () => stage.close(),
  )
  return async () => {
    stage.add(keys)
    await stage.rest()
    return accepted
  }
}

async function startingKinesis(): Promise<Work> {
  return async () => {
    const kinesis = await startKinesis('bench')
    afterwards.push(() => kinesis.stop())
    return 0
  }
}

async function streamedKeys({ store }: Lake): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list('streaming/')) if (key.endsWith('.csv')) keys.push(key)
  return keys
}

const task: Task = JSON.parse(process.argv[2] ?? '')
const work = await prepare(task)
const cpuBefore = process.cpuUsage()
const started = performance.now()
const rows = await work()
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpuBefore)
const done: Done = { rows, seconds, cpu: (user + system) / 1e6, peak: peakMemory() }
for (const finish of afterwards) await finish()
process.stdout.write(`${JSON.stringify(done)}\n`, () => process.exit())

/** Linux counts in `maxRSS` the peak of the process that started this one, too. */
function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}
