import { readDatabaseSecret } from './database-secret.ts'
import { type Database, openPostgres } from './postgres.ts'

/**
 * The database that a function's environment names: by its URL, or by a secret.
 *
 * @throws Error where it names neither
 */
export function openDatabase(named: { url?: string | undefined; secret?: string | undefined }) {
  const { url, secret } = named
  if (url) return openPostgres(url)
  if (secret) return openRotating(() => readDatabaseSecret(secret))
  throw new Error(
    'neither DATABASE_URL nor DATABASE_SECRET_ARN is set; one of them must say where the rows go',
  )
}

/**
 * A database whose login may change while it is used. The use that meets a login which is refused
 * fails, as any fault does, and is tried again by whoever gave it; the next one reads the URL anew.
 */
export function openRotating(readUrl: () => Promise<string>): Database {
  let opened: Promise<Database> | undefined
  async function use<T>(work: (database: Database) => Promise<T>): Promise<T> {
    opened ??= readUrl().then(openPostgres)
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
    transaction: (work) => use((database) => database.transaction(work)),
    query: (sql, values) => use((database) => database.query(sql, values)),
    end: async () => (await opened?.catch(() => undefined))?.end(),
  }
}

/** Postgres' codes for a password that is wrong, and for a user that may not come in. */
export function isRefusedLogin(error: unknown): boolean {
  return /^(28P01|28000)$/.test((error as NodeJS.ErrnoException).code ?? '')
}
