import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { isDescriptor } from '../../core/contract/catalog.ts'
import type { Database } from '../../core/database/database.ts'
import { isRefusedLogin } from '../../core/database/open-database.ts'
import { prepareLedger, runOnce } from '../../core/database/prepare-ledger.ts'
import { isAway, untilThere, whyAway } from '../../core/database/until-there.ts'
import { Busy } from '../../core/errors.ts'
import type { ObjectStore } from '../../core/store/object-store.ts'

/** What a stack brings along: safe to do again at each deployment, and by two at once. */

/** A database that is made by the same deployment, or sleeps, needs so long. */
const patience = 60

/**
 * Makes the ledger's tables, and runs `setup.sql` once for each content of it. It is the last that
 * is done with `database`.
 *
 * @param folder that may hold `setup.sql`
 * @throws Error that says what to check where the database is away, or refuses login or script
 */
export async function setUpDatabase(
  database: Database,
  folder: string,
  seconds = patience,
): Promise<void> {
  try {
    await untilThere(() => prepareLedger(database), { seconds }).catch(explain)
    await runScript(database, join(folder, 'setup.sql'))
  } finally {
    await database.end()
  }
}

function explain(cause: Error): never {
  if (isAway(cause)) {
    throw new Error(
      `the database is not reached: ${whyAway(cause)}. Check the host and port in its secret or ` +
        "URL, that its security group lets the function's in, and that the function's subnets " +
        'have a route to it',
      { cause },
    )
  }
  if (!isRefusedLogin(cause)) throw cause
  throw new Error(
    `the database refuses the login: ${cause.message}. Check the user and password in its secret ` +
      'or URL',
    { cause },
  )
}

async function runScript(database: Database, path: string): Promise<void> {
  if (!existsSync(path)) return
  await runOnce(database, readFileSync(path, 'utf8')).catch((cause: Error) => {
    throw new Error(`setup.sql, of which nothing is done: ${cause.message}`, { cause })
  })
}

/**
 * Puts the descriptors of a folder laid out as the lake, where the lake has another content: what
 * is the same is not written, as a write is an event that looks at all objects that are held.
 *
 * @returns the keys that were put
 * @throws Error for a file that is no descriptor of a package, before anything is put; Busy
 */
export async function putContracts(store: ObjectStore, folder: string): Promise<string[]> {
  const put: string[] = []
  for (const key of descriptorsIn(folder)) {
    if (await putWhereDifferent(store, key, readFileSync(join(folder, key)))) put.push(key)
  }
  return put
}

function descriptorsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => !entry.isDirectory())
  const keys = files.map(({ parentPath, name }) => {
    return relative(folder, join(parentPath, name)).replaceAll(sep, '/')
  })
  for (const key of keys) checkPlace(key, keys)
  return keys.sort()
}

function checkPlace(key: string, all: string[]): void {
  const isPlaced = isDescriptor(key) && /^(bronze|streaming)\/[^/]+\//.test(key)
  if (!isPlaced) {
    throw new Error(
      `contracts/${key} is no contract: bronze/<package>/ and streaming/<package>/ may each hold ` +
        'one datapackage.yaml, .yml or .json, and nothing else',
    )
  }
  const folder = posix.dirname(key)
  const twin = all.find((one) => one !== key && posix.dirname(one) === folder)
  if (twin) throw new Error(`contracts/${key} and contracts/${twin}: one package, one contract`)
}

/** Another writer may come between the look and the write: then it is looked at again. */
const attempts = 5

async function putWhereDifferent(store: ObjectStore, key: string, body: Buffer): Promise<boolean> {
  for (let left = attempts; left > 0; left--) {
    const found = await store.get(key)
    if (found?.body.equals(body)) return false
    const when = found ? { ifMatch: found.version.etag } : { ifNoneMatch: true as const }
    if (await store.put(key, body, when)) return true
  }
  throw new Busy(`${store.locate(key)} is written by somebody else all the time; deploy again`)
}
