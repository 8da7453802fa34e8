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
import type { Sizes } from './peers/part.ts'
import { comparePeers } from './peers/peers.ts'
import { partNames } from './peers/report.ts'
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
  .option('--peers', 'beside other tools: writes REPORT.md and report.json')
  .option('--runs <n>', 'repetitions of each (default: 3; 5 beside peers)', Number)
  .option('--rows <n>', 'rows of the big object; the small one has a sixth', Number, 6_000_000)
  .option('--huge <n>', 'rows of the largest, beside peers (default: ten times --rows)', Number)
  .option('--files <n>', 'files of the storm (default: 2000; beside peers rows / 600)', Number)
  .option('--drops <n>', 'files whose latency is taken', Number, 60)
  .option(
    '--stream-rows <n>',
    'rows of the stream, in 100 files (default: a million; beside peers rows / 6)',
    Number,
  )
  .option(
    '--only <names>',
    `of ${Object.keys(parts).join(', ')}; beside peers of ${partNames.join(', ')}`,
  )
  .option('--into <folder>', 'where the report beside peers goes', import.meta.dirname)
  .option('--keep', 'leave the data and lakes where they are')
  .parse()

type Asked = Partial<Options> & {
  rows: number
  drops: number
  into: string
  peers?: boolean
  huge?: number
  streamRows?: number
  only?: string
}

const asked = program.opts<Asked>()
const isBeside = asked.peers === true
const options = {
  ...{ runs: isBeside ? 5 : 3, keep: false },
  files: isBeside ? Math.ceil(asked.rows / 600) : 2_000,
  streamRows: isBeside ? Math.ceil(asked.rows / 6) : 1_000_000,
  ...asked,
}
const known = isBeside ? [...partNames] : Object.keys(parts)
const all = known.filter((name) => name !== 'deployed' || process.env.AWS_ENDPOINT_URL)
const names = options.only?.split(',') ?? all
const unknown = names.find((name) => !known.includes(name))
if (unknown) program.error(`no part ${unknown}; there are ${known.join(', ')}`)

const place = await openPlace(options)
try {
  if (isBeside) await comparePeers(place, sizes(), names, options.into)
  else await measureParts(place)
} finally {
  await place.close()
}

function sizes(): Sizes {
  const { rows, huge = 10 * rows, streamRows } = options
  return { small: Math.ceil(rows / 6), big: rows, huge, stream: streamRows }
}

/** Each against the same work done bare, as figures. */
async function measureParts(place: Place): Promise<void> {
  const figures: Figure[] = []
  for (const name of names) {
    process.stderr.write(`${name} …\n`)
    figures.push(...(await parts[name]!(place)))
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
}
