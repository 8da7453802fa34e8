import { statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { type Lake, openLake } from '../core/lake.ts'
import { type Candidate, type Preview, preview } from '../core/preview/preview.ts'
import { namedDatabase, type Opened, openOrStart, ownUrl } from './database.ts'
import { fileNamed } from './file.ts'
import { type CommonOptions, commandOf, mustBeThere, usage } from './options.ts'
import { isMisfit, toldOf } from './plan-report.ts'

interface PlanOptions extends CommonOptions {
  package?: string
}

const help = `
Told are the contract, the table, records accepted, rejected and waiting, every rule that is broken
with its first lines, and the files that would be written, by the contract that stands there now:
of what was loaded by an earlier one, too. Exit code 3: something would be rejected, wait, or be
refused or held, or its table does not fit.

Examples:
  sluice plan data/bronze/shop/orders/2026-02.csv
  sluice plan ~/Downloads/orders.csv --package shop
  sluice plan bronze/shop/orders/2026-02.csv --lake s3://my-lake --json`

export function planCommand(): Command {
  return commandOf('plan', 'Tell what loading these files would do. Nothing is written.')
    .argument('<file...>', 'files of Bronze, by path or by key')
    .option('--package <folder>', 'judge files from elsewhere as if they were in bronze/<folder>/')
    .addHelpText('after', help)
    .action(plan)
}

async function plan(files: string[], options: PlanOptions): Promise<void> {
  mustBeThere(options.lake)
  const lake = openLake(options.lake, tmpdir())
  const candidates: Candidate[] = []
  for (const file of files) candidates.push(await candidateOf(lake, file, options.package))
  const opened = await databaseOf(lake, options)
  const previews: Preview[] = []
  try {
    for (const candidate of candidates) {
      const found = await preview(lake, opened?.database, candidate)
      previews.push(found)
      process.stdout.write(`${options.json ? JSON.stringify(found) : toldOf(found, options)}\n`)
    }
  } finally {
    await opened?.close()
  }
  process.exitCode = previews.every(isWell) ? 0 : 3
}

/** What is loaded stays as it is, whatever a changed contract would make of it. */
function isWell(found: Preview): boolean {
  const { would, rejected, waiting } = found
  if (would === 'change nothing') return true
  const isTaken = would !== 'refuse' && would !== 'hold' && !isMisfit(found)
  return isTaken && rejected === 0 && waiting === 0
}

/** An object that is there, or a file that might become one. */
async function candidateOf(
  lake: Lake,
  file: string,
  folder: string | undefined,
): Promise<Candidate> {
  const named = await fileNamed(lake, file)
  if ('version' in named) return named
  if (folder === undefined) {
    const cure = '--package <folder> judges it as if it were in bronze/<folder>/'
    throw usage(`${file} is not below bronze/ of ${lake.store.url}: ${cure}`)
  }
  const { size, mtime } = statSync(named.path)
  const outside = { key: `bronze/${folder}/${basename(file)}`, size, modified: mtime, etag: '' }
  return { version: outside, path: named.path }
}

/** The one that is named; else the lake's own, if it was ever made: nothing is made here. */
async function databaseOf({ store }: Lake, options: PlanOptions): Promise<Opened | undefined> {
  const named = namedDatabase(options.database)
  const folder = store.url.startsWith('file://') ? fileURLToPath(store.url) : undefined
  return named || ownUrl(folder) ? openOrStart(named, folder) : undefined
}
