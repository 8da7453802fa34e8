import { accessSync, constants, statSync } from 'node:fs'
import { openUrl } from '../core/database/open-database.ts'
import { type Finding, findingsOf, messageOf } from '../core/finding.ts'
import { openLake } from '../core/lake.ts'
import { shellWord } from '../core/shell-word.ts'
import { openStore } from '../core/store/object-store.ts'
import { type Beside, check } from '../functions/check.ts'
import type { Place } from './context.ts'
import { namedDatabase, ownUrl } from './database.ts'
import { folderOf } from './options.ts'

/**
 * Checks a lake and the database that belongs to it, from here.
 *
 * @throws Refused for a URL that is none of a lake
 */
export async function checkLocal(place: Place): Promise<Finding[]> {
  const folder = folderOf(place.lake)
  // Asks nobody, and refuses a bucket without a name.
  if (folder === undefined) openStore(place.lake)
  const amiss = folder === undefined ? undefined : judgeFolder(folder)
  if (amiss) return [amiss]
  const { open, finding } = await databaseOf(place, folder)
  const beside: Beside = {
    bringOn: (key) => `sluice ingest ${shellWord(key)}`,
    ...(open && { database: open }),
  }
  return [...(await check('lake', () => openLake(place.lake), beside)), ...finding]
}

/** A lake that is missing is made by the other commands; this one makes nothing. */
function judgeFolder(folder: string): Finding | undefined {
  const say = findingsOf('lake')
  const found = statSync(folder, { throwIfNoEntry: false })
  if (!found) {
    const cure = '`sluice start` makes it; or name another by --lake'
    return say.wrong('folder', `there is no folder ${folder}`, cure)
  }
  if (!found.isDirectory())
    return say.wrong('folder', `${folder} is no folder`, 'name one by --lake')
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const cure = `chown or chmod it: what runs must read and write below ${folder}`
    return say.wrong('folder', messageOf(error), cure)
  }
}

/**
 * The one that is named; else the lake's own, where it runs: its URL stands in a file. Whether it
 * does is nobody's fault: it runs only as long as a command works.
 */
async function databaseOf({ database }: Place, folder: string | undefined) {
  const named = namedDatabase(database)
  if (named) return { open: () => openUrl(named), finding: [] }
  const url = ownUrl(folder)
  if (url && (await isRunning(url))) return { open: () => openUrl(url), finding: [] }
  const found = "the lake's own Postgres is not running: its tables were not looked at"
  const cure = 'run `sluice start` in another terminal and this again; or name one by --database'
  return { open: undefined, finding: [findingsOf('lake').unknown('database', found, cure)] }
}

async function isRunning(url: string): Promise<boolean> {
  const database = openUrl(url)
  try {
    await database.execute('SELECT 1')
    return true
  } catch (error) {
    // Any other fault is found once more by the check itself, and told with its cure.
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'
  } finally {
    await database.end()
  }
}
