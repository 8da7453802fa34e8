import { rmSync, statSync } from 'node:fs'
import { rawIngestion, silver } from '../../infra/shape.ts'
import { GB, lambdaDollars, objectsBill, readFacts, totalOf } from '../bill.ts'
import { type Figure, figure, quantile } from '../figure.ts'
import type { Place } from '../place.ts'
import { jobCommand } from '../run-job.ts'
import { count } from '../silver.ts'
import { type Comparison, compare, type Run, runAndLook, sameRows } from './compare.ts'
import type { Part, Sizes } from './part.ts'
import { lineitem, refineOnce } from './silver.ts'

const stages = { silver, 'raw-ingestion': rawIngestion }
type Stage = keyof typeof stages
const names = Object.keys(stages) as Stage[]

/**
 * Both stages over a small, a big and a huge object: memory, which is to be flat, and what a GB of
 * CSV takes in CPU seconds and would cost on Lambda.
 */
export async function size(place: Place, { small, big, huge }: Sizes): Promise<Part> {
  const atSmall = await bothStages(place, small, place.runs)
  const atBig = await bothStages(place, big, place.runs)
  const atHuge = await bothStages(place, huge, 1)
  const bytes = statSync((await lineitem(place, { rows: big })).file).size
  const figures = names.flatMap((stage) => [
    ...memoryOf(stage, runsOf(atBig, stage), runsOf(atHuge, stage), huge),
    ...costOf(stage, runsOf(atBig, stage), bytes / GB),
  ])
  return { comparisons: [atSmall, atBig, atHuge], figures }
}

function bothStages(place: Place, rows: number, rounds: number): Promise<Comparison> {
  const peers = [
    {
      name: 'silver',
      ours: true,
      run: async () => refineOnce(place, await lineitem(place, { rows })),
    },
    { name: 'raw-ingestion', ours: true, run: () => ingestOnce(place, rows) },
  ]
  return compare(`${count(rows)} rows`, peers, rounds)
}

async function ingestOnce(place: Place, rows: number) {
  const { lake, key } = await place.newLake('lineitem', { rows })
  const { url, client, drop } = await place.newDatabase()
  try {
    const command = jobCommand({ job: 'ingest', lake, key, database: url })
    return await runAndLook(command, async () => {
      const found = await client.query('SELECT count(*)::int AS n FROM bench.lineitem')
      return { rows: sameRows(found.rows[0].n, rows, 'table') }
    })
  } finally {
    await drop()
    rmSync(lake, { recursive: true })
  }
}

function runsOf({ sides }: Comparison, stage: Stage): Run[] {
  return sides.find(({ name }) => name === stage)?.runs ?? []
}

/** Below a limit, and no more for ten times the rows of an object that fills it. */
function memoryOf(stage: Stage, big: Run[], huge: Run[], rows: number): Figure[] {
  const peaks = (runs: Run[]) => runs.map(({ peak }) => peak)
  const usual = quantile(peaks(big), 0.5)
  const ratios = peaks(huge).map((peak) => peak / usual)
  const most = `${stage}, ${count(rows)} rows: peak memory`
  const flat = `${stage}, ${count(rows)} rows: peak by that of the size before`
  return [
    figure('size', most, 'MiB', peaks(huge), { atMost: 1024 }),
    figure('size', flat, 'ratio', ratios, { atMost: 1.15 }),
  ]
}

/** Of one object of a GB, by the CPU seconds of now and all else as in measured.json. */
function costOf(stage: Stage, runs: Run[], gb: number): Figure[] {
  const facts = readFacts()
  const seconds = runs.map(({ cpu }) => cpu / gb)
  const { limits } = stages[stage]
  const bills = seconds.map((cpuPerGb) => {
    const known = facts.measured.stages
    const stagesNow = { ...known, [stage]: { ...known[stage], cpuPerGb } }
    const now = { ...facts, measured: { ...facts.measured, stages: stagesNow } }
    return totalOf(objectsBill(now, stage, limits, { files: 1, bytes: GB }))
  })
  const cpuAlone = seconds.map((cpu) => lambdaDollars(facts, limits, 0, cpu / limits.threads))
  return [
    figure('size', `${stage}: CPU of a GB of CSV`, 's', seconds),
    figure('size', `${stage}: a GB of CSV, Lambda's time for that CPU`, '$', cpuAlone),
    figure('size', `${stage}: a GB of CSV, all of the bill`, '$', bills),
  ]
}
