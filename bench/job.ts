import { readFileSync } from 'node:fs'
import { type Lake, openLake } from '../core/lake.ts'
import { prepareLedger } from '../core/ledger.ts'
import { literal } from '../core/names.ts'
import { openPostgres } from '../core/postgres.ts'
import { ingest } from '../functions/raw-ingestion/ingest.ts'
import { refine } from '../functions/silver/refine.ts'
import { Pipeline } from '../local/pipeline.ts'
import { duckTypes } from './lineitem.ts'

/**
 * One measured piece of work, in a process of its own: `node bench/job.ts '{"job": "refine", …}'`.
 * The clock runs from when Node, DuckDB and the connections stand. Answers with one line of JSON.
 */
export type Task =
  | { job: 'refine'; lake: string; key: string }
  | { job: 'bareParquet'; file: string; out: string; ignoreErrors: boolean }
  | { job: 'ingest'; lake: string; key: string; database: string }
  | { job: 'storm'; lake: string; database: string }

export interface Done {
  rows: number
  seconds: number
  /** CPU seconds of this process, all threads. */
  cpu: number
  /** The process' peak resident memory, MiB. */
  peak: number
}

type Work = () => Promise<number>

/** Each makes everything ready, and answers with the work to be measured. */
async function prepare(task: Task): Promise<Work> {
  if (task.job === 'refine') return refining(await readyLake(task.lake), task.key)
  if (task.job === 'bareParquet') return bareParquet(task)
  if (task.job === 'ingest') return ingesting(task)
  return storming(task)
}

async function readyLake(url: string): Promise<Lake> {
  const lake = openLake(url)
  await lake.withScratch(1 << 30, async (_, duck) => duck.run('SELECT 1'))
  return lake
}

function refining(lake: Lake, key: string): Work {
  return async () => (await refine(lake, key))?.accepted ?? 0
}

async function bareParquet(task: Task & { job: 'bareParquet' }): Promise<Work> {
  const lake = await readyLake(task.out)
  // Our own instance, so the same threads and the same memory limit.
  return () =>
    lake.withScratch(1 << 30, (_, duck) =>
      duck.run(`COPY (SELECT * FROM read_csv(${literal(task.file)}, header = true, delim = ',',
        auto_detect = false, quote = '"', escape = '"', ignore_errors = ${task.ignoreErrors},
        columns = ${JSON.stringify(duckTypes).replaceAll('"', "'")}))
        TO ${literal(`${task.out}/bare.parquet`)} (FORMAT parquet, COMPRESSION zstd)`),
    )
}

async function ingesting(task: Task & { job: 'ingest' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  const database = openPostgres(task.database)
  await prepareLedger(database)
  return async () => (await ingest(lake, database, task.key))?.accepted ?? 0
}

async function storming(task: Task & { job: 'storm' }): Promise<Work> {
  const lake = await readyLake(task.lake)
  const database = openPostgres(task.database)
  await prepareLedger(database)
  let accepted = 0
  const patience = { tries: 8, first: 250, longest: 8_000, forever: false }
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
process.stdout.write(`${JSON.stringify(done)}\n`, () => process.exit())

/** Linux counts in `maxRSS` the peak of the process that started this one, too. */
function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}
