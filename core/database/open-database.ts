import { Refused } from '../errors.ts'
import { openDataApi } from './data-api.ts'
import type { DataApiPlace } from './data-api-client.ts'
import type { Database } from './database.ts'
import { readDatabaseSecret } from './database-secret.ts'
import { openPostgres } from './postgres.ts'
import { withoutPassword } from './told-url.ts'

/** How a database is named: by a URL; by a secret that holds one; or as an Aurora cluster's. */
export interface Named {
  url?: string | undefined
  secret?: string | undefined
  /** ARN of the cluster; the secret is that of its user then. */
  cluster?: string | undefined
  /** Of the cluster's database. */
  name?: string | undefined
}

/**
 * The database that a function's environment names.
 *
 * @throws Error where it names none
 */
export function openDatabase({ url, secret, cluster, name = 'sluice' }: Named): Database {
  if (url) return openUrl(url)
  if (cluster && secret) return openDataApi({ cluster, secret, name })
  if (cluster) throw new Error('DATABASE_CLUSTER_ARN is set, but DATABASE_SECRET_ARN is not')
  if (secret) return openRotating(() => readDatabaseSecret(secret))
  throw new Error(
    'neither DATABASE_URL nor DATABASE_SECRET_ARN is set; one of them must say where the rows go',
  )
}

/**
 * @param url `postgres://user:password@host:port/database`, by Postgres' own protocol; or
 *   `rds-data:<ARN of the cluster>?secret=<ARN>&database=<name>`, by the RDS Data API
 * @throws Refused for any other, and one of the second kind with something missing
 */
export function openUrl(url: string): Database {
  if (/^rds-data:/i.test(url)) return openDataApi(parseDataApi(url))
  if (/^postgres(ql)?:\/\//i.test(url)) {
    if (isReadable(url)) return openPostgres(url)
    throw new Refused(
      `database ${withoutPassword(url)}: found a URL that cannot be read; ` +
        'postgres://user:password@host:port/database is allowed, with what is no letter or digit ' +
        'of user and password percent-encoded (/ as %2F, @ as %40, # as %23)',
    )
  }
  // What is none may be anything, a password too.
  const found = /^[\w+-]{1,20}:/.exec(url)?.[0] ?? 'no URL'
  throw new Refused(
    `database ${found}: postgres://user:password@host:port/database is allowed, or ${ofDataApi}`,
  )
}

/** Without a host, node-postgres takes that of a parameter: the folder of a socket. */
function isReadable(url: string): boolean {
  return URL.canParse(url) || URL.canParse(url.replace(/@\//, '@localhost/'))
}

const ofDataApi = 'rds-data:<ARN of the cluster>?secret=<ARN of its secret>&database=<name>'

/** Whether a text is the ARN of a cluster of RDS. */
export function isCluster(arn: string): boolean {
  return /^arn:[^:]+:rds:[^:]+:[^:]*:cluster:.+$/.test(arn)
}

function parseDataApi(url: string): DataApiPlace {
  const { pathname, searchParams } = URL.parse(url) ?? new URL('rds-data:')
  const [secret, name, endpoint] = ['secret', 'database', 'endpoint'].map(
    (key) => searchParams.get(key) ?? '',
  )
  if (isCluster(pathname) && secret && name) {
    return { cluster: pathname, secret, name, ...(endpoint && { endpoint }) }
  }
  throw new Refused(
    `database ${withoutPassword(url)}: ${ofDataApi} is allowed; ` +
      'the outputs of the stack have all three',
  )
}

/**
 * A database whose login may change while it is used. The use that meets a login which is refused
 * fails, as any fault does, and is tried again by whoever gave it; the next one reads the URL anew.
 */
export function openRotating(readUrl: () => Promise<string>): Database {
  let opened: Promise<Database> | undefined
  async function use<T>(work: (database: Database) => Promise<T>): Promise<T> {
    opened ??= readUrl().then(openUrl)
    const current = opened
    let database: Database | undefined
    try {
      database = await current
      return await work(database)
    } catch (error) {
      // What is let go ends by itself: its connections close when they are idle.
      if (opened === current && (!database || isRefusedLogin(error))) opened = undefined
      throw error
    }
  }
  return {
    fetches: false,
    transaction: (work) => use((database) => database.transaction(work)),
    query: (sql, values) => use((database) => database.query(sql, values)),
    execute: (sql, values) => use((database) => database.execute(sql, values)),
    read: (sql, values) => use((database) => database.read(sql, values)),
    end: async () => (await opened?.catch(() => undefined))?.end(),
  }
}

/** Postgres' codes for a password that is wrong, and for a user that may not come in. */
export function isRefusedLogin(error: unknown): boolean {
  return /^(28P01|28000)$/.test((error as NodeJS.ErrnoException).code ?? '')
}
