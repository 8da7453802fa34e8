import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { figure } from '../figure.ts'
import { columns, duckTypes } from '../lineitem.ts'
import type { Place } from '../place.ts'
import { jobCommand } from '../run-job.ts'
import { count } from '../silver.ts'
import { check, ROWS, startOnce, writeFiles } from '../storm.ts'
import { compare, type Peer, runAndLook, sameRows } from './compare.ts'
import type { Part } from './part.ts'
import { pythonCommand } from './python.ts'
import { lackOf } from './tools.ts'
import { rowsBelow } from './written.ts'

/** One storm: its files below the lake, and an empty database. */
interface Scene {
  lake: string
  /** Of the files. */
  folder: string
  /** For what a peer writes. */
  out: string
  url: string
  client: pg.Client
}

const SCAN = 'Sluice, scan to end'
const COMMAND = 'Sluice, start --once'

/** Many small files: ours through both stages, with every check, and a commit of each in both. */
export async function storm(place: Place): Promise<Part> {
  const { files } = place
  const rows = files * ROWS
  const ours = (tells: boolean, command: (scene: Scene) => string[]) => () =>
    within(place, (scene) => {
      const look = async () => {
        await check(scene.lake, scene.client, files, rows)
        return { rows }
      }
      const env = { DATABASE_URL: scene.url }
      return runAndLook(command(scene), look, { env, tells })
    })
  const what = `${count(files)} files of ${ROWS} rows`
  const peers: Peer[] = [
    {
      name: SCAN,
      ours: true,
      run: ours(true, ({ lake, url }) => jobCommand({ job: 'storm', lake, database: url })),
    },
    // Its JSON tells the seconds of each object.
    { name: COMMAND, ours: true, run: ours(false, ({ lake }) => startOnce(lake)) },
    {
      name: 'Python: DuckDB + psycopg, a commit for each file',
      run: () => within(place, (scene) => loopOnce(scene, rows)),
    },
    {
      name: 'PySpark, local[2], one job, Parquet alone',
      cannot: lackOf('java'),
      run: () => within(place, (scene) => sparkOnce(scene, rows)),
    },
  ]
  const comparison = await compare(what, peers, place.runs)
  const figures = [SCAN, COMMAND].map((name) => {
    const runs = comparison.sides.find((side) => side.name === name)?.runs ?? []
    const speeds = runs.map(({ work }) => files / work)
    return figure('storm', `${what}, both stages: ${name}`, 'files/s', speeds, { atLeast: 150 })
  })
  return { comparisons: [comparison], figures }
}

async function within<T>(place: Place, work: (scene: Scene) => Promise<T>): Promise<T> {
  const { lake } = await place.newLake()
  const { url, client, drop } = await place.newDatabase()
  const out = join(lake, 'out')
  mkdirSync(out)
  try {
    await writeFiles(place, lake)
    await client.query('CHECKPOINT')
    return await work({ lake, folder: join(lake, 'bronze/bench/lineitem'), out, url, client })
  } finally {
    await drop()
    rmSync(lake, { recursive: true })
  }
}

/** Its table is there already, with the types of ours. */
async function loopOnce({ folder, out, url, client }: Scene, rows: number) {
  const fields = Object.entries(duckTypes).map(([name, type]) => `${name} ${type}`)
  await client.query(`CREATE SCHEMA bench; CREATE TABLE bench.lineitem (${fields.join(', ')})`)
  return runAndLook(
    pythonCommand('storm_loop', { folder, out, url, types: duckTypes }),
    async () => {
      const found = await client.query('SELECT count(*)::int AS n FROM bench.lineitem')
      sameRows(found.rows[0].n, rows, 'Postgres')
      return { rows: sameRows(await rowsBelow(out), rows, 'Parquet') }
    },
  )
}

function sparkOnce({ folder, out }: Scene, rows: number) {
  return runAndLook(pythonCommand('silver_spark', { file: folder, out, columns }), async () => {
    return { rows: sameRows(await rowsBelow(out), rows, 'Parquet') }
  })
}
