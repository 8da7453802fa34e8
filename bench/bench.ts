import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { consolePages } from './console.ts'
import { dataApi } from './data-api.ts'
import { deployed } from './deployed.ts'
import { type Figure, printFigures } from './figure.ts'
import { init } from './init.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { page } from './page.ts'
import { type Options, openPlace, type Place } from './place.ts'
import { rawIngestion } from './raw-ingestion.ts'
import { silver } from './silver.ts'
import { storm } from './storm.ts'
import { stream } from './stream.ts'

/** What `npm run bench` measures, each against the same work done bare, all in one run. */
const parts: Record<string, (place: Place) => Promise<Figure[]>> = {
  silver,
  'raw-ingestion': rawIngestion,
  'data-api': dataApi,
  storm,
  latency,
  stream: (place) => stream(place, options.streamRows),
  console: consolePages,
  page,
  init,
  deployed,
}

const program = new Command('bench')
  .option('--runs <n>', 'repetitions of each', Number, 3)
  .option('--rows <n>', 'rows of the big object; the small one has a sixth', Number, 6_000_000)
  .option('--files <n>', 'files of the storm', Number, 2_000)
  .option('--drops <n>', 'files whose latency is taken', Number, 60)
  .option('--stream-rows <n>', 'rows of the stream, in 100 files', Number, 1_000_000)
  .option('--only <names>', `of ${Object.keys(parts).join(', ')}`)
  .option('--keep', 'leave the data and lakes where they are')
  .parse()

const options = program.opts<Options & { only?: string; streamRows: number }>()
const all = Object.keys(parts).filter((name) => name !== 'deployed' || process.env.AWS_ENDPOINT_URL)
const names = options.only?.split(',') ?? all
const unknown = names.find((name) => !parts[name])
if (unknown) program.error(`no part ${unknown}; there are ${Object.keys(parts).join(', ')}`)

const place = await openPlace(options)
const figures: Figure[] = []
try {
  for (const name of names) {
    process.stderr.write(`${name} …\n`)
    figures.push(...(await parts[name]!(place)))
  }
} finally {
  await place.close()
}
figures.push(...memory(figures, options.rows))

printFigures(figures)
const machine = {
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  memory: totalmem(),
  node: process.version,
}
const results = { at: new Date(), machine, asked: { ...options, only: names }, figures }
writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
const missed = figures.filter((one) => one.met === false).length
const goals = figures.filter((one) => one.met !== undefined).length
process.stdout.write(`${goals - missed} of ${goals} goals met, ${missed} missed\n`)
