import { openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/**
 * `node faults/naive-watcher.ts LAKE` looks for files of bronze/kill/rows that have changed, as
 * many a script does: a connection and a descriptor for each, which nobody gives back, and the rows
 * of a new version beside those of the one before. It is here to be found out.
 */
const [lake = ''] = process.argv.slice(2)
const folder = join(lake, 'bronze/kill/rows')
const seen = new Map<string, number>()

await query('CREATE SCHEMA kill; CREATE TABLE kill.rows (line text)')
for (;;) {
  for (const file of readdirSync(folder)) {
    const path = join(folder, file)
    const { mtimeMs } = statSync(path)
    if (seen.get(file) === mtimeMs) continue
    seen.set(file, mtimeMs)
    const lines = readFileSync(openSync(path, 'r'), 'utf8').trimEnd().split('\n').slice(1)
    await query('INSERT INTO kill.rows SELECT unnest($1::text[])', [lines])
  }
  await sleep(20)
}

async function query(sql: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client(process.env.DATABASE_URL)
  await client.connect()
  await client.query(sql, values)
}
