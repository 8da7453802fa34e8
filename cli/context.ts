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
  /** false: nothing is loaded: the database need not reach the lake, and setup.sql is not run. */
  loads?: boolean
}

/**
 * Opens the lake and the database: the one that is named, else the lake's own Postgres. A database
 * that is away is waited for: some ten seconds, or, where a signal is given, until that.
 *
 * @throws Refused where rows are to be loaded into a database that cannot fetch them from this lake
 */
export async function openContext(place: Place, stop?: AbortSignal): Promise<Context> {
  if (place.lake === '')
    throw new Refused('lake: a folder or s3://bucket is allowed; found nothing')
  const named = namedDatabase(place.database)
  if (named && place.loads !== false) mustReach(named, place.lake)
  if (!place.lake.includes('://')) mkdirSync(join(place.lake, 'bronze'), { recursive: true })
  const lake = openLake(place.lake)
  const folder = lake.store.url.startsWith('file://') ? fileURLToPath(lake.store.url) : undefined
  if (!named && !folder) say('no database is named: this machine has its own, in .sluice')
  const opened = await openOrStart(named, folder)
  const wakes = () => say('waiting for the database; Aurora wakes in some 15 to 60 s …')
  const waiting = opened.database.fetches ? setTimeout(wakes, 2_000) : undefined
  try {
    await untilThere(() => prepareLedger(opened.database), { seconds: 13, stop })
  } finally {
    clearTimeout(waiting)
  }
  // Who only looks brings nothing along.
  if (place.loads !== false) await setUp(opened.database)
  return { lake, folder, ...opened }
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

/** setup.sql of the current folder, once for each content of it. */
async function setUp(database: Database): Promise<void> {
  if (existsSync('setup.sql')) await runOnce(database, readFileSync('setup.sql', 'utf8'))
}
