import { linkSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { columns, type Data, goodRows, makeData, resource, writeContract } from '../lineitem.ts'
import type { Place } from '../place.ts'
import { jobCommand } from '../run-job.ts'
import { count } from '../silver.ts'
import {
  type Comparison,
  compare,
  type Peer,
  type PeerGoal,
  runAndLook,
  sameRows,
} from './compare.ts'
import type { Part, Sizes } from './part.ts'
import { pythonCommand } from './python.ts'
import { lackOf } from './tools.ts'
import { makeWide, wideColumns } from './wide.ts'
import { duckTypeOf, parquetBelow, rowsBelow, type Wanted } from './written.ts'

/** One CSV that is to become Parquet. */
interface Work extends Wanted {
  good: number
  /** The date by whose year and month it is partitioned. */
  partitionBy?: string
}

const SLUICE = 'Sluice'
const DUCKDB = 'DuckDB, typed COPY'
const SPARK = 'PySpark, local[2]'

/** A CSV to typed Parquet: ours with every check and the commit, theirs without. */
export async function silver(place: Place, { small }: Sizes): Promise<Part> {
  const { runs } = place
  const run = (what: string, work: Work, more: Partial<More> = {}) =>
    compareSides(place, what, work, { rounds: runs, goals: [], node: 1, ...more })
  const of = (data: Data) => lineitem(place, data)
  const partitioned = { ...(await of({ rows: small })), partitionBy: 'l_shipdate' }
  const comparisons: Comparison[] = [
    await run(`${count(small)} rows`, await of({ rows: small }), { node: runs }),
    await run(`${count(small)} rows, 1 % bad`, await of({ rows: small, bad: 1 })),
    await run(`${count(small)} rows, 30 % bad`, await of({ rows: small, bad: 30 })),
    await run(`${count(small)} rows, gzip`, await of({ rows: small, gzip: true })),
    await run(`${count(small)} rows, partitioned by year and month`, partitioned),
    await run(...(await wide(place, small))),
  ]
  return { comparisons, figures: [] }
}

export async function silverBig(place: Place, { big }: Sizes): Promise<Part> {
  const goals = [
    { ours: SLUICE, peer: DUCKDB, atLeast: 0.7 },
    { ours: SLUICE, peer: SPARK, atLeast: 6 },
  ]
  return cleanRows(place, big, { rounds: place.runs, goals, node: 0 })
}

export async function silverHuge(place: Place, { huge }: Sizes): Promise<Part> {
  return cleanRows(place, huge, { rounds: 1, goals: [], node: 0 })
}

async function cleanRows(place: Place, rows: number, more: More): Promise<Part> {
  const work = await lineitem(place, { rows })
  return {
    comparisons: [await compareSides(place, `${count(rows)} rows`, work, more)],
    figures: [],
  }
}

export async function lineitem(place: Place, data: Data): Promise<Work> {
  const file = await makeData(join(place.folder, 'data'), data)
  return { file, columns, rows: data.rows, bad: data.bad, good: goodRows(data) }
}

/** As many cells as the others of that size. */
async function wide(place: Place, small: number): Promise<[what: string, work: Work]> {
  const rows = Math.ceil((small * columns.length) / wideColumns.length)
  const file = await makeWide(join(place.folder, 'data'), rows)
  const what = `${count(rows)} rows of ${wideColumns.length} columns`
  return [what, { file, rows, good: rows, columns: wideColumns }]
}

interface More {
  rounds: number
  goals: PeerGoal[]
  /** How often the script of Node, which takes a minute, is asked. */
  node: number
}

function compareSides(place: Place, what: string, work: Work, { rounds, goals, node }: More) {
  const peers: Peer[] = [
    { name: SLUICE, ours: true, run: () => refineOnce(place, work) },
    { name: DUCKDB, run: () => bareOnce(place, work) },
    { name: 'polars', run: () => scriptOnce(place, work, 'silver_polars') },
    { name: 'pandas + pyarrow', run: () => scriptOnce(place, work, 'silver_pandas') },
    {
      name: SPARK,
      cannot: lackOf('java'),
      run: () => scriptOnce(place, work, 'silver_spark'),
    },
    ...(node > 0 ? [{ ...parquetjs(place, work), atMost: node }] : []),
  ]
  return compare(what, peers, rounds, goals)
}

export async function refineOnce(place: Place, work: Work) {
  const { lake } = await place.newLake()
  const partitionBy = work.partitionBy
  const sluice = partitionBy ? { partitionBy: [{ year: partitionBy }, { month: partitionBy }] } : {}
  writeContract(lake, [resource('lineitem', work.columns, { sluice })])
  const key = `bronze/bench/lineitem/${basename(work.file)}`
  linkSync(work.file, join(lake, key))
  const look = async () => {
    const found = await parquetBelow(join(lake, 'silver'), work)
    sameRows(found.rows, work.good, 'Silver')
    const kept = await rowsBelow(join(lake, 'quarantine'))
    sameRows(kept, work.rows - work.good, 'quarantine')
    return found
  }
  try {
    return await runAndLook(jobCommand({ job: 'refine', lake, key }), look)
  } finally {
    rmSync(lake, { recursive: true })
  }
}

function bareOnce(place: Place, work: Work) {
  const types = Object.fromEntries(
    work.columns.map(([name, kind]) => [name, duckTypeOf[kind] ?? 'VARCHAR']),
  )
  const { file, partitionBy } = work
  const ignoreErrors = work.bad !== undefined
  return within(place, work, (out) =>
    jobCommand({ job: 'bareParquet', file, out, ignoreErrors, types, partitionBy }),
  )
}

function scriptOnce(place: Place, work: Work, script: string) {
  const { file, columns, partitionBy } = work
  const tolerant = work.bad !== undefined
  return within(place, work, (out) =>
    pythonCommand(script, { file, out, columns, partitionBy, tolerant }),
  )
}

function parquetjs(place: Place, work: Work): Peer {
  const script = join(import.meta.dirname, 'parquetjs.ts')
  const { file, columns } = work
  return {
    name: 'csv-parse + parquetjs-lite',
    cannot: work.partitionBy && 'parquetjs-lite writes a single file',
    run: () =>
      within(place, work, (out) => [
        process.execPath,
        script,
        JSON.stringify({ file, out, columns }),
      ]),
  }
}

/** A peer's run, into a folder of its own. */
async function within(place: Place, work: Work, command: (out: string) => string[]) {
  const out = mkdtempSync(join(place.folder, 'peer-'))
  try {
    return await runAndLook(command(out), () => parquetBelow(out, work))
  } finally {
    rmSync(out, { recursive: true })
  }
}
