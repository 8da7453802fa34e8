import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database } from '../core/database.ts'
import { type Lake, openLake } from '../core/lake.ts'
import { prepareLedger, runOnce } from '../core/ledger.ts'
import { openUrl } from '../core/open-database.ts'
import { untilThere } from '../core/until-there.ts'
import { localPostgres } from '../local/postgres.ts'

/** What every command works on: a lake, and the database that belongs to it. */
export interface Context {
  lake: Lake
  database: Database
  /** Where the database is, for a person with psql. */
  url: string
  /** The lake's folder, where it is one. */
  folder: string | undefined
  close(): Promise<void>
}

export interface Place {
  lake: string
  database?: string
}

/**
 * Opens the lake and the database: DATABASE_URL or `--database`, else the lake's own Postgres.
 * A database that is away is waited for: some ten seconds, or, where a signal is given, until that.
 */
export async function openContext(place: Place, stop?: AbortSignal): Promise<Context> {
  if (!place.lake.includes('://')) mkdirSync(join(place.lake, 'bronze'), { recursive: true })
  const lake = openLake(place.lake)
  const { url } = lake.store
  const folder = url.startsWith('file://') ? fileURLToPath(url) : undefined
  const given = place.database ?? process.env.DATABASE_URL
  const own = given ? undefined : await localPostgres(folder ? join(folder, '.sluice') : '.sluice')
  const database = openUrl(given ?? own!.url)
  await untilThere(() => prepareLedger(database), { seconds: 13, stop })
  await setUp(database)
  return {
    lake,
    database,
    url: given ?? own!.url,
    folder,
    async close() {
      await database.end()
      await own?.release()
    },
  }
}

/** setup.sql of the current folder, once for each content of it. */
async function setUp(database: Database): Promise<void> {
  if (existsSync('setup.sql')) await runOnce(database, readFileSync('setup.sql', 'utf8'))
}
