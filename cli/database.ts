import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../core/database/database.ts'
import { isCluster, openUrl } from '../core/database/open-database.ts'
import { withoutPassword } from '../core/database/told-url.ts'
import { Refused } from '../core/errors.ts'
import { localPostgres } from '../local/postgres.ts'
import { whenLeft } from './leave.ts'

/** Which database a command works on: one that is named, or else the lake's own. */

/**
 * The URL of the database that is named: by `--database`, by DATABASE_URL, or by the variables that
 * a deployed function has for Aurora's Data API.
 *
 * @param given what `--database` says
 * @returns undefined where nothing names one
 * @throws Refused where a cluster is named without its secret, or the other way round
 */
export function namedDatabase(given: string | undefined): string | undefined {
  const url = given || process.env.DATABASE_URL
  if (url) return url
  const { DATABASE_CLUSTER_ARN: cluster, DATABASE_SECRET_ARN: secret } = process.env
  if (cluster === undefined && secret === undefined) return undefined
  // Whoever set one of them means Aurora: nothing else is to be taken in its place.
  if (!cluster) throw unset('DATABASE_CLUSTER_ARN', 'the cluster', 'DatabaseClusterArn')
  if (!secret) throw unset('DATABASE_SECRET_ARN', "the cluster's secret", 'DatabaseSecretArn')
  if (!isCluster(cluster)) {
    const allowed = 'arn:aws:rds:<region>:<account>:cluster:<name> is allowed'
    throw new Refused(`DATABASE_CLUSTER_ARN ${cluster}: ${allowed}`)
  }
  const database = process.env.DATABASE_NAME || 'sluice'
  return `rds-data:${cluster}?${new URLSearchParams({ secret, database })}`
}

function unset(name: string, what: string, output: string): Refused {
  return new Refused(
    `${name} is not set, or empty: set it to the ARN of ${what} (the stack's output ${output}), ` +
      'or unset all of DATABASE_CLUSTER_ARN, DATABASE_SECRET_ARN and DATABASE_NAME',
  )
}

export interface Opened {
  database: Database
  /**
   * Where it is, for a person: of one that was named without its password, of the lake's own with
   * it, which is for this machine alone.
   */
  url: string
  close(): Promise<void>
}

/**
 * Opens the database that is named, or else starts or joins the lake's own.
 *
 * @param named its URL
 * @param folder of the lake, where it is one
 */
export async function openOrStart(
  named: string | undefined,
  folder: string | undefined,
): Promise<Opened> {
  const say = (what: string) => process.stderr.write(`sluice: ${what}\n`)
  const own = named ? undefined : await localPostgres(homeOf(folder), { say })
  const url = named || own!.url
  const database = openUrl(url)
  const forget = whenLeft(() => own?.release())
  return {
    database,
    url: named ? withoutPassword(named) : url,
    async close() {
      await database.end()
      forget()
      await own?.release()
    },
  }
}

/** The URL of the lake's own Postgres, as it was last started; undefined where it never was. */
export function ownUrl(folder: string | undefined): string | undefined {
  const file = join(homeOf(folder), 'url')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** Where a lake's own Postgres and locks are: for a bucket, where the command is run. */
export function homeOf(folder: string | undefined): string {
  return join(folder ?? '.', '.sluice')
}
