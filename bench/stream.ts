import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { type Figure, figure } from './figure.ts'
import type { Done } from './job.ts'
import { writeRows } from './lineitem.ts'
import type { Place } from './place.ts'
import { mustBe, runJob } from './run-job.ts'
import { count, each } from './silver.ts'

/** Of the whole; and of the half of it that memory is compared with. */
export const FILES = 100
const FEW = 50

/**
 * The streaming stage over a folder of CSVs: publishing alone, the handler alone, and all of it
 * with a kinesis-local between, each with and without windows. Nothing is compared with.
 */
export async function stream(place: Place, rows: number): Promise<Figure[]> {
  const size = Math.ceil(rows / FILES)
  const runs: Run[] = []
  for (let run = 0; run < place.runs; run++) runs.push(await measure(place, size))
  const of = (name: keyof Run) => runs.map((run) => run[name])
  const what = (side: string) => `${count(size * FILES)} rows: ${side}`
  const kinesis = of('kinesis').map(({ seconds }) => seconds)
  return [
    ...told(what('publish alone'), of('publish')),
    ...told(what('handler alone'), of('append'), 100_000),
    ...told(what('handler alone, windows'), of('appendWindows')),
    ...told(what('end to end'), of('flow'), 40_000),
    ...told(what('end to end, windows'), of('flowWindows')),
    figure('stream', "kinesis-local's start", 's', kinesis),
    flat('handler alone', of('append'), of('appendFew')),
    flat('end to end', of('flow'), of('flowFew')),
  ]
}

function told(what: string, done: Done[], goal?: number): Figure[] {
  const speeds = done.map(({ rows, seconds }) => rows / seconds)
  const at = goal === undefined ? undefined : { atLeast: goal }
  return [figure('stream', `${what}, speed`, 'rows/s', speeds, at), ...each('stream', what, done)]
}

function flat(what: string, many: Done[], few: Done[]): Figure {
  const ratios = many.map(({ peak }, i) => peak / few[i]!.peak)
  return figure('memory', `${what}: peak of twice the rows`, 'ratio', ratios, { atMost: 1.15 })
}

type Side =
  | 'publish'
  | 'append'
  | 'appendWindows'
  | 'appendFew'
  | 'flow'
  | 'flowWindows'
  | 'flowFew'
  | 'kinesis'
type Run = Record<Side, Done>

async function measure(place: Place, size: number): Promise<Run> {
  const all = await publishOnce(place, FILES, size)
  const few = await publishOnce(place, FEW, size)
  try {
    return {
      publish: all.done,
      append: await appendOnce(place, all, false),
      appendWindows: await appendOnce(place, all, true),
      appendFew: await appendOnce(place, few, false),
      flow: await flowOnce(place, FILES, size, false),
      flowWindows: await flowOnce(place, FILES, size, true),
      flowFew: await flowOnce(place, FEW, size, false),
      kinesis: await runJob({ job: 'kinesis' }, 0),
    }
  } finally {
    for (const { lake } of [all, few]) rmSync(lake, { recursive: true })
  }
}

/** A lake whose objects are sent, and the events that bring their chunks, a file each. */
interface Published {
  lake: string
  events: string
  done: Done
}

export async function publishOnce(place: Place, files: number, size: number): Promise<Published> {
  const lake = await newLake(place, false)
  const events = join(lake, 'events')
  mkdirSync(events)
  await putFiles(place, lake, files, size)
  const done = await runJob({ job: 'publish', lake, events }, files * size)
  return { lake, events, done }
}

/** The objects themselves are not needed any more, but what is known of their publication is. */
export async function lakeAfter(place: Place, { lake: from }: Published, windows: boolean) {
  const lake = await newLake(place, windows)
  const known = 'streaming_checkpoint'
  cpSync(join(from, known), join(lake, known), { recursive: true })
  return lake
}

async function appendOnce(place: Place, published: Published, windows: boolean): Promise<Done> {
  const { events, done } = published
  const lake = await lakeAfter(place, published, windows)
  return finished(lake, windows, await runJob({ job: 'append', lake, events }, done.rows))
}

async function flowOnce(place: Place, files: number, size: number, windows: boolean) {
  const lake = await newLake(place, windows)
  await putFiles(place, lake, files, size)
  return finished(lake, windows, await runJob({ job: 'stream', lake }, files * size))
}

async function finished(lake: string, windows: boolean, done: Done): Promise<Done> {
  mustBe(await sumOf(eventsOf(lake), 'count(*)'), done.rows, 'events of the stream')
  const found = join(eventsOf(lake), '../windows')
  if (windows) mustBe(await sumOf(found, 'sum(orders)'), done.rows, 'windows')
  rmSync(lake, { recursive: true })
  return done
}

/** Where the rows of the stream are. */
export function eventsOf(lake: string): string {
  return join(lake, 'streaming_results/bench/lineitem/events')
}

async function sumOf(folder: string, sum: string): Promise<number> {
  const duck = await openDuck()
  try {
    const glob = literal(join(folder, '**/*.parquet'))
    const [row] = await duck.all(`SELECT ${sum} FROM read_parquet(${glob})`)
    return Number(row?.[0])
  } finally {
    duck.close()
  }
}

/** The contract of the bench's lineitem, as one of a stream: revenue by ship mode and day. */
export async function newLake(place: Place, windows: boolean): Promise<string> {
  const { lake } = await place.newLake()
  const found = readFileSync(join(lake, 'bronze/bench/datapackage.json'), 'utf8')
  const { name, resources } = JSON.parse(found)
  const [lineitem] = resources
  lineitem.sluice.stream = { eventTime: 'l_shipdate' }
  if (windows) lineitem.sluice.windows = [revenue]
  const folder = join(lake, 'streaming/bench')
  mkdirSync(join(folder, 'lineitem'), { recursive: true })
  const text = JSON.stringify({ name, resources: [lineitem] })
  writeFileSync(join(folder, 'datapackage.json'), text)
  rmSync(join(lake, 'bronze'), { recursive: true })
  return lake
}

const revenue = {
  name: 'revenue',
  every: '1 day',
  groupBy: ['l_shipmode'],
  measures: { orders: 'count()', revenue: 'sum(l_extendedprice)' },
}

/** The same rows on every run, so many in each file. */
export async function putFiles(
  place: Place,
  lake: string,
  files: number,
  size: number,
): Promise<void> {
  const data = join(place.folder, 'data', `stream-${size}`)
  mkdirSync(data, { recursive: true })
  for (let n = 0; n < files; n++) {
    const name = `${String(n).padStart(3, '0')}.csv`
    const path = join(data, name)
    if (!existsSync(path)) await writeRows(path, { rows: size }, n * size)
    linkSync(path, join(lake, 'streaming/bench/lineitem', name))
  }
}
