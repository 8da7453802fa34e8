import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database } from '../core/database.ts'
import { Refused } from '../core/errors.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { prepareLedger, runOnce } from '../core/prepare-ledger.ts'
import { untilThere } from '../core/until-there.ts'
import { namedDatabase, openOrStart } from './database.ts'

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
  /** false: no rows are loaded, so that the database need not reach the lake. */
  loads?: boolean
}

/**
 * Opens the lake and the database: the one that is named, else the lake's own Postgres. A database
 * that is away is waited for: some ten seconds, or, where a signal is given, until that.
 *
 * @throws Refused where rows are to be loaded into a database that cannot fetch them from this lake
 */
export async function openContext(place: Place, stop?: AbortSignal): Promise<Context> {
  const named = namedDatabase(place.database)
  if (named && place.loads !== false) mustReach(named, place.lake)
  if (!place.lake.includes('://')) mkdirSync(join(place.lake, 'bronze'), { recursive: true })
  const lake = openLake(place.lake)
  const folder = lake.store.url.startsWith('file://') ? fileURLToPath(lake.store.url) : undefined
  const opened = await openOrStart(named, folder)
  await untilThere(() => prepareLedger(opened.database), { seconds: 13, stop })
  await setUp(opened.database)
  return { lake, folder, ...opened }
}

/**
 * Aurora fetches its rows from S3: a folder here is out of its reach. What an emulator reaches is
 * its own affair.
 */
function mustReach(url: string, lake: string): void {
  if (!url.startsWith('rds-data:') || lake.startsWith('s3://') || isEmulated(url)) return
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

/** setup.sql of the current folder, once for each content of it. */
async function setUp(database: Database): Promise<void> {
  if (existsSync('setup.sql')) await runOnce(database, readFileSync('setup.sql', 'utf8'))
}
