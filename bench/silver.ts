import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Figure, figure } from './figure.ts'
import type { Done } from './job.ts'
import { type Data, goodRows, makeData } from './lineitem.ts'
import type { Place } from './place.ts'
import { runJob } from './run-job.ts'

/**
 * refine(), strict checks and commit included, against DuckDB's own typed COPY of the same file to
 * Parquet. Bad rows: DuckDB's side skips those that it notices (`ignore_errors`), and rounds the
 * prices of too many decimals, so it is asked for no number of rows there.
 */
export async function silver(place: Place): Promise<Figure[]> {
  const { rows } = place
  const small = Math.ceil(rows / 6)
  return [
    ...(await compare(place, `${count(rows)} rows`, { rows }, true)),
    ...(await compare(place, `${count(small)} rows`, { rows: small }, false)),
    ...(await compare(place, `${count(rows)} rows, 1 % bad`, { rows, bad: 1 }, false)),
    ...(await compare(place, `${count(rows)} rows, gzip`, { rows, gzip: true }, false)),
  ]
}

async function compare(place: Place, what: string, data: Data, isGoal: boolean) {
  const ours: Done[] = []
  const bare: Done[] = []
  for (let run = 0; run < place.runs; run++) {
    const sides = [
      async () => ours.push(await refineOnce(place, data)),
      async () => bare.push(await bareOnce(place, data)),
    ]
    // Who goes first changes, so that neither always finds the other's warm caches.
    for (const side of run % 2 === 0 ? sides : sides.toReversed()) await side()
  }
  const ratios = ours.map((one, i) => bare[i]!.seconds / one.seconds)
  const goal = isGoal ? { atLeast: 0.7 } : undefined
  // Neighbours on the machine change the time, but hardly the CPU seconds.
  const work = ours.map((one, i) => bare[i]!.cpu / one.cpu)
  return [
    figure('silver', `${what}: speed, ours / DuckDB's COPY`, 'ratio', ratios, goal),
    figure('silver', `${what}: CPU, DuckDB's COPY / ours`, 'ratio', work),
    ...each('silver', `${what}: ours`, ours),
    ...each('silver', `${what}: DuckDB's COPY`, bare),
  ]
}

/** Time, CPU and peak memory of one side. */
export function each(part: string, what: string, done: Done[]): Figure[] {
  return [
    figure(
      part,
      `${what}, time`,
      's',
      done.map((one) => one.seconds),
    ),
    figure(
      part,
      `${what}, CPU`,
      's',
      done.map((one) => one.cpu),
    ),
    figure(
      part,
      `${what}, peak memory`,
      'MiB',
      done.map((one) => one.peak),
    ),
  ]
}

export function count(rows: number): string {
  return rows.toLocaleString('en')
}

async function refineOnce(place: Place, data: Data): Promise<Done> {
  const { lake, key } = await place.newLake('lineitem', data)
  try {
    return await runJob({ job: 'refine', lake, key }, goodRows(data))
  } finally {
    rmSync(lake, { recursive: true })
  }
}

async function bareOnce(place: Place, data: Data): Promise<Done> {
  const file = await makeData(join(place.folder, 'data'), data)
  const { lake } = await place.newLake()
  const ignoreErrors = data.bad !== undefined
  try {
    const rows = data.bad ? undefined : data.rows
    return await runJob({ job: 'bareParquet', file, out: lake, ignoreErrors }, rows)
  } finally {
    rmSync(lake, { recursive: true })
  }
}
