import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { Refused } from '../core/errors.ts'

/** What all commands understand alike. */
export function commandOf(name: string, description: string): Command {
  return lakeCommandOf(name, description).option(
    '--database <url>',
    "URL of the database; else DATABASE_URL, DATABASE_CLUSTER_ARN, or the lake's own Postgres:\n" +
      "postgres://…, or Aurora's rds-data:<cluster ARN>?secret=<ARN>&database=<name>",
  )
}

/** What commands that need no database understand. */
export function lakeCommandOf(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--lake <place>', 'the lake: a folder, file:// or s3:// URL', 'data')
    .option('--json', 'lines of JSON on the standard output')
}

export interface CommonOptions {
  lake: string
  database?: string
  json?: boolean
}

/**
 * The folder of a lake that is in one.
 *
 * @throws Refused for what is no place of a lake: no name, another URL, a slash too few
 */
export function folderOf(lake: string): string | undefined {
  if (lake.startsWith('s3://')) return undefined
  if (lake === '' || (/^[a-z][a-z0-9+]+:\//i.test(lake) && !lake.startsWith('file://'))) {
    const found = lake === '' ? 'nothing' : lake
    throw new Refused(
      `--lake: found ${found}; allowed: a folder, file:///path/of/it, or s3://bucket`,
    )
  }
  return lake.startsWith('file://') ? pathOf(lake) : lake
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw new Refused(`--lake: found ${url}; allowed: file:///path/of/a/folder`)
  }
}

/**
 * For commands that look at a lake, or mend what is in one: a mistyped name is not to become a new
 * lake, which is what opening it would make of it.
 *
 * @throws CommanderError where the lake is a folder that is not there, or no folder
 */
export function mustBeThere(lake: string): void {
  const folder = folderOf(lake)
  if (folder === undefined || isFolder(folder)) return
  throw usage(`there is no lake ${folder}: name one by --lake; \`sluice start\` makes a new one`)
}

/**
 * For commands that make a lake where there is none.
 *
 * @throws CommanderError where something else is in its place
 */
export function mayBeMade(lake: string): void {
  const folder = folderOf(lake)
  if (folder !== undefined) isFolder(folder)
}

/** @throws CommanderError where it is there, and no folder */
function isFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found && !found.isDirectory()) throw usage(`--lake: ${path} is a file: name a folder`)
  return found !== undefined
}

/** What is wrong with how a command was called; its exit code is 2. */
export function usage(message: string): CommanderError {
  return new CommanderError(2, 'sluice.usage', message)
}
