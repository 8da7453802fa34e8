import { copyFileSync, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import type { Command } from 'commander'
import type { Outcome } from '../core/outcome.ts'
import { Pipeline } from '../local/pipeline.ts'
import { type Context, openContext } from './context.ts'
import { type CommonOptions, commandOf, usage } from './options.ts'
import { exitCodeOf, jsonLine, tableOf } from './report.ts'

interface IngestOptions extends CommonOptions {
  package?: string
}

export function ingestCommand(): Command {
  return commandOf('ingest', 'load these objects now, and end')
    .argument('<file...>', 'files of Bronze, by path or by key')
    .option('--package <folder>', 'copy files from elsewhere into bronze/<folder>/ first')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice ingest data/bronze/shop/customers.csv\n' +
        '  sluice ingest ~/Downloads/orders.csv --package shop',
    )
    .action(ingest)
}

async function ingest(files: string[], options: IngestOptions): Promise<void> {
  const context = await openContext(options)
  try {
    const keys = files.map((file) => keyOf(file, context, options))
    for (const key of keys) await mustStand(context, key)
    await loadKeys(context, keys, options)
  } finally {
    await context.close()
  }
}

/** Loads objects into Postgres and Silver, prints how they ended, and sets the exit code. */
export async function loadKeys(
  { lake, database }: Context,
  keys: string[],
  { json }: Pick<CommonOptions, 'json'>,
): Promise<void> {
  const outcomes: Outcome[] = []
  const report = (outcome: Outcome) => {
    outcomes.push(outcome)
    if (json) process.stdout.write(`${jsonLine(outcome)}\n`)
  }
  const patience = { tries: 8, first: 250, longest: 8_000, forever: false }
  const pipeline = new Pipeline(lake, database, report, patience)
  try {
    pipeline.add(keys)
    await pipeline.rest()
  } finally {
    await pipeline.close()
  }
  if (!json) process.stdout.write(`${tableOf(outcomes)}\n`)
  // Of other objects that were taken on the way (a parent's child, a source) only faults count.
  const asked = new Set(keys)
  const own = outcomes.filter(({ object, status }) => asked.has(object) || status === 'failed')
  process.exitCode = exitCodeOf(own)
}

function keyOf(file: string, context: Context, options: IngestOptions): string {
  const { folder } = context
  if (!folder || file.startsWith('bronze/')) return file
  if (options.package !== undefined && existsSync(file)) {
    const key = `bronze/${options.package}/${basename(file)}`
    mkdirSync(join(folder, 'bronze', options.package), { recursive: true })
    copyFileSync(file, join(folder, key))
    return key
  }
  const path = existsSync(file) ? realpathSync(file) : resolve(file)
  const key = relative(folder, path).split(sep).join('/')
  if (key.startsWith('bronze/')) return key
  throw usage(`${file} is not below ${join(folder, 'bronze')}: give --package to copy it there`)
}

async function mustStand({ lake }: Context, key: string): Promise<void> {
  if (await lake.store.head(key)) return
  throw usage(`no object ${key} in ${lake.store.url}`)
}
