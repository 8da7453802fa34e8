import { Command, CommanderError } from 'commander'

/** What all commands understand alike. */
export function commandOf(name: string, description: string): Command {
  return lakeCommandOf(name, description).option(
    '--database <url>',
    "postgres://…, or rds-data:<cluster ARN>?secret=<ARN>&database=<name> for Aurora's Data API; " +
      "else DATABASE_URL, else DATABASE_CLUSTER_ARN, else the lake's own Postgres",
  )
}

/** What commands that need no database understand. */
export function lakeCommandOf(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--lake <place>', 'folder, file:// or s3:// URL of the lake', 'data')
    .option('--json', 'one line of JSON for each on stdout')
}

export interface CommonOptions {
  lake: string
  database?: string
  json?: boolean
}

/** Says what is wrong with how a command was called; its exit code is 2. */
export function usage(message: string): CommanderError {
  process.stderr.write(`sluice: ${message}\n`)
  return new CommanderError(2, 'sluice.usage', message)
}
