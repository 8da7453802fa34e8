import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database } from '../core/database/database.ts'
import { prepareLedger, runOnce } from '../core/database/prepare-ledger.ts'
import { isAway, untilThere } from '../core/database/until-there.ts'
import { knownCure } from '../core/doctor/check-database.ts'
import { Refused } from '../core/errors.ts'
import { messageOf } from '../core/finding.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { tellFaultsBy } from '../core/log.ts'
import { identifier } from '../core/names.ts'
import { namedDatabase, openOrStart } from './database.ts'
import { mayBeMade, mustBeThere } from './options.ts'
import { plain } from './shown.ts'

/** What every command works on: a lake, and the database that belongs to it. */
export interface Context {
  lake: Lake
  database: Database
  /** Where the database is, for a person. */
  url: string
  /** The lake's folder, where it is one. */
  folder: string | undefined
  close(): Promise<void>
}

export interface Place {
  lake: string
  database?: string
  /** false: nothing is loaded: the database need not reach the lake, and setup.sql is not run. */
  loads?: boolean
}

/**
 * Opens the lake and the database: the one that is named, else the lake's own Postgres. A database
 * that is away is waited for: some ten seconds, or, where a signal is given, until that.
 *
 * @throws Refused where rows are to be loaded into a database that cannot fetch them from this
 *   lake, or by a user who may not; CommanderError where there is no lake to be looked at
 */
export async function openContext(place: Place, stop?: AbortSignal): Promise<Context> {
  mayBeMade(place.lake)
  const named = namedDatabase(place.database)
  if (place.loads === false) mustBeThere(place.lake)
  else if (named) mustReach(named, place.lake)
  if (!place.lake.includes('://')) mkdirSync(join(place.lake, 'bronze'), { recursive: true })
  const lake = openLake(place.lake)
  const folder = lake.store.url.startsWith('file://') ? fileURLToPath(lake.store.url) : undefined
  if (!named && !folder) say('no database is named: this machine has its own, in .sluice')
  tellFaultsBy((message, fault) => say(plain(`${message}: ${messageOf(fault)}`)))
  const opened = await openOrStart(named, folder)
  try {
    await prepare(opened.database, place.loads !== false, stop)
    return { lake, folder, ...opened }
  } catch (error) {
    await opened.close()
    throw isAway(error) && !opened.database.fetches ? ofPostgres(error, opened.url) : error
  }
}

async function prepare(
  database: Database,
  loads: boolean,
  stop: AbortSignal | undefined,
): Promise<void> {
  const wakes = () => say('waiting for the database; Aurora wakes in some 15 to 60 s …')
  const waiting = database.fetches ? setTimeout(wakes, 2_000) : undefined
  try {
    await untilThere(() => prepareLedger(database), { seconds: 13, stop })
  } finally {
    clearTimeout(waiting)
  }
  // Who only looks brings nothing along.
  if (!loads) return
  await mustWrite(database)
  await setUp(database)
}

function say(what: string): void {
  process.stderr.write(`sluice: ${what}\n`)
}

/**
 * Aurora fetches its rows from S3: a folder here is out of its reach. What an emulator reaches is
 * its own affair.
 */
function mustReach(url: string, lake: string): void {
  if (!/^rds-data:/i.test(url) || lake.startsWith('s3://') || isEmulated(url)) return
  throw new Refused(
    `lake ${lake} is a folder, and Aurora fetches the rows that it loads from the lake's bucket: ` +
      'name the bucket (--lake s3://…), or load the folder into a Postgres by its URL ' +
      '(--database postgres://…); status, rejects and plan work with both',
  )
}

function isEmulated(url: string): boolean {
  const { AWS_ENDPOINT_URL_RDS_DATA: own, AWS_ENDPOINT_URL: all } = process.env
  return Boolean(own || all) || new URL(url).searchParams.has('endpoint')
}

/** What the system says of a way there has a host's name at most. */
function ofPostgres(error: unknown, url: string): Error {
  const { host, pathname } = URL.parse(url) ?? { host: 'its URL', pathname: '' }
  const told = `the database at ${host}${pathname} is away: ${messageOf(error)}`
  return new Error(`${told}; ${knownCure(error) ?? 'run this again'}`, { cause: error })
}

/** Else every object would fail, one by one, after all its tries. */
async function mustWrite(database: Database): Promise<void> {
  const [found] = await database.query(
    `SELECT current_user AS "user", count(*)::integer AS tables FROM pg_class
     WHERE relnamespace = to_regnamespace('sluice') AND relkind = 'r' AND NOT (
       has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
       AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))`,
  )
  if (found?.tables === 0) return
  const user = identifier(String(found?.user))
  throw new Refused(
    `user ${user} may not write to the ledger, the tables of the schema sluice: ` +
      'name another one in --database, or have their owner run: GRANT SELECT, INSERT, UPDATE, ' +
      `DELETE ON ALL TABLES IN SCHEMA sluice TO ${user}; \`sluice doctor\` says what else it lacks`,
  )
}

/** setup.sql of the current folder, once for each content of it. */
async function setUp(database: Database): Promise<void> {
  if (existsSync('setup.sql')) await runOnce(database, readFileSync('setup.sql', 'utf8'))
}
