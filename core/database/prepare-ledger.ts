import { shortHash } from '../names.ts'
import type { Database, Transaction } from './database.ts'
import { ledgerAdditions, ledgerTables } from './ledger-tables.ts'

/**
 * Makes the ledger's tables where they are not there, and adds what an earlier version of them has
 * not. Safe at any time, by many at once.
 */
export async function prepareLedger(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    const there = await tx.query(
      `SELECT added FROM unnest($1::text[]) added JOIN pg_attribute
         ON attrelid = to_regclass('sluice.' || split_part(added, '.', 1))
           AND attname = split_part(added, '.', 2)`,
      [ledgerAdditions],
    )
    const isNew = there.length < ledgerAdditions.length
    const lacksImport = database.fetches && !(await hasImport(tx))
    if (!isNew && !lacksImport) return
    await tx.lock('tables')
    if (isNew) await tx.script(ledgerTables)
    if (lacksImport) await tx.execute('CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE')
  })
}

/** Whether rows can be fetched from S3, by Aurora's own extension. */
async function hasImport(tx: Transaction): Promise<boolean> {
  const found = await tx.query(
    `SELECT 1 FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
     WHERE nspname = 'aws_s3' AND proname = 'table_import_from_s3' LIMIT 1`,
  )
  return found.length > 0
}

/** Runs a script (setup.sql) once for each text of it. */
export async function runOnce(database: Database, script: string): Promise<void> {
  const hash = shortHash(script)
  await database.transaction(async (tx) => {
    await tx.lock('tables')
    const done = await tx.query('SELECT 1 FROM sluice.scripts WHERE hash = $1', [hash])
    if (done.length > 0) return
    await tx.script(script)
    await tx.execute('INSERT INTO sluice.scripts (hash) VALUES ($1)', [hash])
  })
}
