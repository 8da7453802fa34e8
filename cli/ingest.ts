import { basename, resolve } from 'node:path'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import type { Lake } from '../core/lake.ts'
import type { Outcome } from '../core/outcome.ts'
import { Pipeline } from '../local/pipeline.ts'
import { type Context, openContext } from './context.ts'
import { fileNamed } from './file.ts'
import { whenLeft } from './leave.ts'
import { type CommonOptions, commandOf, usage } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'
import { plain } from './shown.ts'

interface IngestOptions extends CommonOptions {
  package?: string
}

const help = `
It ends when they are in Postgres and in Silver. One that was loaded as it stands changes nothing.

Examples:
  sluice ingest data/bronze/shop/customers.csv
  sluice ingest ~/Downloads/orders.csv --package shop
  sluice ingest bronze/shop/orders/2026-02.csv --lake s3://my-lake --json`

export function ingestCommand(): Command {
  return commandOf('ingest', 'Load these files into Postgres and Silver now, and end.')
    .argument('<file...>', 'files of Bronze, by path or by key')
    .option('--package <folder>', 'copy files from elsewhere into bronze/<folder>/ first')
    .addHelpText('after', help)
    .action(ingest)
}

async function ingest(files: string[], options: IngestOptions): Promise<void> {
  const context = await openContext(options)
  try {
    const keys: string[] = []
    for (const file of files) keys.push(await keyOf(context.lake, file, options.package))
    await loadKeys(context, keys, options)
  } finally {
    await context.close()
  }
}

/** Of an object that is there, or of the one that a file becomes. */
async function keyOf(lake: Lake, file: string, folder: string | undefined): Promise<string> {
  const named = await fileNamed(lake, file)
  if ('version' in named) return named.version.key
  if (folder === undefined) {
    const cure = '--package <folder> copies it into bronze/<folder>/ first'
    throw usage(`${file} is not below bronze/ of ${lake.store.url}: ${cure}`)
  }
  const key = `bronze/${folder}/${basename(file)}`
  await lake.store.put(key, { file: resolve(named.path) })
  return key
}

/** Loads objects into Postgres and Silver, prints how they ended, and sets the exit code. */
export async function loadKeys(
  { lake, database }: Context,
  keys: string[],
  options: CommonOptions,
): Promise<void> {
  const { json } = options
  const outcomes: Outcome[] = []
  const bar = barOf(2 * keys.length, json)
  const report = (outcome: Outcome) => {
    outcomes.push(outcome)
    bar?.increment(1, { object: plain(outcome.object) })
    if (json) process.stdout.write(`${jsonLine(outcome)}\n`)
  }
  const patience = { tries: 8, first: 250, longest: 8_000, forever: false }
  const pipeline = new Pipeline(lake, database, report, patience)
  try {
    pipeline.add(keys)
    await pipeline.rest()
  } finally {
    bar?.stop()
    await pipeline.close()
  }
  if (!json) process.stdout.write(`${tableOf(outcomes, options)}\n`)
  // Of other objects that were taken on the way (a parent's child, a source) only faults count.
  const asked = new Set(keys)
  const own = outcomes.filter(({ object, status }) => asked.has(object) || status === 'failed')
  process.exitCode = exitCodeOf(own)
}

/** On a terminal alone. */
function barOf(ends: number, json = false): SingleBar | undefined {
  if (json || !process.stderr.isTTY) return undefined
  const format = '{bar} {value}/{total} objects × stages, {duration_formatted} {object}'
  const bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true })
  bar.start(ends, 0, { object: '' })
  whenLeft(() => bar.stop())
  return bar
}
