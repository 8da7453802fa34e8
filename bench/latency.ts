import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { manifestKey } from '../core/commit/manifest.ts'
import { type Figure, figure, quantile } from './figure.ts'
import { writeRows } from './lineitem.ts'
import type { Place } from './place.ts'
import { mustBe } from './run-job.ts'
import { parquetRows } from './storm.ts'

const ROWS = 1_000
const WARM = 5
/** Between two looks, in milliseconds. */
const POLL = 2
const GIVE_UP = 30_000

interface Scene {
  lake: string
  client: pg.Client
}

/**
 * A file is moved into Bronze while `sluice start` watches: the time until its rows are committed
 * in Postgres and its manifest in Silver (its rows' commit points), seen from outside.
 */
export async function latency(place: Place): Promise<Figure[]> {
  const { lake } = await place.newLake()
  const { url, client, drop } = await place.newDatabase()
  const server = start(lake, url)
  try {
    await mkdirSync(join(lake, 'beside'))
    await untilThere(client)
    const times: Times[] = []
    for (let n = 0; n < WARM + place.drops; n++) {
      const seen = await dropFile({ lake, client }, n)
      if (n >= WARM) times.push(seen)
      await sleep(30 + (n % 7) * 10)
    }
    await check({ lake, client }, WARM + place.drops)
    return told(times)
  } finally {
    await stop(server)
    await drop()
    rmSync(lake, { recursive: true })
  }
}

interface Times {
  postgres: number
  silver: number
}

function told(times: Times[]): Figure[] {
  const both = times.map(({ postgres, silver }) => Math.max(postgres, silver))
  const p95 = (samples: number[]) => [quantile(samples, 0.95)]
  const what = `mv of ${ROWS} rows to visible`
  const postgres = times.map((one) => one.postgres)
  const silver = times.map((one) => one.silver)
  return [
    figure('latency', `${what} in both, p50`, 'ms', both, { atMost: 100 }),
    figure('latency', `${what} in both, p95`, 'ms', p95(both)),
    figure('latency', `${what} in Postgres, p50`, 'ms', postgres),
    figure('latency', `${what} in Postgres, p95`, 'ms', p95(postgres)),
    figure('latency', `${what} in Silver, p50`, 'ms', silver),
    figure('latency', `${what} in Silver, p95`, 'ms', p95(silver)),
  ]
}

function start(lake: string, url: string): ChildProcess {
  const profile = process.env.SLUICE_BENCH_PROFILE
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []
  const sluice = join(import.meta.dirname, '../cli/sluice.ts')
  return spawn(process.execPath, [...flags, sluice, 'start', '--json', '--lake', lake], {
    cwd: lake,
    env: { ...process.env, DATABASE_URL: url },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  server.kill('SIGINT')
  await once(server, 'exit')
}

/** The ledger is made before the folder is watched; the first files, which do not count, wait. */
async function untilThere(client: pg.Client): Promise<void> {
  await until(async () => {
    const { rows } = await client.query("SELECT to_regclass('sluice.due') IS NOT NULL AS there")
    return rows[0].there
  })
  await sleep(1_000)
}

async function dropFile({ lake, client }: Scene, n: number): Promise<Times> {
  const key = `bronze/bench/lineitem/${n}.csv`
  const beside = join(lake, 'beside', `${n}.csv`)
  await writeRows(beside, { rows: ROWS }, n * ROWS)
  // Later than the file's own time, as it would be for who copies a file and moves it then.
  await sleep(20)
  const started = performance.now()
  renameSync(beside, join(lake, key))
  const [postgres, silver] = await Promise.all([
    until(() => isLoaded(client, key), started),
    until(async () => isInSilver(lake, key), started),
  ])
  return { postgres, silver }
}

/** The ledger's row is of the same transaction as the rows. */
async function isLoaded(client: pg.Client, key: string): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'loaded',
    text: "SELECT 1 FROM sluice.objects WHERE key = $1 AND status = 'loaded' AND accepted = $2",
    values: [key, ROWS],
  })
  return rowCount === 1
}

function isInSilver(lake: string, key: string): boolean {
  try {
    const text = readFileSync(join(lake, manifestKey('bench.lineitem', key)), 'utf8')
    return JSON.parse(text).state?.accepted === ROWS
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** @returns the milliseconds since `started` when it was so first */
async function until(isSo: () => Promise<boolean>, started = performance.now()): Promise<number> {
  while (!(await isSo())) {
    if (performance.now() - started > GIVE_UP) throw new Error('not visible after half a minute')
    await sleep(POLL)
  }
  return performance.now() - started
}

async function check({ lake, client }: Scene, files: number): Promise<void> {
  const { rows } = await client.query('SELECT count(*)::int AS n FROM bench.lineitem')
  mustBe(rows[0].n, files * ROWS, 'Postgres after all files')
  mustBe(await parquetRows(lake), files * ROWS, 'Parquet after all files')
}
