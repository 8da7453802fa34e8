import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { columns } from '../lineitem.ts'
import type { Place } from '../place.ts'
import { jobCommand } from '../run-job.ts'
import { count } from '../silver.ts'
import { eventsOf, FILES, lakeAfter, newLake, publishOnce, putFiles } from '../stream.ts'
import { compare, type Peer, runAndLook, sameRows } from './compare.ts'
import type { Part, Sizes } from './part.ts'
import { pythonCommand } from './python.ts'
import { lackOf } from './tools.ts'
import { rowsBelow } from './written.ts'

const FLOW = 'Sluice, end to end, a Kinesis between'
const MEMORY = 'Sluice, files to Parquet, a stream in memory'
const HANDLER = 'Sluice, handler alone'
const SPARK = 'Spark Structured Streaming, no stream between'

/** A folder of CSVs to Parquet, in small steps that are committed. */
export async function stream(place: Place, sizes: Sizes): Promise<Part> {
  const size = Math.ceil(sizes.stream / FILES)
  const rows = size * FILES
  const published = await publishOnce(place, FILES, size)
  const { events } = published
  const ours = (lakeOf: () => Promise<string>, command: (lake: string) => string[]) => () =>
    within(lakeOf, (lake) =>
      runAndLook(command(lake), async () => {
        return { rows: sameRows(await rowsBelow(eventsOf(lake)), rows, 'events') }
      }),
    )
  const filled = async () => {
    const lake = await newLake(place, false)
    await putFiles(place, lake, FILES, size)
    return lake
  }
  const peers: Peer[] = [
    { name: FLOW, ours: true, run: ours(filled, (lake) => jobCommand({ job: 'stream', lake })) },
    {
      name: MEMORY,
      ours: true,
      run: ours(filled, (lake) => jobCommand({ job: 'streamInMemory', lake })),
    },
    {
      name: HANDLER,
      ours: true,
      run: ours(
        () => lakeAfter(place, published, false),
        (lake) => jobCommand({ job: 'append', lake, events }),
      ),
    },
    {
      name: SPARK,
      cannot: lackOf('java'),
      run: () => within(filled, (lake) => sparkOnce(lake, rows)),
    },
  ]
  const goals = [FLOW, MEMORY, HANDLER].map((ours) => ({ ours, peer: SPARK, atLeast: 4 }))
  try {
    const what = `${count(rows)} rows in ${FILES} files`
    return { comparisons: [await compare(what, peers, place.runs, goals)], figures: [] }
  } finally {
    rmSync(published.lake, { recursive: true })
  }
}

async function within<T>(lakeOf: () => Promise<string>, work: (lake: string) => Promise<T>) {
  const lake = await lakeOf()
  try {
    return await work(lake)
  } finally {
    rmSync(lake, { recursive: true })
  }
}

function sparkOnce(lake: string, rows: number) {
  const out = join(lake, 'out')
  mkdirSync(out)
  const folder = join(lake, 'streaming/bench/lineitem')
  return runAndLook(pythonCommand('stream_spark', { folder, out, columns }), async () => {
    return { rows: sameRows(await rowsBelow(join(out, 'rows')), rows, 'Parquet') }
  })
}
