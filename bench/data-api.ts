import { rmSync } from 'node:fs'
import type pg from 'pg'
import { installAwsS3 } from '../local/data-api/aws-s3.ts'
import { DataApiEndpoint } from '../local/data-api/endpoint.ts'
import { type Figure, figure } from './figure.ts'
import type { Done } from './job.ts'
import { type Data, goodRows } from './lineitem.ts'
import type { Place } from './place.ts'
import { mustBe, runJob } from './run-job.ts'
import { count, each } from './silver.ts'

/**
 * Calls of one load, whatever its size: the look, BEGIN, the key, the tables' definitions, locks,
 * the slices while they grow to 64 MB, marks, the ledger row, COMMIT and what is due.
 */
const fixedCalls = 45
/** Then one fetches a part of 48 MB or more, and one merges a slice of 64 MB. */
const bytesOfCall = 48e6

interface Bench {
  place: Place
  direct: string
  api: string
  client: pg.Client
  endpoint: DataApiEndpoint
  dataset: 'lineitem' | 'keyed'
  data: Data
}

/**
 * ingest() of the same object into the same server by both ways: Postgres' protocol, and the Data
 * API's through the tests' endpoint, whose own work (HTTP, and a program that hands each part to
 * Postgres) is in it. Aurora fetches from S3 instead: the ratio tells what staging, fetching and
 * merging cost, and no seconds of Aurora's.
 */
export async function dataApi(place: Place): Promise<Figure[]> {
  const { url: direct, client, drop } = await place.newDatabase()
  const endpoint = await DataApiEndpoint.start(direct)
  try {
    await installAwsS3(direct, endpoint)
    const api = endpoint.urlOf(new URL(direct).pathname.slice(1))
    const bench = { place, direct, api, client, endpoint }
    const { rows } = place
    const small = Math.ceil(rows / 6)
    return [
      ...(await compare({ ...bench, dataset: 'lineitem', data: { rows } })),
      ...(await compare({ ...bench, dataset: 'lineitem', data: { rows: small } })),
      ...(await compare({ ...bench, dataset: 'keyed', data: { rows } })),
      ...(await compare({ ...bench, dataset: 'lineitem', data: { rows: small, bad: 1 } })),
    ]
  } finally {
    await endpoint.close()
    await drop()
  }
}

async function compare(bench: Bench): Promise<Figure[]> {
  const { data, dataset, endpoint, place } = bench
  await ingestRows(bench, bench.direct, { rows: 10 })
  const direct: Done[] = []
  const api: Done[] = []
  const calls: number[] = []
  for (let run = 0; run < place.runs; run++) {
    const sides = [
      async () => direct.push(await ingestOnce(bench, bench.direct)),
      async () => {
        const before = endpoint.calls.length
        api.push(await ingestOnce(bench, bench.api))
        calls.push(endpoint.calls.length - before)
      },
    ]
    for (const side of run % 2 === 0 ? sides : sides.toReversed()) await side()
  }
  const what = `${count(data.rows)} rows${dataset === 'keyed' ? ', primary key' : ''}${
    data.bad ? ', 1 % bad' : ''
  }`
  const ratios = direct.map(({ seconds }, i) => seconds / api[i]!.seconds)
  const most = fixedCalls + Math.ceil((2 * data.rows * BYTES) / bytesOfCall)
  return [
    figure('data-api', `${what}: speed, Data API / pg`, 'ratio', ratios),
    figure('data-api', `${what}: calls`, 'calls', calls, { atMost: most }),
    ...each('data-api', `${what}: by pg`, direct),
    ...each('data-api', `${what}: by the Data API`, api),
  ]
}

/** Of a row of lineitem, as CSV and in the staging table, about. */
const BYTES = 150

async function ingestOnce(bench: Bench, url: string): Promise<Done> {
  const { client, data, dataset } = bench
  await client.query(`TRUNCATE bench.${dataset}`)
  await client.query('CHECKPOINT')
  const done = await ingestRows(bench, url, data)
  const { rows } = await client.query(`SELECT count(*)::int AS n FROM bench.${dataset}`)
  mustBe(rows[0].n, goodRows(data), 'table after ingest()')
  return done
}

async function ingestRows({ place, dataset }: Bench, database: string, data: Data): Promise<Done> {
  const { lake, key } = await place.newLake(dataset, data)
  try {
    return await runJob({ job: 'ingest', lake, key, database }, goodRows(data))
  } finally {
    rmSync(lake, { recursive: true })
  }
}
