import { readFileSync } from 'node:fs'
import { openUrl } from '../core/database/open-database.ts'
import { prepareLedger } from '../core/database/prepare-ledger.ts'
import type { Lake } from '../core/lake.ts'
import { literal } from '../core/names.ts'
import { ingest } from '../functions/raw-ingestion/ingest.ts'
import { refine } from '../functions/silver/refine.ts'
import { Pipeline } from '../local/pipeline.ts'
import { duckTypes } from './lineitem.ts'
import { appending, flowing, flowingInMemory, publishing, startingKinesis } from './stream-job.ts'
import { afterwards, patience, readyLake, type Work } from './work.ts'

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
  | { job: 'streamInMemory'; lake: string }
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

/** Each makes everything ready, and answers with the work to be measured. */
async function prepare(task: Task): Promise<Work> {
  if (task.job === 'refine') return refining(await readyLake(task.lake), task.key)
  if (task.job === 'bareParquet') return bareParquet(task)
  if (task.job === 'ingest') return ingesting(task)
  if (task.job === 'storm') return storming(task)
  if (task.job === 'publish') return publishing(task)
  if (task.job === 'append') return appending(task)
  if (task.job === 'streamInMemory') return flowingInMemory(await readyLake(task.lake))
  return task.job === 'stream' ? flowing(task) : startingKinesis()
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
