import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'

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
 * For commands that look at a lake, or mend what is in one: a mistyped name is not to become a new
 * lake, which is what opening it would make of it.
 *
 * @throws CommanderError where the lake is a folder that is not there
 */
export function mustBeThere(lake: string): void {
  const folder = lake.startsWith('file://') ? fileURLToPath(lake) : lake
  if (folder === '' || folder.includes('://') || existsSync(folder)) return
  throw usage(`there is no lake ${folder}: name one by --lake; \`sluice start\` makes a new one`)
}

/** What is wrong with how a command was called; its exit code is 2. */
export function usage(message: string): CommanderError {
  return new CommanderError(2, 'sluice.usage', message)
}
