import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { openDuck } from '../core/duck/duckdb.ts'
import { literal } from '../core/names.ts'
import { type Figure, figure } from './figure.ts'
import { makeData } from './lineitem.ts'
import type { Place } from './place.ts'
import { mustBe, runJob } from './run-job.ts'

/** Of each file. */
export const ROWS = 100
const run = promisify(execFile)

/** Many small files through both stages: by the pipeline alone, and by the whole command. */
export async function storm(place: Place): Promise<Figure[]> {
  const { files } = place
  const scans: number[] = []
  const commands: number[] = []
  for (let run = 0; run < place.runs; run++) {
    scans.push(files / (await once(place, scan)))
    commands.push(files / (await once(place, command)))
  }
  const what = `${files} files of ${ROWS} rows, both stages`
  const goal = { atLeast: 150 }
  return [
    figure('storm', `${what}: from scan to end`, 'files/s', scans, goal),
    figure('storm', `${what}: sluice start --once`, 'files/s', commands, goal),
  ]
}

type Side = (lake: string, database: string, rows: number) => Promise<number>

async function once(place: Place, side: Side): Promise<number> {
  const { lake } = await place.newLake()
  const { url, client, drop } = await place.newDatabase()
  const rows = place.files * ROWS
  try {
    await writeFiles(place, lake)
    await client.query('CHECKPOINT')
    const seconds = await side(lake, url, rows)
    await check(lake, client, place.files, rows)
    return seconds
  } finally {
    await drop()
    rmSync(lake, { recursive: true })
  }
}

const scan: Side = async (lake, database, rows) =>
  (await runJob({ job: 'storm', lake, database }, rows)).seconds

const command: Side = async (lake, database) => {
  const env = { ...process.env, DATABASE_URL: database }
  const started = performance.now()
  const [node, ...args] = startOnce(lake)
  // Not from the repository's folder, whose setup.sql is another story.
  await run(node, args, { cwd: lake, env, maxBuffer: 1 << 30 })
  return (performance.now() - started) / 1000
}

export function startOnce(lake: string): [node: string, ...args: string[]] {
  const sluice = join(import.meta.dirname, '../cli/sluice.ts')
  return [process.execPath, sluice, 'start', '--once', '--json', '--lake', lake]
}

export async function writeFiles(place: Place, lake: string): Promise<void> {
  const path = await makeData(join(place.folder, 'data'), { rows: place.files * ROWS })
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  for (let file = 0; file < place.files; file++) {
    const part = [header, ...lines.slice(file * ROWS, (file + 1) * ROWS)]
    writeFileSync(join(lake, `bronze/bench/lineitem/${file}.csv`), `${part.join('\n')}\n`)
  }
}

/** @throws Error where a row or file of the storm is missing, or there twice */
export async function check(
  lake: string,
  client: pg.Client,
  files: number,
  rows: number,
): Promise<void> {
  const table = await client.query('SELECT count(*)::int AS n FROM bench.lineitem')
  mustBe(table.rows[0].n, rows, 'Postgres after the storm')
  const ledger = await client.query(
    "SELECT count(*)::int AS n FROM sluice.objects WHERE status = 'loaded'",
  )
  mustBe(ledger.rows[0].n, files, 'ledger after the storm')
  mustBe(await parquetRows(lake), rows, 'Parquet after the storm')
}

/** Rows that a plain glob over the dataset's folder finds. */
export async function parquetRows(lake: string): Promise<number> {
  const duck = await openDuck()
  try {
    const glob = literal(join(lake, 'silver/bench/lineitem/**/*.parquet'))
    const [row] = await duck.all(`SELECT count(*) FROM read_parquet(${glob})`)
    return Number(row?.[0])
  } finally {
    duck.close()
  }
}
