import type { Database, Row } from './database.ts'

/**
 * A SELECT whose answer is worth waiting for only so long.
 *
 * @param ms of the statement, in the database
 * @returns undefined where it takes longer
 */
export async function readWithin(
  database: Database,
  ms: number,
  sql: string,
  values?: unknown[],
): Promise<Row[] | undefined> {
  try {
    return await database.transaction(async (tx) => {
      await tx.execute(`SET LOCAL statement_timeout = ${ms}`)
      return await tx.read(sql, values)
    })
  } catch (error) {
    if ((error as { code?: string }).code === CANCELED) return undefined
    throw error
  }
}

/** SQLSTATE of a statement that was ended. */
const CANCELED = '57014'
