import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { type Figure, figure } from './figure.ts'
import type { Done } from './job.ts'
import { type Data, fieldNames, goodRows, makeData } from './lineitem.ts'
import type { Place } from './place.ts'
import { mustBe, runJob } from './run-job.ts'
import { count, each } from './silver.ts'

const run = promisify(execFile)

interface Bench {
  place: Place
  url: string
  client: pg.Client
  dataset: 'lineitem' | 'keyed'
  data: Data
}

/**
 * ingest() against psql's \copy of the same file into the same table of the same durable server:
 * `_object_id` and its BRIN index are there on both sides, and psql leaves the column empty. The
 * table is emptied, and the server's writes are on disk, before each run.
 */
export async function rawIngestion(place: Place): Promise<Figure[]> {
  const psql = await hasPsql()
  if (!psql)
    process.stdout.write("psql is missing (Debian: postgresql-client): COPY's side left out\n")
  const database = await place.newDatabase()
  const { rows } = place
  const small = Math.ceil(rows / 6)
  const bench = { place, ...database }
  try {
    return [
      ...(await compare({ ...bench, dataset: 'lineitem', data: { rows } }, psql, 0.9)),
      ...(await compare({ ...bench, dataset: 'lineitem', data: { rows: small } }, psql)),
      ...(await compare({ ...bench, dataset: 'keyed', data: { rows } }, psql)),
      ...(await oursAlone({ ...bench, dataset: 'lineitem', data: { rows, bad: 1 } })),
    ]
  } finally {
    await database.drop()
  }
}

async function compare(bench: Bench, psql: boolean, goal?: number): Promise<Figure[]> {
  await makeTable(bench)
  const ours: Done[] = []
  const bare: number[] = []
  for (let run = 0; run < bench.place.runs; run++) {
    const sides = [async () => ours.push(await ingestOnce(bench))]
    if (psql) sides.push(async () => bare.push(await copyOnce(bench)))
    for (const side of run % 2 === 0 ? sides : sides.toReversed()) await side()
  }
  const what = nameOf(bench)
  const ratios = bare.map((seconds, i) => seconds / ours[i]!.seconds)
  const at = goal === undefined ? undefined : { atLeast: goal }
  const compared = [
    figure('raw-ingestion', `${what}: speed, ours / psql's COPY`, 'ratio', ratios, at),
    figure('raw-ingestion', `${what}: psql's COPY, time`, 's', bare),
  ]
  return [...(psql ? compared : []), ...each('raw-ingestion', `${what}: ours`, ours)]
}

async function oursAlone(bench: Bench): Promise<Figure[]> {
  const ours: Done[] = []
  for (let run = 0; run < bench.place.runs; run++) ours.push(await ingestOnce(bench))
  return each('raw-ingestion', `${nameOf(bench)}: ours`, ours)
}

function nameOf({ data, dataset }: Bench): string {
  const key = dataset === 'keyed' ? ', primary key' : ''
  return `${count(data.rows)} rows${key}${data.bad ? ', 1 % bad' : ''}`
}

/** The table as ingest() makes it, by a few rows of a lake of their own. */
async function makeTable(bench: Bench): Promise<void> {
  await ingestRows(bench, { rows: 10 })
}

async function ingestOnce(bench: Bench): Promise<Done> {
  await empty(bench)
  const done = await ingestRows(bench, bench.data)
  mustBe(await rowsIn(bench), goodRows(bench.data), 'table after ingest()')
  return done
}

async function ingestRows({ place, url, dataset }: Bench, data: Data): Promise<Done> {
  const { lake, key } = await place.newLake(dataset, data)
  try {
    return await runJob({ job: 'ingest', lake, key, database: url }, goodRows(data))
  } finally {
    rmSync(lake, { recursive: true })
  }
}

async function copyOnce(bench: Bench): Promise<number> {
  const { place, data, dataset, url } = bench
  const file = await makeData(join(place.folder, 'data'), data)
  await empty(bench)
  const copy = `\\copy bench.${dataset} (${fieldNames.join(', ')}) from '${file}' csv header`
  const started = performance.now()
  await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', copy, url])
  const seconds = (performance.now() - started) / 1000
  mustBe(await rowsIn(bench), data.rows, "table after psql's COPY")
  return seconds
}

async function empty({ client, dataset }: Bench): Promise<void> {
  await client.query(`TRUNCATE bench.${dataset}`)
  await client.query('CHECKPOINT')
}

async function rowsIn({ client, dataset }: Bench): Promise<number> {
  const { rows } = await client.query(`SELECT count(*)::int AS n FROM bench.${dataset}`)
  return rows[0].n
}

async function hasPsql(): Promise<boolean> {
  return run('psql', ['--version']).then(
    () => true,
    () => false,
  )
}
