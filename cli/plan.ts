import { existsSync, realpathSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { type Lake, openLake } from '../core/lake.ts'
import { type Candidate, type Preview, preview } from '../core/preview.ts'
import { namedDatabase, type Opened, openOrStart, ownUrl } from './database.ts'
import { type CommonOptions, commandOf, usage } from './options.ts'
import { toldOf } from './plan-report.ts'

interface PlanOptions extends CommonOptions {
  package?: string
}

export function planCommand(): Command {
  return commandOf('plan', 'what loading these files would do; writes nothing')
    .argument('<file...>', 'files of Bronze, by path or by key')
    .option('--package <folder>', 'judge files from elsewhere as if they were in bronze/<folder>/')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice plan data/bronze/shop/orders/2026-02.csv\n' +
        '  sluice plan ~/Downloads/orders.csv --package shop',
    )
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
      process.stdout.write(`${options.json ? JSON.stringify(found) : toldOf(found)}\n`)
    }
  } finally {
    await opened?.close()
  }
  process.exitCode = previews.every(isWell) ? 0 : 3
}

/** A lake in a folder that is not there would be made. */
function mustBeThere(lake: string): void {
  const folder = lake.startsWith('file://') ? fileURLToPath(lake) : lake
  if (folder.includes('://') || existsSync(folder)) return
  throw usage(`there is no lake ${folder}: name one by --lake`)
}

function isWell({ would, rejected, waiting }: Preview): boolean {
  return would !== 'refuse' && would !== 'hold' && rejected === 0 && waiting === 0
}

/** An object by its key or its path in the lake; or a file that might become one. */
async function candidateOf(
  { store }: Lake,
  file: string,
  folder: string | undefined,
): Promise<Candidate> {
  const key = keyOf(store.url, file)
  const version = key === undefined ? undefined : await store.head(key)
  if (version) return { version }
  if (key !== undefined) throw usage(`no object ${key} in ${store.url}`)
  if (folder === undefined) {
    throw usage(
      `${file} is not below bronze/ of ${store.url}: give --package to say which it is of`,
    )
  }
  const { size, mtime } = statSync(file)
  const outside = { key: `bronze/${folder}/${basename(file)}`, size, modified: mtime, etag: '' }
  return { version: outside, path: file }
}

function keyOf(url: string, file: string): string | undefined {
  if (!existsSync(file) || !url.startsWith('file://')) return file
  const key = relative(fileURLToPath(url), realpathSync(file)).split(sep).join('/')
  return key.startsWith('bronze/') ? key : undefined
}

/** The one that is named; else the lake's own, if it was ever made: nothing is made here. */
async function databaseOf({ store }: Lake, options: PlanOptions): Promise<Opened | undefined> {
  const named = namedDatabase(options.database)
  const folder = store.url.startsWith('file://') ? fileURLToPath(store.url) : undefined
  return named || ownUrl(folder) ? openOrStart(named, folder) : undefined
}
